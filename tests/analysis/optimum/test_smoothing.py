"""The smooth curve: it interpolates where there is no noise, smooths where there is, and does not ring."""

import numpy as np
import pytest

from analysis.optimum import unit_positions
from analysis.optimum.noise import SeedNoise, fit_noise
from analysis.optimum.smoothing import SmoothCurve, smooth_curve


def noise_of(deviation: float, lambdas: np.ndarray, num_seeds: int = 4, seed: int = 0) -> SeedNoise:
    scores = deviation * np.random.default_rng(seed).standard_normal((len(lambdas), num_seeds))
    return fit_noise(scores, unit_positions(lambdas), 1e-20)


def fit(lambdas: np.ndarray, means: np.ndarray, deviation: float, num_draws: int = 500) -> SmoothCurve:
    return smooth_curve(lambdas, means, noise_of(deviation, lambdas), np.random.default_rng(1), num_draws)


MEANS = np.array([0.70, 0.73, 0.74, 0.72, 0.69, 0.66, 0.60])


def test_the_axis_runs_from_0_to_1_whatever_the_unit(grid: np.ndarray) -> None:
    positions = unit_positions(grid)
    assert positions[0] == 0 and positions[-1] == 1
    assert (np.diff(positions) > 0).all()
    np.testing.assert_allclose(unit_positions(10 * grid), positions)
    # Steps of the grid are about even on it, which they are not in λ (from 0.1 to 0.5 of its length).
    assert np.diff(positions).max() < 4 * np.diff(positions).min()


def test_without_noise_the_fit_passes_through_the_means(grid: np.ndarray) -> None:
    curve = fit(grid, MEANS, deviation=1e-6)
    at_grid = np.isin(curve.lambdas, grid)
    assert at_grid.sum() == len(grid)
    np.testing.assert_allclose(curve.values[at_grid], MEANS, atol=1e-5)


def test_noise_is_smoothed_away(grid: np.ndarray) -> None:
    zigzag = 0.7 + 0.01 * np.array([1, -1, 1, -1, 1, -1, 1])
    curve = fit(grid, zigzag, deviation=0.05)
    # The seeds scatter five times as much as the zigzag: little of it is signal.
    assert np.ptp(curve.values) < 0.5 * np.ptp(zigzag)


@pytest.mark.parametrize("height", [1.0, -1.0])
def test_a_step_does_not_ring(grid: np.ndarray, height: float) -> None:
    step = height * np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    curve = fit(grid, step, deviation=1e-4)
    overshoot = max(-(curve.values / height).min(), (curve.values / height).max() - 1)
    # A natural cubic spline through these points overshoots by 10 %.
    assert overshoot < 0.06


def test_shift_scale_and_unit_of_lambda(grid: np.ndarray) -> None:
    curve = fit(grid, MEANS, deviation=0.01)
    moved = smooth_curve(10 * grid, 5 + 3 * MEANS, noise_of(0.03, grid), np.random.default_rng(1), len(curve.draws))
    np.testing.assert_allclose(moved.lambdas, 10 * curve.lambdas)
    np.testing.assert_allclose(moved.values, 5 + 3 * curve.values, rtol=1e-6)
    np.testing.assert_allclose(np.diff(moved.draws), 3 * np.diff(curve.draws), rtol=1e-4, atol=1e-8)


def test_draws_scatter_about_the_fit_and_more_between_the_grid_points(grid: np.ndarray) -> None:
    curve = fit(grid, MEANS, deviation=0.002, num_draws=4000)
    relative = curve.draws - curve.draws[:, :1]
    error = relative.std(axis=0) / np.sqrt(len(relative))
    difference = relative.mean(axis=0) - (curve.values - curve.values[0])
    # Noise covariances are drawn anew, which pulls single draws a little; far less than one draw scatters.
    assert (np.abs(difference) <= 5 * error + 0.2 * relative.std(axis=0)).all()
    between, at_last = np.searchsorted(curve.lambdas, 1.5), len(grid)
    assert relative[:, between].std() > relative[:, -1].std() > 0
    assert at_last < len(curve.lambdas)
