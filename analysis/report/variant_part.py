"""What the page of a study says of each variant: the answers, the curves, and their numbers."""

from dataclasses import dataclass, replace

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.figures import accuracy_and_alignment
from analysis.report.answers import Answer, answers
from analysis.report.inline_svg import Picture, picture
from analysis.report.page_tables import PageTable, alignment_page_table, curve_table


@dataclass(frozen=True, kw_only=True)
class VariantPart:
    """What the page says of one variant."""

    name: str
    answers: list[Answer]
    picture: Picture
    tables: list[PageTable]


def variant_parts(conclusions: Conclusions) -> list[VariantPart]:
    """One part for each variant that has scores."""
    records = conclusions.records
    found = answers(conclusions.decisions)
    parts = []
    for place, variant in enumerate(records.scores["variant"].unique()):
        scores, alignment, decisions = (
            table.loc[table["variant"] == variant]
            for table in (records.scores, records.alignment, conclusions.decisions)
        )
        drawing = accuracy_and_alignment(scores, alignment, decisions)
        drawing = replace(drawing, caption=f"{variant}: accuracy, what is decided, and alignment over λ.")
        parts.append(
            VariantPart(
                name=variant,
                answers=[answer for answer in found if answer.variant == variant],
                picture=picture(drawing, f"curves-{place}"),
                tables=_tables(variant, scores, alignment),
            )
        )
    return parts


def _tables(variant: str, scores: pd.DataFrame, alignment: pd.DataFrame) -> list[PageTable]:
    """The numbers of a variant's curves."""
    tables = [curve_table(scores, "accuracy", "encoder", f"{variant}: test accuracy in numbers")]
    if scores["accuracy_nonzero"].notna().to_numpy().any():
        caption = f"{variant}: test accuracy without neutral rows in numbers"
        tables.append(curve_table(scores, "accuracy_nonzero", "encoder", caption))
    if not alignment.empty:
        in_brackets = "in brackets the mean and the 95 % point of chance"
        caption = f"{variant}: alignment of the two encoders in numbers; {in_brackets}"
        tables.append(alignment_page_table(alignment, caption))
    return tables
