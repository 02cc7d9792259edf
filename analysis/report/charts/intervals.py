"""Values with their intervals, one a row, as plain geometry; see `analysis.report.charts.curve_charts`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.figures import even_steps
from analysis.report.charts.axes import BOTTOM, RIGHT, TOP, Tick, across_chart, decimals_of, lambda_ticks, nice_ticks

_ROW_HEIGHT = 26
_LETTER = 6.1  # about the width of one in a chart's labels
_ROW_LENGTH = 230


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
    top: int = TOP

    @property
    def right(self) -> int:
        """Where the axis ends."""
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        """Where the axis lies."""
        return self.height - BOTTOM


def interval_chart(
    rows: Sequence[dict], grid: np.ndarray | None, *, title: str, value_range: tuple[float, float] | None = None
) -> IntervalChart:
    """Rows of `label`, `number`, `value`, `low`, `high`, `tip` and, where known, `reference` and `exact`.

    Over λ in even steps where a grid is given, else over a straight axis that holds every value and 0.
    """
    height = TOP + _ROW_HEIGHT * len(rows) + BOTTOM
    edge = 12 + int(_LETTER * max(len(row["label"]) for row in rows))
    width = edge + _ROW_LENGTH
    left, right = edge + 8, width - RIGHT - 8
    if grid is not None:
        ticks = lambda_ticks(grid, across_chart(np.arange(len(grid), dtype=float), len(grid) - 1, left, right))

        def x(value: float) -> float:
            return float(across_chart(even_steps(np.array([value]), grid), len(grid) - 1, left, right)[0])
    else:
        names = ("value", "low", "high", "reference", "exact")
        values = [row[name] for row in rows for name in names if _is_number(row.get(name))]
        low, high = value_range or (min([0.0, *values]), max([0.1, *values]))
        at = nice_ticks(low, high)
        low, high = min(low, at[0]), max(high, at[-1])

        def x(value: float) -> float:
            return float(left + (right - left) * (value - low) / (high - low))

        decimals = decimals_of(at)
        ticks = tuple(Tick(at=round(x(tick), 2), label=f"{tick:.{decimals}f}") for tick in at)
    placed = []
    for index, row in enumerate(rows):
        here = {
            name: round(x(row[key]), 2) if _is_number(row.get(key)) else None
            for name, key in (("x", "value"), *((name, name) for name in ("low", "high", "reference", "exact")))
        }
        y = TOP + _ROW_HEIGHT * (index + 0.5)
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


def _is_number(value: float | None) -> bool:
    return value is not None and not np.isnan(value)
