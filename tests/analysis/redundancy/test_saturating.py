"""The saturating law's draws: intervals hold the truth at their rate, and errors of the predictor do not flatten it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from analysis.redundancy.measurements import Measurements, measurements
from analysis.redundancy.saturating import SaturatingLaws, _likelihood, fit_saturating

Plant = Callable[..., pd.DataFrame]
Law = Callable[[np.ndarray], np.ndarray]


def fitted(points: pd.DataFrame, *, resamples: int = 60, seed: int = 0) -> tuple[Measurements, SaturatingLaws]:
    data, _ = measurements(points, "redundancy")
    rng = np.random.default_rng(seed)
    chances = np.full(data.num_clusters, 1 / data.num_clusters)
    counts = rng.multinomial(2 * data.num_clusters, chances, size=resamples).astype(float)
    return data, fit_saturating(data, counts, rng)


def test_band_and_forecast_cover_the_truth(planted_points: Plant, planted_law: Law) -> None:
    num_repeats, scatter, error = 30, 0.1, 0.1
    band, forecasts = 0, 0
    for seed in range(num_repeats):
        points = planted_points(num_clusters=8, noise=0.15, scatter=scatter, error=error, seed=seed)
        _, laws = fitted(points, seed=seed)
        low, high = np.quantile(laws.along(np.array([0.7])), [0.025, 0.975])
        band += low <= planted_law(np.array(0.7)) <= high
        rng = np.random.default_rng([1, seed])
        redundancy = rng.uniform(0.1, 1.4)
        truth = max(planted_law(redundancy) + scatter * rng.standard_normal(), 0)
        draws = laws.forecasts(redundancy + error * rng.standard_normal(), error)
        low, high = np.quantile(np.maximum(draws, 0), [0.025, 0.975])
        forecasts += low <= truth <= high
    # Fewer has a chance below 1 in 1,000 where coverage is 95 %.
    assert min(band, forecasts) >= stats.binom.ppf(0.001, num_repeats, 0.95)


def test_intervals_are_not_wide_beyond_need(planted_points: Plant) -> None:
    """Against least squares of a straight line by the noise that is known, whose interval is exact."""
    scatter = 0.1
    points = planted_points(lambda x: 0.2 + 0.4 * x, num_clusters=20, noise=0.01, scatter=scatter, error=0.0)
    data, laws = fitted(points, resamples=200)
    width = float(np.ptp(np.quantile(laws.along(np.array([0.75])), [0.025, 0.975])))
    # The mean of a cluster scatters by √(3/4) of an encoder; a law of three parameters costs up to √2 in the middle.
    exact = 2 * 1.96 * np.sqrt(0.75) * scatter / np.sqrt(data.num_clusters)
    assert exact < width < 2.2 * exact


def test_errors_of_the_predictor_do_not_flatten_the_law(planted_points: Plant) -> None:
    slope = 0.7
    rises, naive = [], []
    for seed in range(5):
        points = planted_points(
            lambda x: 0.2 + slope * x, num_clusters=30, noise=0.03, scatter=0.03, error=0.4, seed=seed
        )
        for found, table in ((rises, points), (naive, points.assign(redundancy_low=0.0, redundancy_high=0.0))):
            _, laws = fitted(table, resamples=40)
            found.append(float(np.median(np.diff(laws.along(np.array([0.4, 1.1]))))))
    truth = slope * (1.1 - 0.4)
    # Errors of 0.4 beside a spread of 0.43 take almost half of the slope from whoever ignores them.
    assert np.mean(naive) < 0.75 * truth
    assert np.mean(rises) == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize(("optimum", "below", "above"), [(0.4, 0.2, 0.1), (0.0, 0.3, 0.3), (1.0, 0.05, 0.4)])
def test_the_likelihood_is_the_integral_that_it_stands_for(optimum: float, below: float, above: float) -> None:
    """Against numerical integration of the measurement's curve, level beyond the grid, times the normal density."""
    first, last = 0.0, 1.0
    one = np.array([0])
    data = Measurements(
        predictor=np.zeros(1),
        deviation=np.zeros(1),
        optimum=np.array([optimum]),
        below=np.array([below]),
        above=np.array([above]),
        first=np.array([first]),
        last=np.array([last]),
        cluster=one,
        place=one,
    )

    def measurement(true: float) -> float:
        seen = np.clip(true, first, last)
        return np.exp(-0.5 * ((seen - optimum) / (below if seen < optimum else above)) ** 2)

    for mean, scatter in ((-0.3, 0.2), (0.5, 0.05), (1.2, 0.6)):
        expected, _ = integrate.quad(
            lambda true, mean=mean, scatter=scatter: measurement(true) * stats.norm.pdf(true, mean, scatter),
            mean - 9 * scatter,
            mean + 9 * scatter,
            points=[first, optimum, last],
            limit=200,
        )
        found = _likelihood(data, np.array([[mean]]), np.array([scatter]))
        assert found.item() == pytest.approx(expected, rel=1e-6)
