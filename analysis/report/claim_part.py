"""What a page says of the paper's claims: a verdict for each, and the tests that it rests on."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from analysis.claims import SMALLEST_CHANGE
from analysis.report.page_tables import PageTable, Row, page_table


@dataclass(frozen=True, kw_only=True)
class ClaimPart:
    """The claims in short, every test of them, and the change in percentage points that counts as none."""

    summary: PageTable
    tests: PageTable
    smallest_change: str


def claim_part(summary: pd.DataFrame, findings: pd.DataFrame) -> ClaimPart | None:
    """Tables of `claim_summary` and `claim_findings`; None where no study is about any claim.

    Tests name their study only where they are of several.
    """
    if findings.empty:
        return None
    return ClaimPart(
        summary=_summary_table(summary), tests=_test_table(findings), smallest_change=f"{100 * SMALLEST_CHANGE:g}"
    )


def _summary_table(summary: pd.DataFrame) -> PageTable:
    columns: dict[str, Callable[[Row], str]] = {
        "claim": lambda row: row["statement"],
        "training rows": lambda row: row["rows"],
        "verdict": lambda row: row["verdict"],
        "reproduced": lambda row: f"{row['reproduced']} of {row['tests']}",
        "what came out": lambda row: row["results"],
    }
    return page_table("The paper's claims", summary, columns, text=("claim", "verdict", "what came out"))


def _test_table(findings: pd.DataFrame) -> PageTable:
    titles = {
        "statement": "claim",
        "study": "study",
        "variant": "variant",
        "rows": "training rows",
        "subject": "of",
        "result": "result",
        "interval": "95 % interval",
        "verdict": "verdict",
    }
    if len(set(findings["study"])) == 1:
        del titles["study"]
    columns: dict[str, Callable[[Row], str]] = {
        title: (lambda row, name=name: row[name] or "–") for name, title in titles.items()
    }
    text = [title for title in columns if title != "training rows"]
    return page_table("Every test of a claim", findings, columns, text=text)
