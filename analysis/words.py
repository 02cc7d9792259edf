"""Regimes, differences and sets of λ in words, as every page, table and figure writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

REGIME_WORDS = {
    "increasing": "increasing",
    "saturating": "saturating",
    "inverted_u": "inverted U",
    "decreasing": "decreasing",
    "flat": "flat",
}


def first_itself(row: Mapping[Any, Any]) -> str | None:
    """What stands for the gain where λ* is the first λ, all others being compared with it; None for another λ*.

    `row`: of a table with the columns best, gain, gain_low and gain_high.
    """
    is_first = row["gain"] == row["gain_low"] == row["gain_high"] == 0
    return f"λ = {row['best']:g} itself" if is_first else None


def signed(number: float, digits: int) -> str:
    """The number with its sign, a minus as long as the plus; zero has none."""
    text = f"{number:+.{digits}f}".replace("-", "−")
    return text[1:] if float(text[1:]) == 0 else text


def points(difference: float) -> str:
    """A difference of accuracies in percentage points."""
    return f"{signed(100 * difference, 1)} points"


def points_range(low: float, high: float, digits: int = 1) -> str:
    """An interval of a difference of accuracies in percentage points."""
    return f"{signed(100 * low, digits)} to {signed(100 * high, digits)}"


def lambda_runs(chosen: Sequence[float], grid: Sequence[float]) -> str:
    """Some λ of the grid, both increasing, as runs that leave none out: "0 to 0.1, 0.6"."""
    runs: list[list[float]] = []
    for place, lambda_ in enumerate(grid):
        if lambda_ not in chosen:
            continue
        if runs and runs[-1][-1] == grid[place - 1]:
            runs[-1].append(lambda_)
        else:
            runs.append([lambda_])
    return ", ".join(f"{run[0]:g} to {run[-1]:g}" if len(run) > 1 else f"{run[0]:g}" for run in runs)


def run_ends(runs: str) -> list[tuple[float, float]]:
    """The first and the last λ of each run that `lambda_runs` wrote."""
    ends = [run.split(" to ") for run in runs.split(", ")]
    return [(float(run[0]), float(run[-1])) for run in ends]
