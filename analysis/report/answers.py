"""What the page says of each encoder: the decision in words, and what a reader must not overlook."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`advice` in two or three words, `reasons` with the numbers, `reservations` that a reader must not overlook.

    `reasons` follow the encoder's name, as in "audio: no λ gains half a point".
    """

    variant: str
    encoder: str
    advice: str
    reasons: str
    reservations: tuple[str, ...]


def answers(decisions: pd.DataFrame) -> list[Answer]:
    """The answer for each row of `decision_table`."""
    return [
        Answer(
            variant=row["variant"],
            encoder=row["encoder"],
            advice=row["decision"],
            reasons=_after_the_name(row["sentence"], row["decision"], row["encoder"]),
            reservations=tuple(reservations(row)),
        )
        for row in decisions.to_dict("records")
    ]


def reservations(row: Mapping[Any, Any]) -> list[str]:
    """What to keep in mind of one row of `decision_table`."""
    found = []
    if row["at_edge"] == "upper":
        found.append("λ* is the largest λ tried; more may be better")
    if row["dropped_seeds"] > 0:
        found.append(f"{row['dropped_seeds']:g} of its seeds diverged at some λ and are left out there")
    return found


def _after_the_name(sentence: str, word: str, encoder: str) -> str:
    """What a decision's sentence says after its word and the encoder's name, which stand beside it on the page."""
    return sentence.removeprefix(f"{word} ").removeprefix("for ").removeprefix(encoder)
