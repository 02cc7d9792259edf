"""The end of a session with several studies: λ* of every encoder, the law, and the pages that compare them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.comparison import Comparison, compare
from analysis.conclusions import conclude_records
from analysis.records import LeftOut, StudyRecords, read_study
from analysis.redundancy import encoder_points, law_summary
from analysis.report import write_pages
from studies.engine.options import Options, tracking_uri
from studies.engine.study import Study
from trainables.config import Refused

POINTS_FILE = Path("figures") / "encoders_of_all_studies.csv"
REPORT_FOLDER = Path("report")


def compare_recorded(studies: Sequence[Study], left_out: Sequence[LeftOut], options: Options, console: Console) -> None:
    """Print the encoders of all studies that have a result and the law, and write the pages that compare them.

    `left_out` and the studies that cannot be read are named, with the reason.
    """
    records, unread = _recorded(studies, tracking_uri(options))
    left_out = [*left_out, *unread]
    for study in left_out:
        console.print(str(study), style="yellow")
    points = encoder_points(records)
    if points.empty:
        console.print("\nno study has confirmed a trial: there is nothing to compare")
        return
    comparison = compare([conclude_records(one) for one in records], left_out)
    POINTS_FILE.parent.mkdir(exist_ok=True)
    points.to_csv(POINTS_FILE, index=False)
    page = write_pages(comparison, REPORT_FOLDER)
    console.print("\nbest alignment weight and information, encoder by encoder over all studies")
    console.print(_points_table(points))
    for study in comparison.left_out_of_laws:
        console.print(f"laws: {study}", style="yellow")
    for sentence in _law_sentences(comparison):
        console.print(sentence)
    console.print(f"table: {POINTS_FILE}")
    console.print(f"report: {page.resolve().as_uri()}", soft_wrap=True)


def _law_sentences(comparison: Comparison) -> list[str]:
    """What the law of estimated redundancy says, or why there is none."""
    if "redundancy" in comparison.laws:
        return law_summary(comparison.laws["redundancy"])
    return [f"no law of λ* and redundancy can be fitted: {comparison.missing_laws['redundancy']}"]


def _recorded(studies: Sequence[Study], uri: str) -> tuple[list[StudyRecords], list[LeftOut]]:
    """The records of those studies that have any, and the others: one may have been refused before it began."""
    found, unread = [], []
    for study in studies:
        try:
            found.append(read_study(uri, study.name, study.identity))
        except Refused as error:
            unread.append(LeftOut(name=study.name, reason=str(error)))
    return found, unread


def _points_table(points: pd.DataFrame) -> Table:
    """One row an encoder: where it belongs, λ* and which could be it, and in bits what is redundant and its own."""
    table = Table("study", "variant", "encoder", "λ*", "decision", "R", "U", box=box.SIMPLE_HEAD, padding=0)
    for row in points.to_dict("records"):
        table.add_row(
            row["study"],
            row["variant"],
            row["encoder"],
            _with_interval(row, "best", "best_low", "best_high"),
            row["decision"],
            _with_interval(row, "redundancy", "redundancy_low", "redundancy_high"),
            _with_interval(row, "unique", "unique_low", "unique_high"),
        )
    return table


def _with_interval(row: dict, value: str, low: str, high: str) -> str:
    if pd.isna(row[value]):
        return "?"
    return f"{row[value]:.2f}" + ("" if pd.isna(row[low]) else f" ({row[low]:.2f}–{row[high]:.2f})")
