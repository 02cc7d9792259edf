"""VICReg against a naive loop, values by hand, and that it does not collapse."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alignment import Vicreg
from tests.alignment.objectives.pairs import differentiated, random_pair


def naive_loss(z_a: Tensor, z_b: Tensor, weights: tuple[float, float, float]) -> float:
    """The definition in Python's floats, one feature at a time, for one batch element [N, D]."""
    num_rows, width = z_a.shape
    invariance = sum((z_a[i, j] - z_b[i, j]).item() ** 2 for i in range(num_rows) for j in range(width))
    variance = covariance = 0.0
    for z in (z_a, z_b):
        columns = [z[:, j] - z[:, j].mean() for j in range(width)]
        for j, column in enumerate(columns):
            deviation = math.sqrt((column @ column).item() / (num_rows - 1) + 1e-4)
            variance += max(0.0, 1 - deviation) / width
            for other in columns[:j] + columns[j + 1 :]:
                covariance += ((column @ other).item() / (num_rows - 1)) ** 2 / width
    return weights[0] * invariance / (num_rows * width) + weights[1] * variance + weights[2] * covariance


@settings(deadline=None, max_examples=40)
@given(
    num_rows=st.integers(2, 12),
    width=st.integers(1, 6),
    weights=st.tuples(*[st.floats(0.0, 30.0)] * 3),
    scale=st.floats(0.01, 3.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_a_naive_loop(
    num_rows: int, width: int, weights: tuple[float, float, float], scale: float, seed: int
) -> None:
    z_a, z_b = (scale * z for z in random_pair(num_rows, width, seed=seed))
    loss = Vicreg(invariance=weights[0], variance=weights[1], covariance=weights[2])(z_a, z_b).item()
    assert loss == pytest.approx(naive_loss(z_a, z_b, weights), rel=1e-12)


def test_the_default_weights_are_the_published_ones() -> None:
    z_a, z_b = random_pair(7, 3)
    assert Vicreg()(z_a, z_b).item() == pytest.approx(naive_loss(z_a, z_b, (25.0, 25.0, 1.0)), rel=1e-12)


def test_each_term_by_hand() -> None:
    corners = torch.tensor([[2.0, 2.0], [2.0, -2.0], [-2.0, 2.0], [-2.0, -2.0]], dtype=torch.float64)
    # They agree, vary by more than 1, and their features are uncorrelated: nothing is left to lose.
    assert Vicreg()(corners, corners).item() == 0.0
    # A shift by 3 costs 3² in invariance and nothing else.
    assert Vicreg()(corners, corners + 3).item() == pytest.approx(25 * 9)
    # Equal features have the covariance 16 / 3: twice for each input, over two features.
    diagonal = corners[:, :1].expand(4, 2)
    assert Vicreg()(diagonal, diagonal).item() == pytest.approx(2 * (16 / 3) ** 2)
    # Constant features lack all but √1e-4 of their deviation, in both inputs.
    assert Vicreg()(0 * corners, 0 * corners).item() == pytest.approx(25 * 2 * 0.99)


def test_collapse_is_no_minimum_and_rows_that_nearly_collapsed_are_pushed_apart() -> None:
    spread = random_pair(8, 4)[0]
    collapsed = torch.ones_like(spread)
    nearly = collapsed + 1e-3 * spread
    assert Vicreg()(nearly, nearly) < Vicreg()(collapsed, collapsed)
    _, grad_a, _ = differentiated(Vicreg(), nearly, nearly)
    # Downhill is outward for every feature.
    assert ((-grad_a * (spread - spread.mean(dim=0))).sum(dim=0) > 0).all()
    # Without the variance term there would be nothing to win.
    without = Vicreg(variance=0.0)
    assert without(nearly, nearly) > without(collapsed, collapsed) == 0


@pytest.mark.parametrize("name", ["invariance", "variance", "covariance"])
@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "25", None])
def test_weights_that_mean_nothing_are_refused(name: str, weight: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        Vicreg(**{name: weight})
