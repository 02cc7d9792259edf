"""Figures of a study's curves: one function a figure, from tables to a matplotlib Figure (which needs no display)."""

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.arrays import Array
from analysis.figures.plotting import (
    CEILING_DASHES,
    CHANCE_LINE,
    ENCODER_STYLES,
    METRIC_LABELS,
    METRIC_STYLES,
    ON_DARK,
    ON_LIGHT,
    STYLE,
    Drawing,
    Tip,
    draw_cells,
    draw_chance,
    draw_curve,
    even_steps,
    label_lambdas,
    short_name,
)
from analysis.optimum import chance_curves, mean_curves
from analysis.words import run_ends, signed

# In inches: a phone shows a figure of one variant without making its letters small.
_NARROWEST, _OF_A_VARIANT = 3.4, 2.1
_LETTER, _BESIDE_A_LABEL, _BETWEEN = 0.064, 0.53, 0.22  # in inches, of a legend


def accuracy_and_alignment(
    scores: pd.DataFrame, alignment: pd.DataFrame, decisions: pd.DataFrame, *, confidence: float = 0.95
) -> Drawing:
    """Accuracy of both encoders over λ, what is decided, and the alignment reached, by variant (paper figure 3).

    scores and alignment as in `StudyRecords`, decisions as from `decision_table`. Bands are intervals of the mean over
    seeds. Each measure's chance level is a grey line with its dashes, and a band up to the 95 % point of chance.
    Accuracy without neutral rows is a row of its own where it is known. Raises ValueError where there are no scores.
    """
    if scores.empty:
        raise ValueError("there are no scores to draw; has the study confirmed any configuration?")
    variants, encoders = list(scores["variant"].unique()), list(scores["encoder"].unique())
    grid = np.unique(scores["lambda"])
    accuracy = mean_curves(scores, "accuracy", ["variant", "encoder"], confidence=confidence)
    nonzero = mean_curves(scores, "accuracy_nonzero", ["variant", "encoder"], confidence=confidence)
    similarity = mean_curves(alignment, "value", ["variant", "metric"], confidence=confidence)
    chance = chance_curves(alignment, ["variant", "metric"])
    heights = {"accuracy": 6, "λ*": 1.7, "alignment": 5}
    if not nonzero.empty:
        heights["without neutral"] = 5
    tips: list[Tip] = []
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(1.0 + _OF_A_VARIANT * len(variants), _NARROWEST), 1.0), layout="constrained")
        legend_rows = _add_legends(figure, encoders, bool(scores["ceiling"].notna().any()), confidence)
        figure.set_figheight(0.7 + 0.3 * sum(heights.values()) + 0.17 * legend_rows)
        ratios = {"height_ratios": list(heights.values())}
        panels = figure.subplots(len(heights), len(variants), squeeze=False, gridspec_kw=ratios)
        for (top, strip, bottom, *last), variant in zip(panels.T, variants, strict=True):
            top.set_title(short_name(variant))
            here = {"encoders": encoders, "grid": grid}
            tips += _draw_accuracy(top, _of(accuracy, "variant", variant), **here)
            _draw_ceilings(top, _of(scores, "variant", variant), encoders)
            _draw_decisions(top, strip, _of(decisions, "variant", variant), **here)
            similarity_here, chance_here = (_of(table, "variant", variant) for table in (similarity, chance))
            for metric, style in METRIC_STYLES.items():
                draw_chance(bottom, _of(chance_here, "metric", metric), grid, style)
                tips += draw_curve(bottom, _of(similarity_here, "metric", metric), grid, style, METRIC_LABELS[metric])
            for panel in last:
                tips += _draw_accuracy(panel, _of(nonzero, "variant", variant), **here)
        lowest = float(similarity["mean"].to_numpy().min(initial=0.0))
        _finish_rows(panels, list(heights), encoders, grid, lowest=lowest)
    return Drawing(
        figure=figure,
        data=_curve_data(accuracy, nonzero, similarity, chance, decisions),
        caption="Test accuracy of each encoder over λ, what is decided, and the alignment reached, beside chance.",
        tips=tips,
    )


def gain_by_lambda(gains: pd.DataFrame) -> Drawing:
    """Gain in accuracy over the smallest λ, by λ and variant, one panel an encoder (paper figure 4).

    gains as from `gain_bands`. A cell holds the gain in percentage points with half the width of the simultaneous band
    that the decision rests on; it is bold where the band leaves out zero. Colour is linear up to two points and
    logarithmic beyond, because losses dwarf gains. Raises ValueError where there is no gain to draw.
    """
    if gains.empty:
        raise ValueError("there are no gains to draw: no encoder has scores at two λ")
    first = float(gains["over"].iloc[0])  # one for all, as a study has one grid of λ
    variants, encoders = list(gains["variant"].unique()), list(gains["encoder"].unique())
    lambdas = np.unique(gains["lambda"])
    largest = max(100 * np.abs(gains["gain"].to_numpy(dtype=float)).max(), 2.0)
    norm = SymLogNorm(linthresh=2.0, linscale=1.5, vmin=-largest, vmax=largest)
    with matplotlib.rc_context(STYLE):
        size = (max(0.9 + 0.5 * len(lambdas) * len(encoders), 5.2), 1.2 + 0.42 * len(variants))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(encoders), sharey=True, squeeze=False)[0]
        for panel, encoder in zip(panels, encoders, strict=True):
            panel.set_title(short_name(encoder))
            _draw_gains(panel, _of(gains, "encoder", encoder), variants, lambdas, norm)
            label_lambdas(panel, lambdas)
        panels[0].set_yticks(range(len(variants)), list(map(short_name, variants)))
        figure.suptitle(
            f"gain in accuracy over λ = {first:g}, percentage points\n"
            "(± half the band over all λ together; bold where it leaves out zero)"
        )
    return Drawing(figure=figure, data=gains, caption=f"Gain in accuracy over λ = {first:g}, paired by seed.")


def _curve_data(
    accuracy: pd.DataFrame,
    nonzero: pd.DataFrame,
    similarity: pd.DataFrame,
    chance: pd.DataFrame,
    decisions: pd.DataFrame,
) -> pd.DataFrame:
    """Every mean that is drawn, and λ* with the accuracy there: one row a point."""
    similarity, chance = (table.loc[table["metric"].isin(METRIC_STYLES)] for table in (similarity, chance))
    known = decisions.dropna(subset="best")
    names = {"variant": "variant", "encoder": "curve", "best": "lambda", "low": "low", "high": "high"}
    optima = pd.DataFrame({new: known[old] for old, new in (names | {"accuracy_at_best": "mean"}).items()})
    parts = [
        accuracy.rename(columns={"encoder": "curve"}).assign(quantity="accuracy"),
        nonzero.rename(columns={"encoder": "curve"}).assign(quantity="accuracy without neutral rows"),
        similarity.rename(columns={"metric": "curve"}).assign(quantity="alignment"),
        chance.rename(columns={"metric": "curve", "chance": "mean", "chance_high": "high"}).assign(
            quantity="alignment by chance"
        ),
        optima.assign(quantity="lambda_star"),
    ]
    columns = ["quantity", "variant", "curve", "lambda", "mean", "low", "high", "num_seeds"]
    return pd.concat([part.reindex(columns=columns) for part in parts if not part.empty], ignore_index=True)


def _of(table: pd.DataFrame, column: str, label: str) -> pd.DataFrame:
    return table.loc[table[column] == label]


def _draw_accuracy(panel: Axes, curves: pd.DataFrame, encoders: Sequence[str], grid: Array) -> Iterable[Tip]:
    panel.margins(y=0.08)
    for encoder, style in zip(encoders, ENCODER_STYLES, strict=False):
        yield from draw_curve(panel, _of(curves, "encoder", encoder), grid, style, encoder)


def _draw_ceilings(panel: Axes, scores: pd.DataFrame, encoders: Sequence[str]) -> None:
    for encoder, style, dashes in zip(encoders, ENCODER_STYLES, CEILING_DASHES, strict=False):
        ceiling = _of(scores, "encoder", encoder)["ceiling"].dropna()
        if not ceiling.empty:
            panel.axhline(ceiling.iloc[0], color=style["color"], linestyle=dashes, linewidth=1.0)


def _draw_decisions(top: Axes, strip: Axes, decisions: pd.DataFrame, encoders: Sequence[str], grid: Array) -> None:
    """λ* as a star on each accuracy curve; on a strip below, for each encoder, the λ as good as it and the decision."""
    known = decisions.dropna(subset="best").set_index("encoder")
    for row, (encoder, style) in enumerate(zip(encoders, ENCODER_STYLES, strict=False)):
        if encoder not in known.index:
            continue
        optimum, color = known.loc[encoder], style["color"]
        best = even_steps(np.array(optimum["best"], dtype=float), grid)
        for ends in run_ends(optimum["as_good"]):
            steps = even_steps(np.array(ends), grid)
            strip.plot(steps, [row, row], color=color, marker="|", markersize=6, linewidth=2.2, alpha=0.55)
        star = {"marker": "*", "markersize": 10, "markeredgecolor": "black", "markeredgewidth": 0.6}
        for panel, height in ((top, optimum["accuracy_at_best"]), (strip, row)):
            panel.plot(best, height, color=color, linestyle="", zorder=5, **star)
        right = {"ha": "right", "va": "bottom", "fontsize": 6.5}
        strip.text(len(grid) - 0.75, row - 0.25, str(optimum["decision"]), color=color, **right)


def _finish_rows(
    panels: np.ndarray, rows: Sequence[str], encoders: Sequence[str], grid: Array, *, lowest: float
) -> None:
    """Name the rows at the left and λ below; alignment has one axis everywhere, so only the first panel numbers it.

    The debiased CKA may fall below 0, to `lowest`. λ is the same everywhere too, but matplotlib's shared axes take time
    that grows with the square of their number.
    """
    for panel, label in zip(panels[:, 0], rows, strict=True):
        panel.set_ylabel(label)
    for column in panels.T:
        strip, bottom = column[1:3]
        for panel in column:
            panel.set_xticks(range(len(grid)), [])
            panel.set_xlim(-0.3, len(grid) - 0.7)
        label_lambdas(column[-1], grid)
        strip.set_ylim(len(encoders) - 0.6, -0.8)
        strip.spines[["bottom", "left"]].set_visible(False)
        strip.set_xticks([])
        strip.set_yticks([])
        strip.tick_params(left=False)
        bottom.set_ylim(lowest, 1)
        bottom.tick_params(labelleft=bottom is panels[2, 0])
    panels[1, 0].set_yticks(range(len(encoders)), list(map(short_name, encoders)))


def _add_legends(figure: Figure, encoders: Sequence[str], has_ceilings: bool, confidence: float) -> int:
    """A legend above and one below, as many columns as the width takes; returns how many lines both have."""
    above: list[Artist] = []
    for encoder, style in zip(encoders, ENCODER_STYLES, strict=False):
        above.append(Line2D([], [], label=short_name(encoder), **style))
    if has_ceilings:
        for encoder, style, dashes in zip(encoders, ENCODER_STYLES, CEILING_DASHES, strict=False):
            label, color = f"ceiling, {short_name(encoder)}", style["color"]
            above.append(Line2D([], [], label=label, color=color, linestyle=dashes, linewidth=1))
    star: dict[str, Any] = {"marker": "*", "markersize": 9, "linestyle": "", "markeredgecolor": "black"}
    above.append(Line2D([], [], label="λ*, and all as good", color="0.75", **star))
    below: list[Artist] = []
    for metric, style in METRIC_STYLES.items():
        below.append(Line2D([], [], label=METRIC_LABELS[metric], **style))
    band = f"{100 * confidence:g} % interval"
    below.append(Patch(color="0.5", alpha=0.3, linewidth=0, label=band))
    below.append(Line2D([], [], label="chance, to its 95 %", **CHANCE_LINE))
    rows = 0
    places: tuple[tuple[Any, list[Artist]], ...] = (("outside upper center", above), ("outside lower center", below))
    for place, handles in places:
        longest = max(len(str(handle.get_label())) for handle in handles)
        columns = max(int((figure.get_figwidth() + _BETWEEN) / (_BESIDE_A_LABEL + _LETTER * longest)), 1)
        figure.legend(handles=handles, loc=place, ncols=min(columns, len(handles)))
        rows += -(-len(handles) // columns)
    return rows


def _draw_gains(panel: Axes, gains: pd.DataFrame, variants: Sequence[str], lambdas: Array, norm: SymLogNorm) -> None:
    """One encoder's cells; a combination without scores stays blank."""

    def percentage_points(column: str) -> Array:
        table = gains.pivot(index="variant", columns="lambda", values=column)
        return 100 * table.reindex(index=variants, columns=lambdas).to_numpy(dtype=float)

    mean, low, high = (percentage_points(column) for column in ("gain", "low", "high"))
    draw_cells(panel, mean, cmap="PuOr", norm=norm)
    for row, column in np.argwhere(np.isfinite(mean)):
        value, half_width = mean[row, column], (high[row, column] - low[row, column]) / 2
        text = signed(float(value), 1) + (f"\n±{half_width:.1f}" if np.isfinite(half_width) else "")
        leaves_out_zero = low[row, column] > 0 or high[row, column] < 0
        weight = "bold" if leaves_out_zero else "normal"
        color = ON_DARK if abs(norm(value) - 0.5) > 0.33 else ON_LIGHT
        centred = {"ha": "center", "va": "center", "fontsize": 6.5, "linespacing": 1.25}
        panel.text(column, row, text, fontweight=weight, color=color, **centred)
