"""What is decided for each encoder as two figures: λ* with all that are as good, and the gain there with its band."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.arrays import Array
from analysis.figures.plotting import ENCODER_STYLES, STYLE, Drawing, Tip, even_steps, label_lambdas, short_name
from analysis.words import run_ends, signed

_WIDTH = 3.4  # inches; names stand above the rows, as a phone has no room beside them
_ROW_HEIGHT = 0.32
_PAPER = {"facecolor": "white", "linewidth": 0, "pad": 0.5}  # keeps the lines of the grid out of a name


def lambda_star_figure(decisions: pd.DataFrame, grid: Array, names: Sequence[str]) -> Drawing:
    """λ* of each row of `decision_table` and the λ that are as good, over λ [L]; rows are named by the columns `names`.

    Raises ValueError where there are no decisions.
    """

    def tip(row: dict[Any, Any]) -> str:
        return f"λ* = {row['best']:.3g}\nas good: {row['as_good']}\nn = {row['seeds']:g} seeds"

    (best,) = _columns(decisions, ("best",))
    lines = [even_steps(np.array(run_ends(runs)), grid) for runs in decisions["as_good"]]
    figure, panel, tips = _rows(decisions, names, even_steps(best, grid), lines, tip)
    label_lambdas(panel, grid)
    panel.set_xlim(-0.3, len(grid) - 0.7)
    return Drawing(figure=figure, data=decisions, caption="λ* of each encoder, with every λ as good.", tips=tips)


def gain_at_lambda_star(decisions: pd.DataFrame, names: Sequence[str]) -> Drawing:
    """The gain at λ* of each row of `decision_table` in points with its band; rows are named by the columns `names`.

    Where λ* is the first λ there is no gain to speak of: a mark at 0 without a band. Raises ValueError where there are
    no decisions.
    """

    def tip(row: dict[Any, Any]) -> str:
        low, gain, high = (100 * row[name] for name in ("gain_low", "gain", "gain_high"))
        band = f"{signed(low, 1)} to {signed(high, 1)}" if low < high else "none, as λ* is the first λ"
        return f"gain at λ* {signed(gain, 1)} points\nband {band}"

    low, gain, high = (100 * column for column in _columns(decisions, ("gain_low", "gain", "gain_high")))
    lines = [np.array([ends]) if ends[0] < ends[1] else np.empty((0, 2)) for ends in zip(low, high, strict=True)]
    figure, panel, tips = _rows(decisions, names, gain, lines, tip)
    panel.axvline(0, color="0.6", linewidth=0.7, zorder=1)
    panel.set_xlabel("points of accuracy, with the band over all λ")
    return Drawing(figure=figure, data=decisions, caption="Gain in accuracy at λ* of each encoder.", tips=tips)


def _columns(decisions: pd.DataFrame, names: Sequence[str]) -> list[Array]:
    if decisions.empty:
        raise ValueError("nothing is decided")
    return [decisions[name].to_numpy(dtype=float) for name in names]


def _rows(
    decisions: pd.DataFrame,
    names: Sequence[str],
    values: Array,
    lines: Sequence[Array],
    tip: Callable[[dict[Any, Any]], str],
) -> tuple[Figure, Axes, list[Tip]]:
    """A row for each of D decisions, its name above: a mark at its value [D], lines between its ends, each [L, 2]."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, 0.6 + _ROW_HEIGHT * len(decisions)), layout="constrained")
        panel = figure.subplots()
        tips = []
        for place, (row, label, style) in enumerate(_labelled(decisions, names)):
            value, color = values[place], style["color"]
            style_of_name: dict[str, Any] = {"va": "center", "fontsize": 7.5, "transform": panel.get_yaxis_transform()}
            panel.text(0, place - 0.3, short_name(label, 60), bbox=_PAPER, **style_of_name)
            for ends in lines[place]:
                panel.plot(ends, [place, place], color=color, marker="|", markersize=5, linewidth=2, alpha=0.75)
            panel.plot(value, place, markersize=6, markeredgecolor="white", markeredgewidth=0.5, zorder=3, **style)
            tips.append(Tip(panel=panel, x=value, y=place, text=f"{label}\n{tip(row)}"))
        panel.set_ylim(len(decisions) - 0.6, -0.6)
        panel.set_yticks([])
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    return figure, panel, tips


def _labelled(decisions: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[dict[Any, Any], str, dict[str, Any]]]:
    """Each row with its label and its encoder's style."""
    encoders = list(dict.fromkeys(decisions["encoder"]))
    for row in decisions.to_dict("records"):
        style = ENCODER_STYLES[encoders.index(row["encoder"]) % 2]
        yield row, ", ".join(str(row[name]) for name in names), style
