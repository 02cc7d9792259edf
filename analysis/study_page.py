"""One study as one self-contained HTML page: what its template needs, from its records."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.answers import Answer, answers
from analysis.charts import CurveChart, IntervalChart, curve_chart, interval_chart
from analysis.conclusions import Conclusions
from analysis.curves import mean_curves
from analysis.page import render
from analysis.page_tables import (
    PageTable,
    chosen_table,
    curve_table,
    failure_table,
    importance_table,
    information_page_table,
    interval,
    number,
    optimum_table,
    search_table,
)
from analysis.plotting import METRIC_LABELS, Drawing
from analysis.records import StudyRecords

_MOST_FAILURES = 50
_MOST_ERRORS = 5  # different ones, whose whole text is shown
_FIRST_METRIC = 2  # of the page's five styles, the first two belong to the encoders
_INDEPENDENCE_LEVEL = 0.05
_ORIGIN_TITLES = {
    "identity": "Identity",
    "command": "Command",
    "git_commit": "Commit",
    "host": "Host",
    "versions": "Versions",
    "data_digest": "Data digest",
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure inside the page."""

    source: str
    caption: str
    alternative: str


@dataclass(frozen=True, kw_only=True)
class VariantPart:
    """What the page says of one variant."""

    name: str
    answers: list[Answer]
    charts: list[CurveChart]
    legend: list[tuple[str, int, str]]
    tables: list[PageTable]


@dataclass(frozen=True, kw_only=True)
class InformationPart:
    """What the page says of the information in the data."""

    sentences: list[str]
    charts: list[IntervalChart]
    legend: list[tuple[str, int, str]]
    table: PageTable


def study_page(conclusions: Conclusions) -> str:
    """The page of one study."""
    records, progress = conclusions.records, conclusions.progress
    study, trials = records.study, records.trials
    failed = trials.loc[trials["outcome"] == "failed"]
    parts = _variant_parts(conclusions)
    context = {
        "name": study["name"],
        "question": study["question"],
        "modalities": " and ".join(study["modalities"]),
        "variants": study["variants"],
        "strengths": ", ".join(f"{strength:g}" for strength in study["lambdas"]),
        "first": f"{study['lambdas'][0]:g}",
        "trial_count": f"{len(trials)} {'trial' if len(trials) == 1 else 'trials'} recorded",
        "num_seeds": study.get("definition", {}).get("seeds", "several"),
        "progress": progress,
        "variants_with_scores": parts,
        "optimum_chart": optimum_chart(conclusions.lambda_star, _grid(records), ["variant", "encoder"])
        if parts
        else None,
        "optimum_table": optimum_table(conclusions.lambda_star) if parts else None,
        "curve_pictures": _pictures(conclusions.drawings, ["gain_by_lambda"]),
        "information": _information_part(records),
        "chosen": chosen_table(records),
        "search": search_table(progress) if len(trials) else None,
        "search_pictures": _pictures(conclusions.drawings, ["survivors", "importance", "parallel_coordinates"]),
        "search_tables": [] if conclusions.importance.empty else [importance_table(conclusions.importance)],
        "failures": failure_table(failed, _MOST_FAILURES),
        "errors": _errors(failed),
        "origin": _origin(records),
        "definition": json.dumps(study.get("definition", study), indent=2, ensure_ascii=False),
    }
    return render("study.html", context | {"contents": _contents(context)})


def _contents(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Anchors and titles of the sections that the page has."""
    sections = (
        ("answer", "The answer", "variants_with_scores"),
        ("curves", "Curves", "variants_with_scores"),
        ("information", "Information", "information"),
        ("chosen", "Hyperparameters", "chosen"),
        ("search", "The search", "search"),
        ("failures", "Failures", None),
        ("origin", "Where this comes from", None),
    )
    return [(anchor, title) for anchor, title, needed in sections if needed is None or context[needed]]


def _grid(records: StudyRecords) -> np.ndarray:
    return np.array(sorted(map(float, records.study["lambdas"])))


def _variant_parts(conclusions: Conclusions) -> list[VariantPart]:
    records = conclusions.records
    grid = _grid(records)
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


def optimum_chart(lambda_star: pd.DataFrame, grid: np.ndarray, names: list[str]) -> IntervalChart:
    """λ* of each row of `lambda_star_table` with its interval, named by the columns `names`."""
    encoders = list(dict.fromkeys(lambda_star["encoder"]))
    rows = [
        {
            "label": " ".join(str(row[name]) for name in names),
            "number": encoders.index(row["encoder"]) % 2,
            "value": row["best"],
            "low": row["low"],
            "high": row["high"],
            "tip": (
                f"{' '.join(str(row[name]) for name in names)}\nλ* = {number(row['best'], '.3g')}\n"
                f"could be {interval(row['low'], row['high'], '.3g')}\nn = {row['num_seeds']:g} seeds"
            ),
        }
        for row in lambda_star.to_dict("records")
    ]
    return interval_chart(rows, grid, title="λ* of each encoder")


def _information_part(records: StudyRecords) -> InformationPart | None:
    information = records.information
    if information.empty:
        return None
    charts, sentences = [], []
    bounds = information[["low", "corrected", "null_mean", "exact"]].to_numpy(dtype=float)
    highest = float(np.nanmax(information[["high", "exact", "null_mean"]].to_numpy(dtype=float)))
    value_range = (min(0.0, float(np.nanmin(bounds))), highest)
    for variant, atoms in information.groupby("variant", sort=False):
        rows = [
            {
                "label": row["atom"].replace("_", " "),
                "number": 2,
                "value": row["corrected"],
                "low": row["low"],
                "high": row["high"],
                "reference": row["null_mean"],
                "exact": row["exact"],
                "tip": (
                    f"{variant}: {row['atom'].replace('_', ' ')}\n{number(row['corrected'])} bits\n95 % interval "
                    f"{interval(row['low'], row['high'])}\nby chance {number(row['null_mean'])}\n"
                    f"n = {row['num_samples']:g} rows"
                ),
            }
            for row in atoms.to_dict("records")
        ]
        charts.append(interval_chart(rows, None, title=str(variant), value_range=value_range))
        sentences.append(f"{variant}: {information_sentence(atoms)}.")
    legend = [("interval", 2, "corrected, with its 95 % interval"), ("reference", 0, "mean by chance")]
    if information["exact"].notna().to_numpy().any():
        legend.append(("exact", 0, "exact, of the population"))
    table = information_page_table(information)
    return InformationPart(sentences=sentences, charts=charts, legend=legend, table=table)


def information_sentence(atoms: pd.DataFrame) -> str:
    """What the estimate of one variant says in words."""
    first = atoms.iloc[0]
    if first["p_independent"] > _INDEPENDENCE_LEVEL:
        return f"not distinguishable from labels that have nothing to do with it (p = {first['p_independent']:.2g})"
    if first["dominant"] is None or pd.isna(first["dominant"]):
        return "there is information, but no atom is surely the largest"
    return f"most of the information is {first['dominant'].replace('_', ' ')}"


def _pictures(drawings: Mapping[str, Drawing], names: list[str]) -> list[Picture]:
    return [picture(drawings[name]) for name in names if name in drawings]


def picture(drawing: Drawing) -> Picture:
    """A figure that travels inside the page."""
    encoded = b64encode(drawing.png).decode("ascii")
    return Picture(
        source=f"data:image/png;base64,{encoded}",
        caption=drawing.caption,
        alternative=f"{drawing.caption} The numbers are in the CSV file of the same name.",
    )


def _errors(failed: pd.DataFrame) -> list[dict[str, str]]:
    """The whole text of the most frequent errors."""
    counts = failed["error"].dropna().value_counts()
    shown = counts.head(_MOST_ERRORS)
    return [{"title": f"Whole text of an error of {count} trials", "text": str(text)} for text, count in shown.items()]


def _origin(records: StudyRecords) -> list[tuple[str, str]]:
    """Under which circumstances the study ran, whatever of it was noted down."""
    noted = dict(records.circumstances)
    rows = [(title, _plain(noted.pop(name))) for name, title in _ORIGIN_TITLES.items() if name in noted]
    rows += [(name.replace("_", " ").capitalize(), _plain(value)) for name, value in noted.items()]
    for title, when in (("Started", records.started), ("Ended", records.ended)):
        if when is not None:
            rows.append((title, f"{when:%Y-%m-%d %H:%M} UTC"))
    rows.append(("MLflow run", records.parent_run_id))
    return rows


def _plain(value: str) -> str:
    """A JSON object as a list of its entries, anything else as it is."""
    try:
        known = json.loads(value)
    except ValueError:
        return value
    return ", ".join(f"{name} {entry}" for name, entry in known.items()) if isinstance(known, dict) else value
