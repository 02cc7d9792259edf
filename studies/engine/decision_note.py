"""What MLflow's page of a study says at its head: the question, and what is decided for each encoder, as Markdown."""

import re

import pandas as pd

_LONGEST = 5000  # characters of a tag that every store of MLflow takes
_WHERE = "Curves and all else: the artifact `figures/report.html`."


def decision_note(question: str, decisions: pd.DataFrame, picture: str | None = None) -> str:
    """The description of a study's run, from its question and its decisions as `decision_table` has them.

    `picture`: the address of one to show, None for none. Where there are more decisions than a tag holds, it says how
    many are left out.
    """
    # MLflow shows the first lines and folds the rest away: the decisions come before the picture.
    head, lines = [_escaped(question), ""], []
    tail = ["", *([] if picture is None else [f"![the gain of each λ]({picture})", ""]), _WHERE]
    for variant, rows in decisions.groupby("variant", sort=False):
        lines += [f"- **{_escaped(variant)}**: {_escaped(sentence)}" for sentence in rows["sentence"]]
    for num_kept in range(len(lines), -1, -1):
        note = "\n".join([*head, *lines[:num_kept], *_left_out(len(lines) - num_kept), *tail])
        if len(note) <= _LONGEST:
            return note
    return head[0][:_LONGEST]  # of a question that fills it by itself


def _left_out(count: int) -> list[str]:
    return [f"- and {count} more, in the report"] if count else []


def _escaped(text: object) -> str:
    """The text without what Markdown would take for a style, such as the star of λ*."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", str(text))
