"""Tests over all λ at once: exact for two λ, at the nominal rate for seven, and in the right order."""

import numpy as np
import pytest
from scipy import stats

from analysis.optimum import unit_positions
from analysis.optimum.evidence import Comparisons, compare_lambdas

ALPHA = 0.05


def compare(lambdas: np.ndarray, scores: np.ndarray, resamples: int = 1000, seed: int = 0) -> Comparisons:
    return compare_lambdas(
        scores,
        unit_positions(lambdas),
        alpha=ALPHA,
        floor=1e-20,
        rng=np.random.default_rng(seed),
        resamples=resamples,
    )


@pytest.mark.parametrize("effect", [0.0, 0.5, -1.0])
@pytest.mark.parametrize("num_seeds", [2, 5])
def test_two_lambdas_give_the_paired_t_test(effect: float, num_seeds: int) -> None:
    """With one difference there is nothing to pool and nothing to correct."""
    scores = np.random.default_rng(0).standard_normal((2, num_seeds))
    scores[1] += effect
    expected = stats.ttest_rel(scores[1], scores[0]).pvalue
    resamples = 20_000
    found = compare(np.array([0.0, 1.0]), scores, resamples)
    error = np.sqrt(expected * (1 - expected) / resamples)  # of a share among the resamples
    assert abs(found.flat - expected) < 4 * error
    favoured, other = sorted([found.rise, found.fall])
    assert favoured == found.flat
    assert other > 0.5


@pytest.mark.parametrize(
    ("means", "smallest", "rises", "falls"),
    [
        ([0, 0, 0, 1, 1, 1, 1], 3, True, False),
        ([0, 1, 2, 3, 4, 5, 6], 6, True, False),
        ([0, 1, 1, 1, 1, 1, 0], 1, True, True),
        ([1, 1, 1, 0, 0, 0, 0], 0, False, True),
        ([1, 0, 0, 0, 0, 0, 1], 0, False, False),
    ],
)
def test_clear_differences(grid: np.ndarray, means: list[float], smallest: int, rises: bool, falls: bool) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal((7, 4))
    noise -= noise.mean(axis=1, keepdims=True)  # the means are exactly the planted ones, ties included
    found = compare(grid, np.array(means, dtype=float)[:, None] + noise)
    assert (found.rise <= ALPHA, found.fall <= ALPHA) == (rises, falls)
    assert found.flat <= min(found.rise, found.fall)
    assert found.smallest_equivalent == smallest


def test_reading_the_grid_backwards_swaps_rise_and_fall() -> None:
    positions = np.linspace(0, 1, 7)
    scores = np.random.default_rng(3).standard_normal((7, 4)) + np.linspace(0, 1.5, 7)[:, None]
    resamples = 4000

    def of(values: np.ndarray) -> Comparisons:
        rng = np.random.default_rng(0)
        return compare_lambdas(values, positions, alpha=ALPHA, floor=1e-20, rng=rng, resamples=resamples)

    forwards, backwards = of(scores), of(scores[::-1])
    error = 4 * np.sqrt(2 * 0.25 / resamples)
    assert abs(forwards.rise - backwards.fall) < error
    assert abs(forwards.fall - backwards.rise) < error


@pytest.mark.parametrize("growth", [0.0, 3.0])
def test_a_flat_curve_is_called_flat_at_the_nominal_rate(grid: np.ndarray, growth: float) -> None:
    """Also where noise grows fourfold with λ; uncorrected tests of the same data err far more often."""
    num_studies, num_seeds = 150, 4
    rng = np.random.default_rng(0)
    deviation = 1 + growth * unit_positions(grid)[:, None]
    wrong, wrong_uncorrected = 0, 0
    for _ in range(num_studies):
        scores = deviation * rng.standard_normal((7, num_seeds)) + 3 * rng.standard_normal(num_seeds)
        wrong += compare(grid, scores, resamples=200).flat <= ALPHA
        single = stats.ttest_rel(scores[1:], scores[:1], axis=1).pvalue
        wrong_uncorrected += single.min() <= ALPHA
    # A count beyond this has a chance below 1 in 1,000 where the rate is 5 %.
    limit = stats.binom.ppf(0.999, num_studies, ALPHA)
    assert wrong <= limit < wrong_uncorrected


def test_pairing_by_seed_is_what_makes_small_effects_visible(grid: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    scores = np.array([0, 1, 1, 1, 1, 1, 0])[:, None] + 0.2 * rng.standard_normal((7, 4))
    scores += 3 * rng.standard_normal(4)
    unpaired = np.array([rng.permutation(row) for row in scores])
    assert compare(grid, scores).rise <= ALPHA < compare(grid, unpaired).rise
