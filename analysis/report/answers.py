"""What a λ* says, in one sentence of plain words; where the scores cannot tell, the sentence says that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.words import points, points_range

_RISES = {
    "increasing": "accuracy rises with λ all along the grid",
    "saturating": "accuracy rises with λ and then levels off",
    "inverted_u": "accuracy first rises with λ and then falls",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`advice` in two or three words, `sentence` with the numbers, `reservations` that a reader must not overlook."""

    variant: str
    encoder: str
    advice: str
    sentence: str
    reservations: tuple[str, ...]


def answer(row: Mapping[str, Any], first: float) -> Answer:
    """The answer for one row of `lambda_star_table`, of a study whose smallest λ is `first`."""
    advice, sentence = _verdict(row, first)
    return Answer(
        variant=row["variant"],
        encoder=row["encoder"],
        advice=advice,
        sentence=f"{sentence}.",
        reservations=tuple(_reservations(row)),
    )


def answers(lambda_star: pd.DataFrame, first: float) -> list[Answer]:
    """The answer for each variant and encoder."""
    return [answer(row, first) for row in lambda_star.to_dict("records")]


def _verdict(row: Mapping[str, Any], first: float) -> tuple[str, str]:
    regime, best = row["regime"], row["best"]
    if pd.isna(best):
        return "cannot tell", "cannot tell: fewer than two λ have a score of the same seed"
    if regime is None:
        return "cannot tell", (
            f"cannot tell: one seed cannot tell an effect from chance; its curve is highest at λ = {best:.2g}"
        )
    could_be = f"anything from {row['low']:.2g} to {row['high']:.2g} could still be the best"
    gain = f"{points(row['gain'])} over λ = {first:g} ({points_range(row['gain_low'], row['gain_high'])})"
    # Where the fit is highest at the first λ, the gain over it is 0 by definition.
    with_gain = f", with {gain}" if best != first else ""
    highest = f"the fit is highest at λ = {best:.2g} ({could_be}){with_gain}"
    if regime == "flat":
        return "no effect shown", f"no effect of λ can be shown (p = {row['p_value']:.2g}); {highest}"
    if regime == "decreasing":
        return "no gain shown", (f"strong alignment costs accuracy, and no λ is shown to beat λ = {first:g}; {highest}")
    return "align", f"{_RISES[regime]}; it is best at λ* = {best:.2g} ({could_be}), with {gain}"


def _reservations(row: Mapping[str, Any]) -> list[str]:
    found = []
    if row["at_edge"] == "upper":
        found.append("λ* is the largest λ tried; more may be better")
    if row["dropped_seeds"] > 0:
        found.append(f"{row['dropped_seeds']:g} of its seeds diverged at some λ and are left out")
    return found
