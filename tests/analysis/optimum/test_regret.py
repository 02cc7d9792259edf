"""Regret: what a hand can work out, an interval that holds although the best was picked, and nothing for the best."""

import numpy as np
import pytest
from scipy import stats

from analysis.optimum import forecast_regret

GRID = [0.0, 0.5, 1.0]


def test_it_is_the_mean_gain_of_the_best_over_the_forecast() -> None:
    scores = [[0.6, 0.7], [0.8, 0.7], [0.7, 0.7]]
    found = forecast_regret(GRID, scores, 0.0)
    # Gains over λ = 0 are (.2, .0) and (.1, .0): the better mean is .1, with a standard error of .1.
    assert (found.value, found.best) == (pytest.approx(0.1), 0.5)
    assert found.interval is not None
    assert found.interval[1] == pytest.approx(0.1 + 0.1 * stats.t.ppf(1 - 0.025 / 2, 1))


def test_the_best_of_the_sweep_has_none() -> None:
    found = forecast_regret(GRID, [[0.6, 0.7], [0.8, 0.7], [0.7, 0.7]], 0.5)
    assert (found.value, found.best) == (0.0, 0.5)
    assert found.interval is not None and found.interval[0] == 0.0


def test_levels_of_seeds_do_not_matter() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, (3, 4))
    levels = np.array([0.1, -0.2, 0.3, 0.0])
    expected = forecast_regret(GRID, scores, 1.0)
    assert forecast_regret(GRID, scores + levels, 1.0).value == pytest.approx(expected.value)


def test_the_interval_holds_the_true_regret_although_the_best_was_picked() -> None:
    num_repeats = 300
    truth = np.array([0.70, 0.72, 0.72, 0.71, 0.70, 0.69])
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(num_repeats):
        scores = truth[:, None] + 0.02 * rng.standard_normal((6, 4))
        interval = forecast_regret(np.arange(6), scores, 3.0).interval
        assert interval is not None
        held += interval[0] <= 0.01 <= interval[1]
    # Fewer has a chance below 1 in 1,000 where coverage is 95 %.
    assert held >= stats.binom.ppf(0.001, num_repeats, 0.95)


def test_one_seed_bounds_nothing() -> None:
    assert forecast_regret(GRID, [[0.6], [0.8], [0.7]], 0.0).interval is None


def test_a_forecast_that_was_not_trained_is_refused() -> None:
    with pytest.raises(ValueError, match=r"one of the grid's λ \[0.0, 0.5, 1.0\], got 0.7"):
        forecast_regret(GRID, np.zeros((3, 2)), 0.7)
