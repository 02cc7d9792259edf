"""Studies of different objectives side by side, and those among them whose λ can be compared."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.conclusions import Conclusions
from analysis.records import LeftOut
from analysis.records.schema import MEASURES
from analysis.study_objective import PAPERS_OBJECTIVE, study_objective


def chance_column(measure: str) -> str:
    """The column with what a measure gives by chance."""
    return f"{measure}_chance"


OBJECTIVE_COLUMNS = ["study", "objective", "aligned_width", "variant", "encoder"]
OBJECTIVE_COLUMNS += ["gain", "gain_low", "gain_high", "best", "low", "high", "as_good"]
OBJECTIVE_COLUMNS += [*MEASURES, *map(chance_column, MEASURES)]


def objective_table(studies: Sequence[Conclusions]) -> pd.DataFrame:
    """What each objective gains, at which λ*, and the alignment it reaches there: a row a study, variant and encoder.

    Columns `OBJECTIVE_COLUMNS`. The objective and its aligned dimensions are in words. The measures of alignment are
    means over seeds, linear in λ between the two λ of the grid that λ* lies between; so is what each gives by chance,
    in its `chance_column`. What is not known is NaN.
    """
    rows = []
    for conclusions in studies:
        objective = study_objective(conclusions.records.study)
        shared = {"study": conclusions.records.label, "objective": objective.words}
        shared["aligned_width"] = objective.width_words
        for row in conclusions.decisions.to_dict("records"):
            reached = _alignment_at(conclusions.records.alignment, str(row["variant"]), row["best"])
            rows.append(shared | row | reached)
    return pd.DataFrame(rows, columns=OBJECTIVE_COLUMNS)


def of_one_objective(studies: Sequence[Conclusions]) -> tuple[list[Conclusions], list[LeftOut]]:
    """The studies whose λ are on one scale, and those left out.

    All of them, where they have one objective and as many aligned dimensions; otherwise those of the paper's objective.
    """
    objectives = [study_objective(conclusions.records.study) for conclusions in studies]
    if all(objective == objectives[0] for objective in objectives):
        return list(studies), []
    kept, left_out = [], []
    for conclusions, objective in zip(studies, objectives, strict=True):
        if objective == PAPERS_OBJECTIVE:
            kept.append(conclusions)
        else:
            reason = f"it aligns by {objective}, and with several objectives only {PAPERS_OBJECTIVE} is taken"
            left_out.append(LeftOut(name=conclusions.records.label, reason=reason))
    return kept, left_out


def _alignment_at(alignment: pd.DataFrame, variant: str, lambda_: float) -> dict[str, float]:
    """Each measure of one variant at λ; empty where λ is not known."""
    if pd.isna(lambda_):
        return {}
    of_variant = alignment.loc[alignment["variant"] == variant]
    reached = {}
    for measure, rows in of_variant.loc[of_variant["metric"].isin(MEASURES)].groupby("metric"):
        means = rows.groupby("lambda", as_index=False)[["value", "chance"]].mean()
        grid, values, by_chance = (means[name].to_numpy(dtype=float) for name in ("lambda", "value", "chance"))
        reached[str(measure)] = float(np.interp(lambda_, grid, values))
        reached[chance_column(str(measure))] = float(np.interp(lambda_, grid, by_chance))
    return reached
