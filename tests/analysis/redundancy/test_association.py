"""Rank correlation: Kendall's where all is certain; uncertain and censored orders say nothing; chance is exact."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.redundancy.association import rank_correlation
from analysis.redundancy.measurements import Measurements, measurements


def measured(predictor: np.ndarray, optimum: np.ndarray, *, error: float = 0.0, last: float = 10.0) -> Measurements:
    """Encoders of one cluster each."""
    number = len(predictor)
    return Measurements(
        predictor=predictor,
        deviation=np.zeros(number),
        optimum=optimum,
        below=np.full(number, error),
        above=np.full(number, error),
        first=np.zeros(number),
        last=np.full(number, last),
        cluster=np.arange(number),
        place=np.zeros(number, dtype=int),
    )


def correlation(data: Measurements, *, resamples: int = 50, seed: int = 0):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(data.num_clusters, np.full(data.num_clusters, 1 / data.num_clusters), size=resamples)
    return rank_correlation(data, counts.astype(float), 0.95, rng)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_kendalls_where_nothing_is_uncertain(seed: int) -> None:
    rng = np.random.default_rng(seed)
    predictor, optimum = rng.integers(0, 6, (2, 15)).astype(float)  # with ties
    expected = stats.kendalltau(predictor, optimum).statistic
    assert correlation(measured(predictor, optimum)).value == pytest.approx(expected, abs=1e-12)


def test_it_turns_with_the_direction_and_ignores_monotone_changes() -> None:
    rng = np.random.default_rng(0)
    predictor, optimum = rng.uniform(0, 2, (2, 12))
    one = correlation(measured(predictor, optimum))
    assert correlation(measured(-predictor, optimum)).value == pytest.approx(-one.value)
    assert correlation(measured(np.exp(predictor), optimum)).value == pytest.approx(one.value)


def test_an_order_that_errors_hide_says_nothing() -> None:
    predictor = np.arange(8.0)
    optimum = np.array([0.0, 0.001, 0.002, 0.003, 2.003, 2.002, 2.001, 2.0])
    # Of 28 pairs, six within the second half disagree; errors leave the 16 pairs across the halves, which agree.
    assert correlation(measured(predictor, optimum)).value == pytest.approx((28 - 2 * 6) / 28)
    hidden = correlation(measured(predictor, optimum, error=0.2)).value
    assert hidden == pytest.approx(16 / np.sqrt(28 * 16), abs=0.001)


def test_two_optima_at_the_end_of_the_grid_have_no_order() -> None:
    predictor, optimum = np.arange(5.0), np.array([0.1, 0.2, 0.3, 1.0, 0.9])
    assert correlation(measured(predictor, optimum)).value == pytest.approx(stats.kendalltau(predictor, optimum)[0])
    ends_at_0_9 = measured(predictor, np.minimum(optimum, 0.9), last=0.9)
    # Nine pairs agree and the tenth is undetermined; tau-b of the tie would be 9 / √(10 · 9).
    assert correlation(ends_at_0_9).value == pytest.approx(9 / np.sqrt(90))


def test_a_larger_optimum_of_a_longer_grid_is_not_ranked_above_a_censored_one() -> None:
    data = measured(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 0.5]), last=1.0)
    # The first may lie anywhere beyond 1, so only its order to the third, and the second's to the third, are known.
    assert correlation(data).value == pytest.approx(-2 / np.sqrt(3 * 2))


def test_chance_is_exact_for_few_clusters() -> None:
    ordered = measured(np.arange(5.0), np.arange(5.0))
    found = correlation(ordered)
    assert found.p_value == pytest.approx(2 / 120)  # two of the orders of five are as extreme
    assert found.interval == (1.0, 1.0)


def test_chance_is_called_a_relation_at_the_nominal_rate() -> None:
    num_repeats = 400
    rng = np.random.default_rng(0)
    found = [correlation(measured(*rng.uniform(0, 1, (2, 5))), resamples=2) for _ in range(num_repeats)]
    told = sum(each.p_value <= 0.05 for each in found)
    # Of the 120 orders of five, 2 agree wholly and 8 in all but one pair: 2 / 120 is the level that is reached.
    assert stats.binom.ppf(0.0005, num_repeats, 2 / 120) <= told <= stats.binom.ppf(0.9995, num_repeats, 2 / 120)


def test_two_encoders_a_study_are_not_taken_for_two_studies(planted_points: Callable[..., pd.DataFrame]) -> None:
    """Encoders of a study share its predictor and part of its scatter, so only whole studies may be exchanged."""
    num_repeats = 200
    told = 0
    for seed in range(num_repeats):
        data, _ = measurements(planted_points(lambda x: 0 * x + 0.7, num_clusters=6, seed=seed), "redundancy")
        told += correlation(data, resamples=2).p_value <= 0.05
    # More has a chance below 1 in 1,000 where the level is 5 %.
    assert told <= stats.binom.ppf(0.999, num_repeats, 0.05)


def test_nothing_to_rank_is_no_correlation() -> None:
    found = correlation(measured(np.arange(4.0), np.zeros(4)))
    assert (found.value, found.p_value) == (0.0, 1.0)
