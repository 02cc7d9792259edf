"""Curves of the report as plain geometry: tables in, positions and texts out; the page's template draws them as SVG.

Positions are in the units of a chart's view box, y downwards. Colour is the template's business: a series has
only its number, to which colour, marker and dashes belong together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.figures import even_steps
from analysis.report.charts.axes import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Tick,
    across_chart,
    decimals_of,
    lambda_ticks,
    nice_ticks,
)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One point: where it is, and what is shown to whoever points at it."""

    x: float
    y: float
    tip: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points joined by a line, with a band over their intervals."""

    number: int
    name: str
    marks: tuple[Mark, ...]
    band: str

    @property
    def line(self) -> str:
        """The line as an SVG path."""
        return _path((mark.x, mark.y) for mark in self.marks)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A level that belongs to a series, such as a ceiling."""

    number: int
    name: str
    y: float


@dataclass(frozen=True, kw_only=True)
class CurveChart:
    """Curves over λ."""

    title: str
    description: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    rules: tuple[Rule, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def curve_chart(
    curves: pd.DataFrame,
    names: Sequence[str],
    grid: np.ndarray,
    *,
    title: str,
    column: str,
    first: int = 0,
    limits: tuple[float, float] | None = None,
    levels: Sequence[tuple[int, str, float]] = (),
) -> CurveChart:
    """Curves of `mean_curves`, one for each of `names` in `column`, over λ in even steps of the grid.

    Series are numbered from `first` on. `levels` are (number of the series, name, value).
    """
    values = curves[["mean", "low", "high"]].to_numpy(dtype=float).ravel()
    values = np.append(values[np.isfinite(values)], [value for *_, value in levels])
    low, high = limits or (float(values.min()), float(values.max()))
    ticks = nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - BOTTOM - TOP) * (high - value) / (high - low), 2)

    def x(lambdas: np.ndarray) -> np.ndarray:
        return across_chart(even_steps(lambdas, grid), len(grid) - 1, LEFT + 10, WIDTH - RIGHT - 10)

    series = []
    for number, name in enumerate(names, start=first):
        curve = curves.loc[curves[column] == name].sort_values("lambda")
        across = x(curve["lambda"].to_numpy(dtype=float))
        marks = tuple(
            Mark(x=round(float(at), 2), y=y(row["mean"]), tip=f"{name}\n{curve_tip(row)}")
            for at, row in zip(across, curve.to_dict("records"), strict=True)
        )
        known = curve["low"].notna().to_numpy()
        bounds = curve.loc[known, ["high", "low"]].to_numpy(dtype=float).clip(low, high)  # an axis may be given
        upper, lower = ([(at, y(value)) for at, value in zip(across[known], side, strict=True)] for side in bounds.T)
        band = _path([*upper, *reversed(lower)]) + "Z" if upper else ""
        series.append(Series(number=number, name=name, marks=marks, band=band))
    decimals = decimals_of(ticks)
    return CurveChart(
        title=title,
        description=f"{title}: {', '.join(names)} over λ. The table below holds the same numbers.",
        x_ticks=lambda_ticks(grid, x(grid)),
        y_ticks=tuple(Tick(at=y(tick), label=f"{tick:.{decimals}f}") for tick in ticks),
        series=tuple(series),
        rules=tuple(Rule(number=number, name=name, y=y(value)) for number, name, value in levels),
    )


def curve_tip(row: dict) -> str:
    """λ, mean, interval and n of one point, a line each."""
    interval = "no interval (one seed)" if pd.isna(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}"
    return f"λ = {row['lambda']:g}\nmean {row['mean']:.4f}\n95 % interval {interval}\nn = {row['num_seeds']} seeds"


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in points)
