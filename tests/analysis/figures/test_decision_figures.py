"""Figures of what is decided: marks at λ* and at its gain, lines over all that is as good and over the band."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from analysis.conclusions import Conclusions
from analysis.figures import Drawing, even_steps, gain_at_lambda_star, lambda_star_figure

NAMES = ["variant", "encoder", "decision"]


def marks(drawing: Drawing) -> np.ndarray:
    """Where the tips are, [D, 2]."""
    return np.array([(tip.x, tip.y) for tip in drawing.tips])


def lines(drawing: Drawing) -> dict[float, list[float]]:
    """The ends of the line of each row that has one."""
    found = [line for line in drawing.figure.axes[0].collections if isinstance(line, LineCollection)]
    ends = [np.asarray(line.get_segments()[0]) for line in found]
    return {float(end[0, 1]): end[:, 0].tolist() for end in ends}


def test_every_encoder_is_a_row_with_its_decision(conclusions: Conclusions, grid: np.ndarray) -> None:
    decisions = conclusions.decisions
    best, low, high = (even_steps(decisions[name].to_numpy(), grid) for name in ("best", "low", "high"))
    drawing = lambda_star_figure(decisions, grid, NAMES)
    np.testing.assert_allclose(marks(drawing), np.column_stack([best, np.arange(4)]))
    wide = np.flatnonzero(low < high)
    assert lines(drawing) == {row: pytest.approx([low[row], high[row]]) for row in wide}
    labels = [", ".join(row) for row in decisions[NAMES].to_numpy()]
    assert [text.get_text() for text in drawing.figure.axes[0].texts] == labels
    assert [tip.text.split("\n")[0] for tip in drawing.tips] == labels


def test_gains_are_points_and_the_first_lambda_has_no_band(conclusions: Conclusions) -> None:
    decisions = conclusions.decisions
    drawing = gain_at_lambda_star(decisions, NAMES)
    np.testing.assert_allclose(marks(drawing)[:, 0], 100 * decisions["gain"])
    is_first = decisions["best"] == 0
    assert is_first.any() and not is_first.all()
    bands = {
        place: pytest.approx([100 * row["gain_low"], 100 * row["gain_high"]])
        for place, row in enumerate(decisions.to_dict("records"))
        if row["best"] > 0
    }
    assert lines(drawing) == bands
    assert ["none, as λ* is the first λ" in tip.text for tip in drawing.tips] == is_first.tolist()


def test_nothing_decided_is_refused(conclusions: Conclusions, grid: np.ndarray) -> None:
    nothing: pd.DataFrame = conclusions.decisions.iloc[:0]
    with pytest.raises(ValueError, match="nothing is decided"):
        lambda_star_figure(nothing, grid, NAMES)
    with pytest.raises(ValueError, match="nothing is decided"):
        gain_at_lambda_star(nothing, NAMES)
