"""What all figures share: the style, the axis of λ, a curve with its band, saving.

Colours are Okabe and Ito's, which the colour-blind can tell apart; markers and dashes repeat what colour
says, for print in grey. λ is drawn with even steps between the grid's values, because a true axis squeezes 0
to 1 where a grid ends at 4.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.arrays import Array
from analysis.figures.pdf_font import pdf_font_families

STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "pdf.fonttype": 42,  # text stays text, as journals ask
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a name is a dollar
    "svg.hashsalt": "align-or-not",  # names inside a file are random without it
}
# Of the encoders of a figure: two of a study, three or more where it shows several pairs of modalities.
ENCODER_STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "marker": "o"},
    {"color": "#D55E00", "marker": "s"},
    {"color": "#E69F00", "marker": "P"},
    {"color": "#56B4E9", "marker": "X"},
)
CEILING_DASHES = ((0, (6, 2)), (0, (2, 1.5)), (0, (8, 2, 2, 2)), (0, (1, 1)))
METRIC_STYLES: dict[str, dict[str, Any]] = {
    "cka": {"color": "#009E73", "marker": "^", "linestyle": "-"},
    "svcca": {"color": "#CC79A7", "marker": "D", "linestyle": (0, (5, 1.5))},
    "mutual_knn": {"color": "#000000", "marker": "v", "linestyle": (0, (1.5, 1.2))},
    "debiased_cka": {"color": "#009E73", "marker": "<", "linestyle": (0, (4, 1.2, 1, 1.2))},  # of CKA's colour
}
METRIC_LABELS = {"cka": "CKA", "svcca": "SVCCA", "mutual_knn": "mutual k-NN", "debiased_cka": "debiased CKA"}
CHANCE_LINE: dict[str, Any] = {"color": "0.55", "linewidth": 0.7}
# Of letters on a coloured cell, which is the same on dark paper. Not quite grey: the page turns what is grey around.
ON_LIGHT, ON_DARK = "#0f1216", "#fbfdff"
_MOST_PIXELS = 4e6
_LONGEST_LABEL = 32
AXIS_LABEL = "alignment weight λ"


def even_steps(lambdas: Array, grid: Array) -> Array:
    """Where λ lie on an axis that gives each step of the grid the same length, from 0 on."""
    return np.interp(lambdas, grid, np.arange(len(grid)))


def label_lambdas(panel: Axes, grid: Array) -> None:
    """Put the grid's values under an axis of even steps."""
    panel.set_xticks(range(len(grid)), [lambda_label(lambda_) for lambda_ in grid])
    panel.set_xlabel(AXIS_LABEL)


def lambda_label(lambda_: float) -> str:
    """A value of the grid; without a zero before the point neighbours stay apart."""
    return f"{lambda_:g}".removeprefix("0") or "0"


def short_name(name: str, longest: int = _LONGEST_LABEL) -> str:
    """A name as a figure has room for it: each line that is long without its middle."""
    half = longest // 2
    lines = [line if len(line) <= longest else f"{line[:half]}…{line[1 - half :]}" for line in name.split("\n")]
    return "\n".join(lines)


def draw_cells(panel: Axes, values: Array, **style: Any) -> None:
    """A table as coloured cells around whole numbers, the first row at the top; a value that is not known is blank."""
    down, across = (np.arange(length + 1) - 0.5 for length in values.shape)
    panel.pcolormesh(across, down, np.ma.masked_invalid(values), edgecolor="white", linewidth=1.0, **style)
    panel.invert_yaxis()
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)


@dataclass(frozen=True, kw_only=True)
class Tip:
    """What a point of a figure says to whoever points at it on a page; x and y are data of its panel."""

    panel: Axes
    x: float
    y: float
    text: str


def draw_curve(panel: Axes, curve: pd.DataFrame, grid: Array, style: Mapping[str, Any], name: str) -> list[Tip]:
    """A line through a curve's means (columns lambda, mean, low, high, num_seeds) and a band over their intervals."""
    curve = curve.sort_values("lambda")
    steps = even_steps(curve["lambda"].to_numpy(), grid)
    panel.fill_between(steps, curve["low"], curve["high"], color=style["color"], alpha=0.18, linewidth=0)
    panel.plot(steps, curve["mean"], markeredgecolor="white", markeredgewidth=0.5, **style)
    return [
        Tip(panel=panel, x=float(step), y=row["mean"], text=f"{name}\n{_of_point(row)}")
        for step, row in zip(steps, curve.to_dict("records"), strict=True)
    ]


def _of_point(row: Mapping[Any, Any]) -> str:
    """λ, mean, interval and n of one point of a curve, a line each."""
    interval = "no interval (one seed)" if pd.isna(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}"
    return f"λ = {row['lambda']:g}\nmean {row['mean']:.4f}\n95 % interval {interval}\nn = {row['num_seeds']} seeds"


def draw_chance(panel: Axes, chance: pd.DataFrame, grid: Array, style: Mapping[str, Any]) -> None:
    """A thin grey line at the mean of chance (columns lambda, chance, chance_high), and a band up to its 95 % point."""
    chance = chance.sort_values("lambda")
    steps = even_steps(chance["lambda"].to_numpy(), grid)
    panel.fill_between(
        steps, chance["chance"], chance["chance_high"], color=CHANCE_LINE["color"], alpha=0.25, linewidth=0, zorder=1
    )
    panel.plot(steps, chance["chance"], zorder=1, **CHANCE_LINE, linestyle=style["linestyle"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawing:
    """A figure with the numbers that it draws, and what it shows in one sentence for those who cannot see it.

    `tips` are what its points say on a page.
    """

    figure: Figure
    data: pd.DataFrame
    caption: str
    tips: Sequence[Tip] = ()

    @cached_property
    def png(self) -> bytes:
        """The figure as a PNG, 200 dpi, or fewer where that would be more than four million pixels."""
        buffer = BytesIO()
        with _in_style():
            lay_out(self.figure)
            dots_per_inch = min(200.0, np.sqrt(_MOST_PIXELS / np.prod(self.figure.get_size_inches())))
            self.figure.savefig(buffer, format="png", dpi=dots_per_inch)
        return buffer.getvalue()

    @cached_property
    def svg(self) -> bytes:
        """The figure as an SVG whose text is text, without its date or a random name."""
        buffer = BytesIO()
        with _in_style():
            lay_out(self.figure)
            self.figure.savefig(buffer, format="svg", metadata={"Date": None})
        return buffer.getvalue()


@contextmanager
def _in_style() -> Iterator[None]:
    """Draw in the style; a letter that the font lacks is a box, and no reason for lines of warnings."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def lay_out(figure: Figure) -> None:
    """Arrange the parts once and for all: each format would do it again, which takes longer than drawing.

    No engine is left, as matplotlib draws a figure that has one, even one that does nothing, twice for each format.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def save_figure(drawing: Drawing, path_stem: Path) -> tuple[Path, ...]:
    """Write the figure as PNG, PDF and SVG and its data as CSV at path_stem + suffix; returns the paths.

    No file carries its date or a random name, so the same figure is the same file.
    """
    path_stem.parent.mkdir(parents=True, exist_ok=True)
    png, pdf, svg, csv = (path_stem.with_name(path_stem.name + suffix) for suffix in (".png", ".pdf", ".svg", ".csv"))
    png.write_bytes(drawing.png)
    svg.write_bytes(drawing.svg)
    with _in_style(), matplotlib.rc_context({"font.sans-serif": pdf_font_families(drawing.figure)}):
        drawing.figure.savefig(pdf, metadata={"CreationDate": None})
    drawing.data.to_csv(csv, index=False)
    return png, pdf, svg, csv
