"""What several studies say together, each part computed once: tables, figures, and the laws that they can bear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from analysis.claims import claim_findings, claim_summary
from analysis.comparison.pairs import modality_pairs
from analysis.comparison.tables import all_information, all_optima, data_set_families, lambda_star_map
from analysis.conclusions import Conclusions
from analysis.figures import Drawing, information_figure, law_figure, map_figure
from analysis.redundancy import Predictor, RedundancyLaw, encoder_points
from analysis.variants import study_variants


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What several studies say together: tables and figures by file name, the laws, and why a law is missing."""

    studies: Sequence[Conclusions]
    tables: Mapping[str, pd.DataFrame]
    drawings: Mapping[str, Drawing]
    laws: Mapping[Predictor, RedundancyLaw]
    missing_laws: Mapping[Predictor, str]


def compare(studies: Sequence[Conclusions]) -> Comparison:
    """Draw the conclusions that need more than one study, from whatever the studies have."""
    optima, information, cells = all_optima(studies), all_information(studies), lambda_star_map(studies)
    findings = claim_findings(studies)
    tables = {
        "lambda_star": optima,
        "information": information,
        "lambda_star_map": cells,
        "claim_tests": findings,
        "claims": claim_summary(findings),
    }
    laws, missing = _laws(studies)
    drawings = {f"law_{predictor}": law_figure(law) for predictor, law in laws.items()}
    if not cells.empty:
        drawings["lambda_star_map"] = map_figure(cells)
    if not information.empty:
        drawings["information"] = information_figure(information, "data_set")
    for family, members in data_set_families(studies).items():
        drawings[f"modality_pairs_{family}"] = modality_pairs(members)
    return Comparison(studies=studies, tables=tables, drawings=drawings, laws=laws, missing_laws=missing)


def _laws(studies: Sequence[Conclusions]) -> tuple[dict[Predictor, RedundancyLaw], dict[Predictor, str]]:
    """The law of each predictor that these studies can bear, and why not of the others."""
    usable = [
        conclusions.records
        for conclusions in studies
        if not conclusions.progress.is_rehearsal and study_variants(conclusions.records.study)
    ]
    points = encoder_points(usable)
    laws: dict[Predictor, RedundancyLaw] = {}
    missing: dict[Predictor, str] = {}
    for predictor in get_args(Predictor):
        try:
            laws[predictor] = RedundancyLaw.fit(points, predictor)
        except ValueError as error:
            missing[predictor] = str(error)
    return laws, missing
