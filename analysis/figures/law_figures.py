"""The law λ*(R) as a figure: encoders with their intervals, both fits, and the bands of what is not known."""

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.figures.plotting import STYLE, Drawing, short_name
from analysis.redundancy import PREDICTORS, RedundancyLaw

_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "P", "X", "v")


def law_figure(law: RedundancyLaw) -> Drawing:
    """λ* of every encoder over the law's predictor: a colour and marker a study, filled and open for its modalities."""
    points = law.points
    names = [f"{study}: {pair}" for study, pair in zip(points["study"], points["pair"], strict=True)]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 3.8), layout="constrained")
        panel = figure.subplots()
        curve = law.curve
        panel.fill_between(curve["predictor"], curve["low"], curve["high"], color="0.5", alpha=0.22, linewidth=0)
        panel.plot(curve["predictor"], curve["saturating"], color="black")
        panel.plot(curve["predictor"], curve["isotonic"], color="0.35", linestyle=(0, (4, 2)), linewidth=1.1)
        handles: list[Any] = []
        for place, name in enumerate(dict.fromkeys(names)):
            style: dict[str, Any] = {"color": _COLORS[place % len(_COLORS)], "marker": _MARKERS[place % len(_MARKERS)]}
            here = points.loc[[other == name for other in names]]
            pair = here["pair"].iloc[0]
            for encoder in dict.fromkeys(here["encoder"]):
                filled = style["color"] if pair.startswith(f"{encoder}+") else "white"
                of_modality = here.loc[here["encoder"] == encoder]
                _draw_points(panel, of_modality, law.predictor, style | {"markerfacecolor": filled})
                label = f"{short_name(here['study'].iloc[0])}: {short_name(encoder)}"
                handles.append(Line2D([], [], label=label, linestyle="", markerfacecolor=filled, **style))
        handles += [
            Line2D([], [], color="black", label="saturating fit"),
            Line2D([], [], color="0.35", linestyle=(0, (4, 2)), label="isotonic fit"),
            Patch(color="0.5", alpha=0.3, linewidth=0, label=f"{100 * law.confidence:g} % band of the saturating fit"),
        ]
        panel.set_xlabel(PREDICTORS[law.predictor])
        panel.set_ylabel("λ*")
        highest = 1.15 * float(np.nanmax([*points["best_high"], *curve["saturating"]]))
        panel.set_ylim(-0.05 * highest, highest)  # the band may go far beyond what any study tried
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return Drawing(
        figure=figure,
        data=_law_data(law),
        caption=(
            f"λ* of every encoder with all that could still be its best, over the {PREDICTORS[law.predictor]}. "
            "Where the band leaves the figure, it goes on."
        ),
    )


def _draw_points(panel: Any, points: pd.DataFrame, predictor: str, style: dict[str, Any]) -> None:
    x, best = points[predictor].to_numpy(dtype=float), points["best"].to_numpy(dtype=float)
    errors: dict[str, Any] = {"fmt": "none", "ecolor": style["color"], "elinewidth": 1.0, "alpha": 0.55}
    panel.errorbar(x, best, yerr=_lengths(points, "best", ("best_low", "best_high")), **errors)
    if {f"{predictor}_low", f"{predictor}_high"} <= set(points.columns):
        panel.errorbar(x, best, xerr=_lengths(points, predictor, (f"{predictor}_low", f"{predictor}_high")), **errors)
    panel.plot(x, best, linestyle="", markeredgecolor=style["color"], markeredgewidth=0.9, **style)


def _lengths(points: pd.DataFrame, value: str, bounds: tuple[str, str]) -> np.ndarray:
    """How far the interval reaches below and above the value, [2, P]; a bound on its wrong side counts as none."""
    low, middle, high = (points[name].to_numpy(dtype=float) for name in (bounds[0], value, bounds[1]))
    return np.maximum(np.vstack([middle - low, high - middle]), 0.0)


def _law_data(law: RedundancyLaw) -> pd.DataFrame:
    """Points and curves, one below the other, told apart by the column `part`."""
    points = law.points.assign(part="encoder", predictor=law.points[law.predictor])
    return pd.concat([points, law.curve.assign(part="curve")], ignore_index=True)
