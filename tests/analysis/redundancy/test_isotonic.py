"""The monotone fit: as pooling of adjacent violators does it, and no worse for what lies beyond a censored value."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import isotonic_regression, minimize

from analysis.redundancy.isotonic import censored_isotonic


def pooled_adjacent_violators(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Naive: blocks that violate the order are pooled until none does."""
    blocks = [([value], [weight]) for value, weight in zip(values, weights, strict=True)]
    means = list(values)
    while any(one > other for one, other in pairwise(means)):
        first = next(number for number in range(len(means) - 1) if means[number] > means[number + 1])
        (value, weight), (next_value, next_weight) = blocks[first : first + 2]
        blocks[first : first + 2] = [(value + next_value, weight + next_weight)]
        means = [np.average(members, weights=heaviness) for members, heaviness in blocks]
    return np.concatenate([np.full(len(block[0]), mean) for block, mean in zip(blocks, means, strict=True)])


@pytest.mark.parametrize("seed", range(5))
def test_it_is_pooling_of_adjacent_violators(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, weights = rng.uniform(0, 1, 20), rng.uniform(0, 1, 20), rng.uniform(0.1, 2, 20)
    never = np.zeros(20, dtype=bool)
    order = np.argsort(x)
    values, fitted = censored_isotonic(x, y, weights, never, never, increasing=True)
    assert values == pytest.approx(x[order])
    assert fitted == pytest.approx(pooled_adjacent_violators(y[order], weights[order]))
    assert fitted == pytest.approx(isotonic_regression(y[order], weights=weights[order]).x)
    _, falling = censored_isotonic(x, -y, weights, never, never, increasing=False)
    assert falling == pytest.approx(-fitted)


def test_encoders_of_equal_predictor_share_their_mean() -> None:
    never = np.zeros(4, dtype=bool)
    values, fitted = censored_isotonic(
        np.array([1.0, 0.0, 1.0, 0.0]), np.array([2.0, 0.0, 4.0, 1.0]), np.ones(4), never, never, increasing=True
    )
    assert (values.tolist(), fitted.tolist()) == ([0.0, 1.0], [0.5, 3.0])


@pytest.mark.parametrize("seed", range(3))
def test_a_censored_value_costs_only_where_it_is_contradicted(seed: int) -> None:
    """Against a general minimiser of the same cost, over the increments of a rising curve."""
    rng = np.random.default_rng(seed)
    x, y, weights = np.arange(8.0), rng.uniform(0, 1, 8), rng.uniform(0.5, 2, 8)
    at_least, at_most = rng.random((2, 8)) < 0.3
    at_most &= ~at_least

    def cost(fitted: np.ndarray) -> float:
        excused = (at_least & (fitted > y)) | (at_most & (fitted < y))
        return float((weights * np.where(excused, 0, (fitted - y) ** 2)).sum())

    _, fitted = censored_isotonic(x, y, weights, at_least, at_most, increasing=True)
    bounds = [(None, None)] + [(0, None)] * 7
    best = minimize(lambda steps: cost(np.cumsum(steps)), np.full(8, 0.1), bounds=bounds, method="L-BFGS-B")
    assert cost(fitted) <= best.fun + 1e-3
    assert (np.diff(fitted) >= -1e-12).all()
