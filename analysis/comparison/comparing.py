"""What several studies say together, each part computed once: tables, figures, and the laws that they can bear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from analysis.arrays import Array
from analysis.claims import claim_findings, claim_summary
from analysis.comparison.by_objective import objective_table, of_one_objective
from analysis.comparison.comparison_tables import all_decisions, all_information, data_set_families, decision_map
from analysis.comparison.pairs import modality_pairs
from analysis.conclusions import Conclusions
from analysis.figures import Drawing, information_figure, lambda_star_figure, law_figure, map_figure
from analysis.records import LeftOut
from analysis.redundancy import NoLawError, Predictor, RedundancyLaw, encoder_points

_MOST_ROWS = 40  # of a figure of λ*


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What several studies say together: tables and figures by file name, the laws, and why a law is missing.

    `left_out` are studies that could not be compared. `left_out_of_laws` are compared, but neither the laws nor the map
    of λ* rest on them.
    """

    studies: Sequence[Conclusions]
    left_out: Sequence[LeftOut]
    tables: Mapping[str, pd.DataFrame]
    drawings: Mapping[str, Drawing]
    laws: Mapping[Predictor, RedundancyLaw]
    missing_laws: Mapping[Predictor, str]
    left_out_of_laws: Sequence[LeftOut]


def compare(studies: Sequence[Conclusions], left_out: Sequence[LeftOut] = ()) -> Comparison:
    """Draw the conclusions that need more than one study, from whatever the studies have.

    `left_out` names studies that are not among them, with the reason.
    """
    on_one_scale, left_out_of_laws = of_one_objective(studies)
    of_real_data = [conclusions for conclusions in on_one_scale if not conclusions.progress.is_rehearsal]
    left_out_of_laws += [
        LeftOut(name=conclusions.records.label, reason="its data were made up to try it out")
        for conclusions in on_one_scale
        if conclusions.progress.is_rehearsal
    ]
    decisions, information, cells = all_decisions(studies), all_information(studies), decision_map(of_real_data)
    findings = claim_findings(studies)
    tables = {
        "decisions": decisions,
        "objectives": objective_table(studies),
        "information": information,
        "decision_map": cells,
        "claim_tests": findings,
        "claims": claim_summary(findings),
    }
    laws, missing = _laws(of_real_data)
    drawings = {f"law_{predictor}": law_figure(law) for predictor, law in laws.items()}
    if 0 < len(decisions) <= _MOST_ROWS:
        names = ["study", "variant", "encoder"]
        drawings["lambda_star"] = lambda_star_figure(decisions, _grid_up_to(decisions), names)
    if not cells.empty:
        drawings["decision_map"] = map_figure(cells)
    if not information.empty:
        drawings["information"] = information_figure(information, "data_set")
    for family, members in data_set_families(studies).items():
        drawings[f"modality_pairs_{family}"] = modality_pairs(members)
    return Comparison(
        studies=studies,
        left_out=left_out,
        tables=tables,
        drawings=drawings,
        laws=laws,
        missing_laws=missing,
        left_out_of_laws=left_out_of_laws,
    )


def _grid_up_to(decisions: pd.DataFrame) -> Array:
    """λ [L] for an axis that has the ends of all studies, which may have a grid each."""
    highest = float(np.nanmax(decisions[["best", "low", "high"]].to_numpy(dtype=float), initial=1.0))
    grid = np.array([0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128], dtype=float)
    return grid[: int(np.searchsorted(grid, highest)) + 1]


def _laws(studies: Sequence[Conclusions]) -> tuple[dict[Predictor, RedundancyLaw], dict[Predictor, str]]:
    """The law of each predictor that these studies can bear, and why not of the others."""
    points = encoder_points([conclusions.records for conclusions in studies])
    laws: dict[Predictor, RedundancyLaw] = {}
    missing: dict[Predictor, str] = {}
    for predictor in get_args(Predictor):
        try:
            laws[predictor] = RedundancyLaw.fit(points, predictor)
        except NoLawError as error:
            missing[predictor] = str(error)
    return laws, missing
