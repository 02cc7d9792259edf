"""Figures of a search: who was stopped when, every configuration at once, and which hyperparameters mattered."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from analysis.arrays import Array
from analysis.figures.plotting import ENCODER_STYLES, ON_LIGHT, STYLE, Drawing, draw_cells, lambda_label, short_name
from analysis.records import StudyRecords
from analysis.records.schema import BEST_ACCURACY, FINISHED
from analysis.search_tables import ended_configurations, searched_values, survivors

_MOST_PANELS_A_ROW = 5
_HALO = [withStroke(linewidth=2, foreground="white")]  # numbers stay readable where lines cross them
# Both ends can be told from white and from dark paper.
_ACCURACIES = LinearSegmentedColormap.from_list("accuracies", [style["color"] for style in ENCODER_STYLES[:2]])
_MOST_LINES = 500  # as lines of an SVG; more are one image in it
_JITTER = 0.12  # of a step between two values, so that equal configurations do not hide each other


def survivor_figure(records: StudyRecords) -> Drawing:
    """Configurations still in the search after each rung, by λ and variant. Raises ValueError without a search."""
    table = survivors(records)
    most = int(table["surviving"].to_numpy().max())
    if most == 0:
        raise ValueError("no configuration was searched")
    variants, epochs, lambdas = (list(dict.fromkeys(table[name])) for name in ("variant", "epoch", "lambda"))
    with matplotlib.rc_context(STYLE):
        figure, panels = _panels(len(variants), (0.6 + 0.34 * len(epochs), 0.75 + 0.22 * len(lambdas)))
        for panel, variant in zip(panels, variants, strict=True):
            counts = table.loc[table["variant"] == variant].pivot(index="lambda", columns="epoch", values="surviving")
            _draw_counts(panel, counts, most)
            panel.set_title(short_name(variant))
        figure.supxlabel("epoch (0: all that began)", fontsize=8)
        figure.supylabel("alignment weight λ", fontsize=8)
    return Drawing(
        figure=figure,
        data=table,
        caption="Configurations that were still in the search after each epoch at which some were stopped.",
    )


def parallel_coordinates(records: StudyRecords) -> Drawing:
    """Every configuration of the search as a line over λ, its hyperparameters and the best accuracy it reported.

    Those that were stopped early are thin and grey. Raises ValueError where no configuration has ended.
    """
    values = {"lambda": list(records.study["lambdas"]), **searched_values(records.study)}
    trials = ended_configurations(records)
    if trials.empty:
        raise ValueError("no configuration has ended")
    columns = ["variant", "configuration", "outcome", "epochs", *values, BEST_ACCURACY]
    data = trials.reindex(columns=columns).reset_index(drop=True)
    variants = [variant for variant in records.study["variants"] if variant in set(data["variant"])]
    accuracy = data[BEST_ACCURACY].to_numpy(dtype=float)
    limits = (float(accuracy.min()), float(accuracy.max()))
    with matplotlib.rc_context(STYLE):
        size = (1.2 + 0.85 * len(values), 1.9)
        figure, panels = _panels(len(variants), size, most_a_row=1 if size[0] > 5 else 2)
        for panel, variant in zip(panels, variants, strict=True):
            _draw_configurations(panel, data.loc[data["variant"] == variant], values, limits)
            panel.set_title(short_name(variant))
    return Drawing(
        figure=figure,
        data=data,
        caption=(
            "Every configuration of the search: λ, its hyperparameters, and the best mean validation accuracy it "
            "reported. Lines from blue to orange, the best, were trained to the end; grey ones were stopped early."
        ),
    )


def importance_figure(importance: pd.DataFrame) -> Drawing:
    """What each hyperparameter explains of the configurations' ranks, beside what chance does.

    Takes what `hyperparameter_importance` gives; raises ValueError where that is empty.
    """
    if importance.empty:
        raise ValueError("too few configurations ended to compare hyperparameters")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 0.9 + 0.3 * len(importance)), layout="constrained")
        panel = figure.subplots()
        places = np.arange(len(importance))[::-1]
        panel.barh(places, importance["explained"], height=0.6, color="#56B4E9", label="explained")
        chance: dict[str, Any] = {"color": "black", "marker": "|", "markersize": 14, "linestyle": ""}
        panel.plot(importance["chance"], places, label="mean by chance", **chance)
        for place, row in zip(places, importance.to_dict("records"), strict=True):
            panel.text(row["explained"] + 0.01, place, f"p = {row['p_value']:.2g}", va="center", fontsize=7)
        panel.set_yticks(places, [name.replace("_", " ") for name in importance["hyperparameter"]])
        panel.set_xlim(0, 1.12)
        panel.set_xticks(np.linspace(0, 1, 6))
        panel.set_xlabel("share of the configurations' ranks")
        figure.legend(loc="outside upper center", ncols=2)
    return Drawing(
        figure=figure,
        data=importance,
        caption="Share of the configurations' ranks that each hyperparameter explains, and how much chance would.",
    )


def _panels(
    number: int, size: tuple[float, float], most_a_row: int = _MOST_PANELS_A_ROW
) -> tuple[Figure, Sequence[Axes]]:
    """A figure of `number` panels of that size in inches; places that are left over stay blank."""
    columns = min(number, most_a_row)
    rows = -(-number // columns)
    figure = Figure(figsize=(max(size[0] * columns, 3.4), size[1] * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[number:]:
        panel.set_visible(False)
    return figure, list(panels[:number])


def _draw_counts(panel: Axes, counts: pd.DataFrame, most: int) -> None:
    draw_cells(panel, counts.to_numpy(dtype=float), cmap="Blues", vmin=0, vmax=2 * most)
    for row, column in np.ndindex(counts.shape):
        panel.text(column, row, str(counts.iloc[row, column]), color=ON_LIGHT, ha="center", va="center", fontsize=7)
    panel.set_xticks(range(counts.shape[1]), [str(epoch) for epoch in counts.columns])
    panel.set_yticks(range(counts.shape[0]), [lambda_label(lambda_) for lambda_ in counts.index])


def _draw_configurations(panel: Axes, data: pd.DataFrame, values: dict, limits: tuple[float, float]) -> None:
    accuracy = data[BEST_ACCURACY].to_numpy(dtype=float)
    span = max(limits[1] - limits[0], 1e-9)
    heights = [_heights(data[name].to_list(), choices) for name, choices in values.items()] + [
        (accuracy - limits[0]) / span
    ]
    lines = np.stack([np.column_stack([np.arange(len(heights)), height]) for height in np.stack(heights, axis=1)])
    finished = (data["outcome"] == FINISHED).to_numpy()
    drawn: dict[str, Any] = {"rasterized": len(lines) > _MOST_LINES}
    stopped: dict[str, Any] = drawn | {"colors": "0.7", "linewidths": 0.5, "alpha": 0.5}
    panel.add_collection(LineCollection(list(lines[~finished]), **stopped))
    order = np.argsort(accuracy[finished])  # the best on top
    coloured: dict[str, Any] = drawn | {"cmap": _ACCURACIES, "norm": Normalize(*limits), "linewidths": 0.9}
    panel.add_collection(LineCollection(list(lines[finished][order]), array=accuracy[finished][order], **coloured))
    for place, choices in enumerate(values.values()):
        panel.axvline(place, color="0.35", linewidth=0.7)
        for height, choice in zip(_positions(len(choices)), _sorted(choices), strict=True):
            panel.text(place + 0.04, height, _short(choice), fontsize=6, va="center", path_effects=_HALO)
    last = len(values)
    panel.axvline(last, color="0.35", linewidth=0.7)
    for height, value in ((0, limits[0]), (1, limits[1])):
        panel.text(last + 0.04, height, f"{value:.3f}", fontsize=6, va="center")
    names = ["λ", *(name.replace("_", " ", 1).replace("_", "\n") for name in list(values)[1:]), "accuracy"]
    panel.set_xticks(range(last + 1), names)
    panel.set_xlim(-0.15, last + 0.4)
    panel.set_ylim(-0.1, 1.1)
    panel.set_yticks([])
    panel.spines[["left", "bottom"]].set_visible(False)
    panel.tick_params(length=0)


def _heights(column: Sequence[Any], choices: Sequence[Any]) -> Array:
    """Where each configuration's value stands on its axis, 0 … 1, a little apart from its equals."""
    places = {choice: place for place, choice in enumerate(_sorted(choices))}
    none = places.get(None, 0)
    place = np.array([none if pd.isna(value) else places.get(value, 0) for value in column], dtype=float)
    spread = _JITTER * (np.linspace(-1, 1, len(column)) if len(column) > 1 else np.zeros(1))
    return (place + spread) / max(len(choices) - 1, 1) if len(choices) > 1 else np.full(len(column), 0.5)


def _positions(number: int) -> Array:
    return np.linspace(0, 1, number) if number > 1 else np.array([0.5])


def _sorted(choices: Sequence[Any]) -> list[Any]:
    return sorted(choices, key=lambda choice: (choice is not None, choice))


def _short(choice: Any) -> str:
    return "none" if choice is None else f"{choice:g}" if isinstance(choice, int | float) else str(choice)
