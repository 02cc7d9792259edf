"""Tables of the report: what `analysis` computes as text, with the digits that a reader can use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from analysis.figures import METRIC_LABELS, has_null
from analysis.optimum import chance_curves, mean_curves
from analysis.progress import Progress
from analysis.records import StudyRecords
from analysis.search_tables import chosen_configurations, searched_values
from analysis.words import first_itself, points_range, signed

Row = dict[Any, Any]
Kind = Literal["text", "num"]
_LONGEST_ERROR = 300


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's title and how its cells are set."""

    title: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table as text; the first cell of a row is its heading."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def page_table(
    caption: str, table: pd.DataFrame, cells: Mapping[str, Callable[[Row], str]], text: Sequence[str] = ()
) -> PageTable:
    """One row for each of the table; `cells` gives each column's title and its text for a row.

    Columns hold numbers, but for the first and those named in `text`.
    """
    kinds: list[Kind] = ["text" if title in text or place == 0 else "num" for place, title in enumerate(cells)]
    return PageTable(
        caption=caption,
        columns=tuple(Column(title=title, kind=kind) for title, kind in zip(cells, kinds, strict=True)),
        rows=tuple(tuple(cell(row) for cell in cells.values()) for row in table.to_dict("records")),
    )


def number(value: Any, form: str = ".4f") -> str:
    """The number in that form with a true minus, or a question mark where there is none."""
    if value is None or pd.isna(value):
        return "?"
    return format(value, form).replace("-", "−")


def interval(low: Any, high: Any, form: str = ".4f") -> str:
    """Both bounds, or a question mark where there are none."""
    return "?" if pd.isna(low) or pd.isna(high) else f"{number(low, form)} to {number(high, form)}"


def curve_table(table: pd.DataFrame, value: str, column: str, caption: str) -> PageTable:
    """Mean, interval and number of seeds at each λ, for each value of `column`; the rows of one variant."""
    return _curve_table(mean_curves(table, value, [column]), column, caption, lambda point: number(point["mean"]))


def alignment_page_table(alignment: pd.DataFrame, caption: str) -> PageTable:
    """Each measure at each λ as in `curve_table`, its chance level beside it; the rows of one variant."""
    return _curve_table(
        mean_curves(alignment, "value", ["metric"]).merge(chance_curves(alignment, ["metric"])),
        "metric",
        caption,
        lambda point: f"{number(point['mean'])} (chance {number(point['chance'])}, {number(point['chance_high'])})",
    )


def _curve_table(curves: pd.DataFrame, column: str, caption: str, mean: Callable[[Row], str]) -> PageTable:
    points = {(row[column], row["lambda"]): row for row in curves.to_dict("records")}
    cells: dict[str, Callable[[Row], str]] = {"λ": lambda row: f"{row['lambda']:g}"}
    for name in dict.fromkeys(curves[column]):
        label = metric_label(name)
        cells[label] = _of_point(points, name, mean)
        cells[f"{label}: 95 % interval"] = _of_point(points, name, lambda point: interval(point["low"], point["high"]))
        cells[f"{label}: n"] = _of_point(points, name, lambda point: str(point["num_seeds"]))
    return page_table(caption, pd.DataFrame({"lambda": sorted(set(curves["lambda"]))}), cells)


def _of_point(points: Mapping[tuple, Row], name: str, cell: Callable[[Row], str]) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        point = points.get((name, row["lambda"]))
        return "–" if point is None else cell(point)

    return text


def metric_label(name: str) -> str:
    """The name of a measure of alignment in words; other names as they are."""
    projected = " after the projection" if name.startswith("projected/") else ""
    plain = name.removeprefix("projected/")
    return METRIC_LABELS.get(plain, plain) + projected


def decision_page_table(decisions: pd.DataFrame, caption: str = "The decision for every encoder") -> PageTable:
    """`decision_table` in words; columns that stand before `variant` (a study's name) are kept."""
    names = list(decisions.columns[: list(decisions.columns).index("variant") + 2])
    cells: dict[str, Callable[[Row], str]] = {name: (lambda row, name=name: str(row[name])) for name in names}
    cells |= {
        "decision": lambda row: row["decision"],
        "λ*": lambda row: number(row["best"], ".3g"),
        "as good": lambda row: row["as_good"],
        "gain, points": gain_text,
        "band over all λ": gain_interval,
        "no harm up to": lambda row: number(row["harmless_to"], "g"),
        "harm from": lambda row: number(row["harmful_from"], "g"),
        "accuracy at λ*": lambda row: number(row["accuracy_at_best"]),
        "seeds": lambda row: f"{row['seeds']:g}",
        "more needed": lambda row: number(row["more_seeds"], "g"),
    }
    return page_table(caption, decisions, cells, text=(*names, "decision"))


def gain_text(row: Row) -> str:
    """The gain in points; where λ* is the first λ, that it is."""
    return first_itself(row) or ("?" if pd.isna(row["gain"]) else signed(100 * row["gain"], 2))


def gain_interval(row: Row) -> str:
    """Bounds of the gain; where λ* is the first λ, it is 0 by definition and has none."""
    if pd.isna(row["gain_low"]):
        return "?"
    return points_range(row["gain_low"], row["gain_high"], 2) if row["gain_low"] < row["gain_high"] else "–"


def information_page_table(information: pd.DataFrame, label: str = "variant") -> PageTable:
    """Every atom with its interval, p-value and method; where chance was taken off, what it was before, and that."""
    of_null: dict[str, Callable[[Row], str]] = {
        "raw": lambda row: number(row["raw"]),
        "null mean": lambda row: "–" if pd.isna(row["null_mean"]) else number(row["null_mean"]),
    }
    cells: dict[str, Callable[[Row], str]] = {
        label: lambda row: row[label],
        "atom": lambda row: row["atom"].replace("_", " "),
        "corrected" if has_null(information) else "bits": lambda row: number(row["corrected"]),
        "95 % interval": lambda row: interval(row["low"], row["high"]),
        **(of_null if has_null(information) else {}),
        "p": lambda row: number(row["p_value"], ".2g"),
        "exact": lambda row: "–" if pd.isna(row["exact"]) else number(round(row["exact"], 4) + 0.0),
        "rows": lambda row: f"{row['num_samples']:g}",
        "method": lambda row: row["method"],
    }
    return page_table("Information in bits", information, cells, text=("atom", "method"))


def chosen_table(records: StudyRecords) -> PageTable | None:
    """The hyperparameters of each variant and λ; None where nothing was confirmed."""
    chosen = chosen_configurations(records)
    if chosen.empty:
        return None
    cells: dict[str, Callable[[Row], str]] = {
        "variant": lambda row: row["variant"],
        "λ": lambda row: f"{row['lambda']:g}",
    }
    for name in searched_values(records.study):
        cells[name.replace("_", " ")] = lambda row, name=name: _value(row[name])
    cells["validation accuracy"] = lambda row: number(row["valid_accuracy"])
    cells["epochs"] = lambda row: number(row["epochs"], "g")
    return page_table("The configuration that was confirmed at each λ", chosen, cells)


def search_table(progress: Progress) -> PageTable:
    """How the configurations of each variant and λ ended."""
    cells: dict[str, Callable[[Row], str]] = {
        "variant": lambda row: row["variant"],
        "λ": lambda row: f"{row['lambda']:g}",
        "planned": lambda row: str(row["planned"]),
        "trained to the end": lambda row: str(row["finished"]),
        "stopped early": lambda row: str(row["pruned"]),
        "failed": lambda row: str(row["failed"]),
        "not ended": lambda row: str(row["open"]),
        "confirmed": lambda row: "yes" if row["confirmed"] else "no",
    }
    return page_table("Configurations of the search by how they ended", progress.strata, cells)


def importance_table(importance: pd.DataFrame) -> PageTable:
    """What each hyperparameter explains, and how much of that is chance."""
    cells: dict[str, Callable[[Row], str]] = {
        "hyperparameter": lambda row: row["hyperparameter"].replace("_", " "),
        "explained": lambda row: number(row["explained"], ".2f"),
        "by chance": lambda row: number(row["chance"], ".2f"),
        "beyond chance": lambda row: number(row["excess"], ".2f"),
        "p": lambda row: number(row["p_value"], ".2g"),
        "p (Holm)": lambda row: number(row["p_value_holm"], ".2g"),
        "best value": lambda row: _value(row["best_value"]),
        "configurations": lambda row: str(row["configurations"]),
    }
    return page_table("Share of the configurations' ranks that a hyperparameter explains", importance, cells)


def failure_table(failed: pd.DataFrame, most: int) -> PageTable | None:
    """The first `most` trials that failed, with the last line of each error; None where none did."""
    if failed.empty:
        return None
    cells: dict[str, Callable[[Row], str]] = {
        "trial": lambda row: row["trial"],
        "stage": lambda row: row["stage"],
        "variant": lambda row: row["variant"],
        "λ": lambda row: number(row["lambda"], "g"),
        "epochs": lambda row: number(row["epochs"], "g"),
        "error": lambda row: last_line(row["error"]),
    }
    shown = f"the first {most} of {len(failed)}" if len(failed) > most else str(len(failed))
    return page_table(f"Failed trials ({shown})", failed.head(most), cells, text=("stage", "variant", "error"))


def last_line(error: str | None) -> str:
    """The last line of an error, which is what Python says went wrong."""
    lines = [line.strip() for line in (error or "").splitlines() if line.strip()]
    return lines[-1][:_LONGEST_ERROR] if lines else "its objective was not a number"


def _value(value: Any) -> str:
    if value is None or pd.isna(value):
        return "–"
    return value if isinstance(value, str) else f"{value:g}"
