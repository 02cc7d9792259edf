"""The findings on the paper's claims in short: one verdict for each claim and number of training rows."""

from collections.abc import Sequence

import pandas as pd

from analysis.claims.findings import CANNOT_TELL, NOT_REPRODUCED, REPRODUCED, Verdict


def claim_summary(findings: pd.DataFrame) -> pd.DataFrame:
    """One row for each claim and number of training rows: [statement, rows, verdict, reproduced, tests, results].

    A claim is reproduced where all its tests are, not reproduced where one test shows otherwise, and else
    cannot be told.
    """
    rows = []
    for statement, samples in dict.fromkeys(zip(findings["statement"], findings["rows"], strict=True)):
        tests = findings.loc[(findings["statement"] == statement) & (findings["rows"] == samples)]
        verdicts = tests["verdict"].to_list()
        results = [
            f"{row['subject']}: {row['result']}" + (f" ({row['interval']})" if row["interval"] else "")
            for row in tests.to_dict("records")
        ]
        rows.append(
            {
                "statement": statement,
                "rows": samples,
                "verdict": _together(verdicts),
                "reproduced": verdicts.count(REPRODUCED),
                "tests": len(verdicts),
                "results": "; ".join(results),
            }
        )
    return pd.DataFrame(rows, columns=["statement", "rows", "verdict", "reproduced", "tests", "results"])


def claim_markdown(summary: pd.DataFrame) -> str:
    """The summary as a Markdown table."""
    lines = ["| the paper's claim | training rows | here | verdict |", "| --- | --- | --- | --- |"]
    for row in summary.to_dict("records"):
        share = "" if row["tests"] == 1 else f" ({row['reproduced']} of {row['tests']})"
        results = row["results"].replace("|", "\\|").replace("*", "\\*")
        statement = row["statement"].replace("*", "\\*")
        lines.append(f"| {statement} | {row['rows']} | {results} | {row['verdict']}{share} |")
    return "\n".join(lines) + "\n"


def _together(verdicts: Sequence[str]) -> Verdict:
    if NOT_REPRODUCED in verdicts:
        return NOT_REPRODUCED
    return CANNOT_TELL if CANNOT_TELL in verdicts else REPRODUCED
