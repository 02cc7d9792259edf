"""The map of λ* over redundancy and training rows."""

from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures.plotting import STYLE, Drawing, draw_cells, short_name


def map_figure(table: pd.DataFrame) -> Drawing:
    """Decisions by shared bits and training rows, one panel an encoder; table as from `decision_map`.

    A cell holds λ*, the λ that are as good, and the decision; it is hatched where alignment is not shown to gain.
    Raises ValueError where the table is empty.
    """
    if table.empty:
        raise ValueError("no λ* of synthetic data is known")
    encoders, bits, rows = (sorted(set(table[name])) for name in ("encoder", "shared_bits", "train_samples"))
    with matplotlib.rc_context(STYLE):
        size = (max(1.2 + 0.95 * len(rows) * len(encoders), 4.6), 1.3 + 0.55 * len(bits))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(1, len(encoders), sharey=True, squeeze=False)[0]
        highest = max(float(table["best"].to_numpy(dtype=float).max()), 1e-9)
        for panel, encoder in zip(panels, encoders, strict=True):
            _draw_cells(panel, table.loc[table["encoder"] == encoder], (bits, rows), highest)
            panel.set_title(short_name(encoder))
            panel.set_xlabel("training rows")
        panels[0].set_ylabel("shared bits R")
        figure.suptitle("λ*, the λ as good as it, and the decision; hatched: no gain over λ = 0 is shown")
    return Drawing(
        figure=figure,
        data=table,
        caption="What is decided, by the bits that both modalities share and by the number of training rows.",
    )


def _draw_cells(panel: Axes, table: pd.DataFrame, places: tuple[list[int], list[int]], highest: float) -> None:
    bits, rows = places
    values = np.full((len(bits), len(rows)), np.nan)
    for row in table.to_dict("records"):
        y, x = bits.index(row["shared_bits"]), rows.index(row["train_samples"])
        values[y, x] = row["best"]
        if row["decision"] != "align":
            hatched: dict[str, Any] = {"fill": False, "hatch": "///", "edgecolor": "0.75", "linewidth": 0}
            panel.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, **hatched))
        text: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.5, "linespacing": 1.15}
        box = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.2}
        panel.text(
            x, y, f"{row['best']:.2g}\n{row['as_good'].replace(' to ', '–')}\n{row['decision']}", bbox=box, **text
        )
    draw_cells(panel, values, cmap="Blues", vmin=0, vmax=1.3 * highest)
    panel.set_xticks(range(len(rows)), [f"{number:,}" for number in rows])
    panel.set_yticks(range(len(bits)), [str(number) for number in bits])
    panel.invert_yaxis()  # the fewest bits at the bottom
