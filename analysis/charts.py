"""Charts of the report as plain geometry: tables in, positions and texts out; the page's template draws them as SVG.

Positions are in the units of a chart's view box, y downwards. Colour is the template's business: a series has
only its number, to which colour, marker and dashes belong together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.plotting import even_steps, strength_label

WIDTH, HEIGHT = 380, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 10, 36
_ROW_HEIGHT = 26
_LETTER = 6.1  # about the width of one in a chart's labels
_ROW_LENGTH = 230


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
class Tick:
    """A position on an axis and what stands there."""

    at: float
    label: str


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
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a chart of intervals; `reference` and `exact` are further positions on it, where known."""

    number: int
    label: str
    y: float
    x: float | None
    low: float | None
    high: float | None
    reference: float | None
    exact: float | None
    tip: str


@dataclass(frozen=True, kw_only=True)
class IntervalChart:
    """Values with their intervals, one a row."""

    title: str
    description: str
    x_ticks: tuple[Tick, ...]
    rows: tuple[Row, ...]
    height: int
    width: int
    left: int
    top: int = _TOP

    @property
    def right(self) -> int:
        """Where the axis ends."""
        return self.width - _RIGHT

    @property
    def bottom(self) -> int:
        """Where the axis lies."""
        return self.height - _BOTTOM


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
    ticks = _nice_ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def y(value: float) -> float:
        return round(_TOP + (HEIGHT - _BOTTOM - _TOP) * (high - value) / (high - low), 2)

    def x(strengths: np.ndarray) -> np.ndarray:
        return _across(even_steps(strengths, grid), len(grid) - 1, _LEFT + 10, WIDTH - _RIGHT - 10)

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
    decimals = _decimals(ticks)
    return CurveChart(
        title=title,
        description=f"{title}: {', '.join(names)} over λ. The table below holds the same numbers.",
        x_ticks=_strength_ticks(grid, x(grid)),
        y_ticks=tuple(Tick(at=y(tick), label=f"{tick:.{decimals}f}") for tick in ticks),
        series=tuple(series),
        rules=tuple(Rule(number=number, name=name, y=y(value)) for number, name, value in levels),
    )


def interval_chart(
    rows: Sequence[dict], grid: np.ndarray | None, *, title: str, value_range: tuple[float, float] | None = None
) -> IntervalChart:
    """Rows of `label`, `number`, `value`, `low`, `high`, `tip` and, where known, `reference` and `exact`.

    Over λ in even steps where a grid is given, else over a straight axis that holds every value and 0.
    """
    height = _TOP + _ROW_HEIGHT * len(rows) + _BOTTOM
    edge = 12 + int(_LETTER * max(len(row["label"]) for row in rows))
    width = edge + _ROW_LENGTH
    left, right = edge + 8, width - _RIGHT - 8
    if grid is not None:
        ticks = _strength_ticks(grid, _across(np.arange(len(grid), dtype=float), len(grid) - 1, left, right))

        def x(value: float) -> float:
            return float(_across(even_steps(np.array([value]), grid), len(grid) - 1, left, right)[0])
    else:
        names = ("value", "low", "high", "reference", "exact")
        values = [row[name] for row in rows for name in names if _is_number(row.get(name))]
        low, high = value_range or (min([0.0, *values]), max([0.1, *values]))
        at = _nice_ticks(low, high)
        low, high = min(low, at[0]), max(high, at[-1])

        def x(value: float) -> float:
            return float(left + (right - left) * (value - low) / (high - low))

        decimals = _decimals(at)
        ticks = tuple(Tick(at=round(x(tick), 2), label=f"{tick:.{decimals}f}") for tick in at)
    placed = []
    for index, row in enumerate(rows):
        here = {
            name: round(x(row[key]), 2) if _is_number(row.get(key)) else None
            for name, key in (("x", "value"), *((name, name) for name in ("low", "high", "reference", "exact")))
        }
        y = _TOP + _ROW_HEIGHT * (index + 0.5)
        placed.append(Row(number=row["number"], label=row["label"], y=y, tip=row["tip"], **here))
    return IntervalChart(
        title=title,
        description=f"{title}. The table below holds the same numbers.",
        x_ticks=ticks,
        rows=tuple(placed),
        height=height,
        width=width,
        left=edge,
    )


def curve_tip(row: dict) -> str:
    """λ, mean, interval and n of one point, a line each."""
    interval = "no interval (one seed)" if pd.isna(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}"
    return f"λ = {row['lambda']:g}\nmean {row['mean']:.4f}\n95 % interval {interval}\nn = {row['num_seeds']} seeds"


def _is_number(value: float | None) -> bool:
    return value is not None and not np.isnan(value)


def _across(steps: np.ndarray, last: int, left: float, right: float) -> np.ndarray:
    return left + (right - left) * steps / max(last, 1)


def _strength_ticks(grid: np.ndarray, across: np.ndarray) -> tuple[Tick, ...]:
    return tuple(
        Tick(at=round(float(at), 2), label=strength_label(strength)) for at, strength in zip(across, grid, strict=True)
    )


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _nice_ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that hold low to high between them."""
    span = max(high - low, 1e-3)
    power = 10.0 ** np.floor(np.log10(span))
    step = next(power * factor for factor in (0.2, 0.5, 1.0, 2.0) if span / (power * factor) <= 5)
    first, last = np.floor(low / step + 1e-3), np.ceil(high / step - 1e-3)
    return [round(float(number * step), 10) for number in np.arange(first, max(last, first + 1) + 1)]


def _decimals(ticks: Sequence[float]) -> int:
    step = ticks[1] - ticks[0]
    return max(0, int(np.ceil(-np.log10(step) - 1e-9)))
