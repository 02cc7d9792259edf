"""Figures of what is decided: marks at λ* and at its gain, lines over all that is as good and over the band."""

import numpy as np
import pandas as pd
import pytest

from analysis.conclusions import Conclusions
from analysis.figures import Drawing, even_steps, gain_at_lambda_star, lambda_star_figure

NAMES = ["variant", "encoder", "decision"]


def marks(drawing: Drawing) -> np.ndarray:
    """Where the tips are, [D, 2]."""
    return np.array([(tip.x, tip.y) for tip in drawing.tips])


def lines(drawing: Drawing) -> dict[float, list[list[float]]]:
    """The ends of the lines of each row that has any."""
    found: dict[float, list[list[float]]] = {}
    for line in drawing.figure.axes[0].lines:
        if line.get_marker() == "|":
            (x, y) = (np.asarray(data, dtype=float) for data in line.get_data())
            found.setdefault(float(y[0]), []).append(x.tolist())
    return found


def test_every_encoder_is_a_row_with_its_decision(conclusions: Conclusions, grid: np.ndarray) -> None:
    decisions = conclusions.decisions
    best, low, high = (even_steps(decisions[name].to_numpy(), grid) for name in ("best", "low", "high"))
    assert not decisions["as_good"].str.contains(",").any()
    drawing = lambda_star_figure(decisions, grid, NAMES)
    np.testing.assert_allclose(marks(drawing), np.column_stack([best, np.arange(4)]))
    assert lines(drawing) == {row: [pytest.approx([low[row], high[row]])] for row in range(4)}
    labels = [", ".join(row) for row in decisions[NAMES].to_numpy()]
    assert [text.get_text() for text in drawing.figure.axes[0].texts] == labels
    assert [tip.text.split("\n")[0] for tip in drawing.tips] == labels


def test_what_is_not_as_good_is_a_gap_in_the_line(conclusions: Conclusions) -> None:
    decisions = conclusions.decisions.iloc[:1].assign(as_good="0 to 0.1, 0.6")
    drawing = lambda_star_figure(decisions, np.array([0, 0.05, 0.1, 0.2, 0.6]), NAMES)
    assert lines(drawing) == {0: [[0, 2], [4, 4]]}
    assert "as good: 0 to 0.1, 0.6" in drawing.tips[0].text


def test_gains_are_points_and_the_first_lambda_has_no_band(conclusions: Conclusions) -> None:
    decisions = conclusions.decisions
    drawing = gain_at_lambda_star(decisions, NAMES)
    np.testing.assert_allclose(marks(drawing)[:, 0], 100 * decisions["gain"])
    is_first = decisions["best"] == 0
    assert is_first.any() and not is_first.all()
    bands = {
        place: [pytest.approx([100 * row["gain_low"], 100 * row["gain_high"]])]
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
