"""Axes of the report's charts: where values stand, and which of them are named.

Positions are in the units of a chart's view box, y downwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array
from analysis.figures import lambda_label

WIDTH, HEIGHT = 380, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 36


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A position on an axis and what stands there."""

    at: float
    label: str


def across_chart(steps: Array, last: int, left: float, right: float) -> Array:
    """Steps, 0 to `last`, as positions from left to right."""
    return left + (right - left) * steps / max(last, 1)


def lambda_ticks(grid: Array, across: Array) -> tuple[Tick, ...]:
    """The grid's λ at their positions [L]."""
    return tuple(
        Tick(at=round(float(at), 2), label=lambda_label(lambda_)) for at, lambda_ in zip(across, grid, strict=True)
    )


def nice_ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that hold low to high between them."""
    span = max(high - low, 1e-3)
    power = 10.0 ** np.floor(np.log10(span))
    step = next(power * factor for factor in (0.2, 0.5, 1.0, 2.0) if span / (power * factor) <= 5)
    first, last = np.floor(low / step + 1e-3), np.ceil(high / step - 1e-3)
    return [round(float(number * step), 10) for number in np.arange(first, max(last, first + 1) + 1)]


def decimals_of(ticks: Sequence[float]) -> int:
    """Decimals that tell the ticks apart."""
    step = ticks[1] - ticks[0]
    return max(0, int(np.ceil(-np.log10(step) - 1e-9)))
