"""What the page of a study says of each variant: the answers, the curves, and their numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.conclusions import Conclusions
from analysis.figures import METRIC_LABELS
from analysis.optimum import chance_curves, mean_curves
from analysis.records import StudyRecords
from analysis.report.answers import Answer, answers
from analysis.report.charts.curve_charts import CurveChart, curve_chart
from analysis.report.page_tables import PageTable, alignment_page_table, curve_table

_FIRST_METRIC = 2  # of the page's six styles, the first two belong to the encoders


@dataclass(frozen=True, kw_only=True)
class VariantPart:
    """What the page says of one variant."""

    name: str
    answers: list[Answer]
    charts: list[CurveChart]
    legend: list[tuple[str, int, str]]
    tables: list[PageTable]


def lambda_grid(records: StudyRecords) -> np.ndarray:
    """The λ [L] of a study, increasing."""
    return np.array(sorted(map(float, records.study["lambdas"])))


def variant_parts(conclusions: Conclusions) -> list[VariantPart]:
    """One part for each variant that has scores."""
    records = conclusions.records
    grid = lambda_grid(records)
    found = answers(conclusions.decisions)
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
        # The level of one measure differs little between λ; the table has each. It is not known where all diverged.
        chance = chance_curves(alignment, ["metric"]).dropna(subset="chance")
        by_chance = {name: rows["chance"].to_numpy(dtype=float).mean() for name, rows in chance.groupby("metric")}
        levels = [
            (place, f"{METRIC_LABELS[name]} by chance", by_chance[name])
            for place, name in enumerate(drawn, start=_FIRST_METRIC)
            if name in by_chance
        ]
        lowest = float(similarity["mean"].to_numpy().min(initial=0.0))  # the debiased CKA may fall below 0
        drawn_at = {"column": "metric", "first": _FIRST_METRIC, "limits": (lowest, 1.0), "levels": levels}
        charts.append(curve_chart(named, names, grid, title=title, **drawn_at))
        legend += [("line", place, name) for place, name in enumerate(names, start=_FIRST_METRIC)]
        legend += [("rule", place, name) for place, name, _ in levels]
        tables.append(
            alignment_page_table(alignment, f"{title} in numbers; in brackets the mean and the 95 % point of chance")
        )
    return VariantPart(name=variant, answers=found, charts=charts, legend=legend, tables=tables)
