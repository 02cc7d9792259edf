"""The information that two modalities have about a label, per data set and pair (paper Table 1), as a figure."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.plotting import STYLE, Drawing, Tip, short_name

_COLORS = ("#009E73", "#0072B2", "#D55E00", "#CC79A7")
_MARKERS = ("^", "o", "s", "D")


def information_figure(information: pd.DataFrame, label: str = "variant") -> Drawing:
    """Atoms less their null's mean with 95 % intervals: two panels beside each other, one row for each of `label`.

    information as in `StudyRecords`, or of several studies one below the other. Raises ValueError where empty.
    """
    if information.empty:
        raise ValueError("no information was estimated")
    names, atoms = list(dict.fromkeys(information[label])), list(dict.fromkeys(information["atom"]))
    tips: list[Tip] = []
    with matplotlib.rc_context(STYLE):
        shown = list(map(short_name, names))
        size = (2.9 + 0.06 * max(map(len, shown)), 1.6 + 0.5 * len(names))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(2, 2, sharey=True).ravel()
        for panel, atom, color, marker in zip(panels, atoms, _COLORS, _MARKERS, strict=True):
            rows = information.loc[information["atom"] == atom].drop_duplicates(label).set_index(label).reindex(names)
            tips += _draw_atom(panel, rows, label, color, marker)
            panel.set_title(atom.replace("_", " "))
        panels[0].set_yticks(range(len(names)), shown)
        panels[0].set_ylim(len(names) - 0.5, -0.5)
        figure.supxlabel("bits", fontsize=8)
        figure.legend(handles=_legend(information), loc="outside upper center", ncols=1)
    less_chance = ", less what chance alone gives" if has_null(information) else ""
    return Drawing(
        figure=figure,
        data=information,
        caption=f"What the modalities tell about the label, in bits{less_chance}.",
        tips=tips,
    )


def has_null(information: pd.DataFrame) -> bool:
    """Whether any estimate was compared with permuted labels, and had their mean taken off."""
    return bool(information["null_mean"].notna().to_numpy().any())


def _draw_atom(panel: Axes, rows: pd.DataFrame, label: str, color: str, marker: str) -> list[Tip]:
    """Draw the rows of one atom, indexed by their `label`, from the top down."""
    places = np.arange(len(rows))
    panel.axvline(0, color="0.6", linewidth=0.7)
    panel.hlines(places, rows["low"], rows["high"], color=color, linewidth=2, alpha=0.7)
    panel.plot(rows["corrected"], places, color=color, marker=marker, linestyle="")
    panel.plot(rows["null_mean"].astype(float), places, color="0.35", marker="|", markersize=9, linestyle="")
    panel.plot(rows["exact"].astype(float), places, **_EXACT)
    panel.margins(x=0.12)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)
    return [
        Tip(panel=panel, x=row["corrected"], y=place, text=_tip(row, label))
        for place, row in enumerate(rows.reset_index().to_dict("records"))
        if np.isfinite(row["corrected"])
    ]


def _tip(row: Mapping[Any, Any], label: str) -> str:
    chance = "" if pd.isna(row["null_mean"]) else f"by chance {row['null_mean']:.4f}\n"
    interval = f"95 % interval {row['low']:.4f} to {row['high']:.4f}"
    atom = f"{row[label]}: {row['atom'].replace('_', ' ')}"
    return f"{atom}\n{row['corrected']:.4f} bits\n{interval}\n{chance}n = {row['num_samples']:g} rows"


_EXACT: dict[str, Any] = {
    "color": "black",
    "marker": "D",
    "markerfacecolor": "none",
    "markersize": 7,
    "markeredgewidth": 0.8,
    "linestyle": "",
}


def _legend(information: pd.DataFrame) -> list[Line2D]:
    found = [Line2D([], [], color="0.3", marker="o", linewidth=2, label="corrected, 95 % interval")]
    if has_null(information):
        label = "mean by chance (null)"
        found.append(Line2D([], [], color="0.35", marker="|", markersize=9, linestyle="", label=label))
    if information["exact"].notna().to_numpy().any():
        found.append(Line2D([], [], label="exact, of the population", **_EXACT))
    return found
