"""What the page of a study says of each variant: the answers, the curves, and their numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.conclusions import Conclusions
from analysis.figures import METRIC_LABELS
from analysis.optimum import mean_curves
from analysis.records import StudyRecords
from analysis.report.answers import Answer, answers
from analysis.report.charts.curves import CurveChart, curve_chart
from analysis.report.tables import PageTable, curve_table

_FIRST_METRIC = 2  # of the page's five styles, the first two belong to the encoders


@dataclass(frozen=True, kw_only=True)
class VariantPart:
    """What the page says of one variant."""

    name: str
    answers: list[Answer]
    charts: list[CurveChart]
    legend: list[tuple[str, int, str]]
    tables: list[PageTable]


def strength_grid(records: StudyRecords) -> np.ndarray:
    """The strengths [L] of a study, increasing."""
    return np.array(sorted(map(float, records.study["lambdas"])))


def variant_parts(conclusions: Conclusions) -> list[VariantPart]:
    """One part for each variant that has scores."""
    records = conclusions.records
    grid = strength_grid(records)
    first = records.scores["lambda"].to_numpy(dtype=float).min(initial=np.inf)
    found = answers(conclusions.lambda_star, float(first))
    return [
        _variant_part(
            variant,
            records.scores.loc[records.scores["variant"] == variant],
            records.alignment.loc[records.alignment["variant"] == variant],
            [answer for answer in found if answer.variant == variant],
            grid,
        )
        for variant in records.scores["variant"].unique()
    ]


def _variant_part(
    variant: str, scores: pd.DataFrame, alignment: pd.DataFrame, found: list[Answer], grid: np.ndarray
) -> VariantPart:
    encoders = list(scores["encoder"].unique())
    known = scores.dropna(subset="ceiling").drop_duplicates("encoder").set_index("encoder")["ceiling"].to_dict()
    ceilings = [
        (place, f"best possible accuracy of {encoder}", known[encoder])
        for place, encoder in enumerate(encoders)
        if encoder in known
    ]
    accuracy = mean_curves(scores, "accuracy", ["encoder"])
    charts = [
        curve_chart(accuracy, encoders, grid, title=f"{variant}: test accuracy", column="encoder", levels=ceilings)
    ]
    legend = [("line", place, encoder) for place, encoder in enumerate(encoders)]
    legend += [("rule", place, name) for place, name, _ in ceilings]
    tables = [curve_table(scores, "accuracy", "encoder", f"{variant}: test accuracy in numbers")]
    if scores["accuracy_nonzero"].notna().to_numpy().any():
        caption = f"{variant}: test accuracy without neutral rows"
        nonzero = mean_curves(scores, "accuracy_nonzero", ["encoder"])
        charts.append(curve_chart(nonzero, encoders, grid, title=caption, column="encoder"))
        tables.append(curve_table(scores, "accuracy_nonzero", "encoder", f"{caption} in numbers"))
    drawn = [name for name in METRIC_LABELS if name in set(alignment["metric"])]
    if drawn:
        similarity = mean_curves(alignment, "value", ["metric"])
        named = similarity.assign(metric=similarity["metric"].replace(METRIC_LABELS))
        names = [METRIC_LABELS[name] for name in drawn]
        title = f"{variant}: alignment of the two encoders"
        drawn_at = {"column": "metric", "first": _FIRST_METRIC, "limits": (0.0, 1.0)}
        charts.append(curve_chart(named, names, grid, title=title, **drawn_at))
        legend += [("line", place, name) for place, name in enumerate(names, start=_FIRST_METRIC)]
        tables.append(curve_table(alignment, "value", "metric", f"{title} in numbers"))
    return VariantPart(name=variant, answers=found, charts=charts, legend=legend, tables=tables)
