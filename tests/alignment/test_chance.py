"""Chance levels: against all permutations of few rows, against many drawn ones, and on related inputs."""

from collections.abc import Callable
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment import (
    MeasuredSimilarity,
    debiased_cka,
    debiased_cka_with_chance,
    linear_cka,
    linear_cka_with_chance,
    mutual_knn,
    mutual_knn_with_chance,
    svcca,
    svcca_with_chance,
)
from alignment.neighbours import cosine_neighbours, mean_copies
from alignment.permutation_moments import Moments, cka_moments, debiased_cka_moments, neighbour_moments
from alignment.representations import centred_features

WithChance = Callable[[np.ndarray, np.ndarray], MeasuredSimilarity]
Pair = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def svcca_beside_chance(a: np.ndarray, b: np.ndarray) -> MeasuredSimilarity:
    return svcca_with_chance(a, b, np.random.default_rng(0))


def mutual_knn_beside_chance(a: np.ndarray, b: np.ndarray) -> MeasuredSimilarity:
    return mutual_knn_with_chance(a, b, np.random.default_rng(0))


PAIRS = [
    (linear_cka, linear_cka_with_chance),
    (debiased_cka, debiased_cka_with_chance),
    (svcca, svcca_beside_chance),
    (mutual_knn, mutual_knn_beside_chance),
]
every_measure = pytest.mark.parametrize(("measure", "with_chance"), PAIRS)


def gaussian_pair(num_rows: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.random.default_rng(seed).standard_normal((2, num_rows, width))
    return a, b


def layer_pair(num_rows: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two unrelated outputs of a random ReLU layer: unequal directions, rows of unequal length, copies if narrow."""
    draw = np.random.default_rng(seed)
    inputs, weights = draw.standard_normal((2, num_rows, 8)), draw.standard_normal((2, 8, width))
    a, b = np.maximum(inputs @ weights, 0)
    return a, b


def over_all_permutations(measure: Callable[..., float], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([measure(a, b[list(order)]) for order in permutations(range(len(b)))])


def over_drawn_permutations(measure: Callable[..., float], a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    draw = np.random.default_rng(1)
    return np.array([measure(a, b[draw.permutation(len(b))]) for _ in range(count)])


@every_measure
def test_the_value_is_that_of_the_measure_alone(measure: Callable[..., float], with_chance: WithChance) -> None:
    for a, b in (gaussian_pair(40, 6), layer_pair(90, 20), (np.ones((30, 2)), np.ones((30, 3)))):
        assert with_chance(a, b).value == measure(a, b)


@settings(deadline=None, max_examples=10)
@given(num_rows=st.integers(4, 6), d_a=st.integers(1, 8), d_b=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
def test_mean_and_variance_of_both_ckas_are_those_over_all_permutations(
    num_rows: int, d_a: int, d_b: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    a, b = draw.standard_normal((num_rows, d_a)), draw.exponential(size=(num_rows, d_b))
    for measure, moments in ((linear_cka, cka_moments), (debiased_cka, debiased_cka_moments)):
        values, found = over_all_permutations(measure, a, b), moments(*centred_features(a, b))
        # Where four rows nearly lie on a line, unbiased estimates are differences of near equals.
        assert found.mean == pytest.approx(values.mean(), rel=1e-6, abs=1e-6)
        assert found.variance == pytest.approx(values.var(), rel=1e-6)
    assert found.variance == pytest.approx(2 / (num_rows * (num_rows - 3)), rel=1e-12)


@pytest.mark.parametrize(("num_rows", "k"), [(2, 1), (3, 1), (3, 2), (4, 1), (6, 2), (6, 4), (7, 3), (7, 6)])
def test_mean_and_variance_of_mutual_knn_are_those_over_all_permutations(num_rows: int, k: int) -> None:
    a, b = gaussian_pair(num_rows, 5)
    values = over_all_permutations(partial(mutual_knn, k=k), a, b)
    found = neighbour_moments(cosine_neighbours(a, k), cosine_neighbours(b, k))
    assert found.mean == pytest.approx(values.mean(), rel=1e-12) == pytest.approx(k / (num_rows - 1), rel=1e-12)
    # The variance is a difference of second moments of at most 1.
    assert found.variance == pytest.approx(values.var(), abs=1e-12)


def test_the_high_point_is_that_of_distributions_in_tables() -> None:
    # Chi-squared with 1, 4 and 10 degrees of freedom: skewness √(8 / degrees), 95 % below 3.841, 9.488, 18.307. The
    # approximation is off by 7 % of a deviation at one degree, and by about 1 % from 4 on.
    for degrees, point, error in ((1, 3.841, 0.08), (4, 9.488, 0.015), (10, 18.307, 0.015)):
        found = Moments(mean=degrees, variance=2 * degrees, skewness=np.sqrt(8 / degrees)).high_point()
        assert found == pytest.approx(point, abs=error * np.sqrt(2 * degrees))
    normal = [Moments(mean=1.0, variance=4.0, skewness=skewness).high_point() for skewness in (0.0, 1e-9, 1e-5)]
    assert normal == pytest.approx([1 + 2 * 1.644854] * 3, abs=1e-5)


@every_measure
@pytest.mark.parametrize("pair", [gaussian_pair, layer_pair])
@pytest.mark.parametrize(("num_rows", "width"), [(36, 64), (200, 4), (200, 64)])
def test_the_chance_level_is_that_of_many_permutations(
    measure: Callable[..., float], with_chance: WithChance, pair: Pair, num_rows: int, width: int
) -> None:
    a, b = pair(num_rows, width)
    found, values = with_chance(a, b), over_drawn_permutations(measure, a, b, 400)
    deviation = values.std()
    # Errors, in deviations: of a mean of 400 .05, and of the measure's own where it draws 200 .071.
    assert abs(found.chance - values.mean()) < 4 * np.hypot(0.05, 0.071) * deviation
    # The 95 % point of 400 errs by .1 to .15, more the heavier the tail; that of 200 by .15; the forms by .1.
    assert abs(found.chance_high - np.quantile(values, 0.95)) < 0.5 * deviation
    assert found.chance_high > found.chance + deviation


@every_measure
def test_one_value_in_twenty_of_unrelated_inputs_is_beyond_the_high_point(
    measure: Callable[..., float], with_chance: WithChance
) -> None:
    found = [with_chance(*gaussian_pair(40, 8, seed)) for seed in range(400)]
    beyond = np.mean([one.value > one.chance_high for one in found])
    assert abs(beyond - 0.05) < 3 * np.sqrt(0.05 * 0.95 / len(found))


@every_measure
def test_related_inputs_leave_chance(measure: Callable[..., float], with_chance: WithChance) -> None:
    a, b = gaussian_pair(60, 5)
    found = with_chance(a, a + b)
    assert found.value > found.chance + 2 * (found.chance_high - found.chance)


@every_measure
def test_permuting_the_rows_leaves_the_chance_level(measure: Callable[..., float], with_chance: WithChance) -> None:
    a, b = gaussian_pair(50, 6)
    other = with_chance(a, np.random.default_rng(7).permutation(b))
    if measure is svcca:  # which draws its permutations: two means and points of 200, as above
        deviation = np.sqrt(np.var(over_drawn_permutations(svcca, a, b, 200)))
        assert abs(other.chance - with_chance(a, b).chance) < 4 * 0.1 * deviation
    else:
        assert other.chance == pytest.approx(with_chance(a, b).chance, rel=1e-10)
        assert other.chance_high == pytest.approx(with_chance(a, b).chance_high, rel=1e-10)


@pytest.mark.parametrize(
    ("num_rows", "cka", "svcca_value", "knn"),
    [(36, 0.65, 0.46, 0.29), (138, 0.32, 0.23, 0.07), (2048, 0.03, 0.06, 0.005)],
)
def test_unrelated_encoders_give_what_the_docstrings_say(
    num_rows: int, cka: float, svcca_value: float, knn: float
) -> None:
    a, b = gaussian_pair(num_rows, 64)
    # The figures are rounded, and .65 = d / (n + d) ignores that the mean is taken out: .64.
    assert linear_cka_with_chance(a, b).chance == pytest.approx(cka, abs=0.02)
    assert svcca_beside_chance(a, b).chance == pytest.approx(svcca_value, abs=0.01)
    assert mutual_knn_beside_chance(a, b).chance == pytest.approx(knn, abs=0.005)


def test_ties_that_agree_by_chance_are_part_of_the_chance_level() -> None:
    # Two collapsed inputs agree on every tie, in whatever order their rows are: nothing is beyond chance.
    constant = mutual_knn_beside_chance(np.ones((30, 2)), np.full((30, 5), 0.3))
    assert constant == MeasuredSimilarity(value=1.0, chance=1.0, chance_high=1.0)
    # Half of the rows of each are one point.
    a, b = (np.where(np.arange(100)[:, None] % 2, x, 1.0) for x in gaussian_pair(100, 4))
    half = mutual_knn_beside_chance(a, b)
    assert half.chance > 2 * 10 / 99
    permuted = over_drawn_permutations(mutual_knn, a, b, 200)
    assert abs(half.chance - permuted.mean()) < 4 * permuted.std() / np.sqrt(20)


@pytest.mark.parametrize("num_copies", [2, 4])
def test_a_few_copies_of_each_row_do_not_show_in_the_chance_level(num_copies: int) -> None:
    num_rows = 200
    a, b = (np.tile(x, (num_copies, 1)) for x in gaussian_pair(num_rows // num_copies, 6))
    b = np.random.default_rng(3).permutation(b)
    assert mean_copies(a) == num_copies
    found, values = mutual_knn_beside_chance(a, b), over_drawn_permutations(mutual_knn, a, b, 1000)
    assert found.chance == pytest.approx(10 / (num_rows - 1), rel=1e-12)
    # As in the test of many permutations; ties may add half a deviation.
    assert abs(found.chance - values.mean()) < 0.5 * values.std()


@pytest.mark.parametrize("with_chance", [linear_cka_with_chance, debiased_cka_with_chance, svcca_beside_chance])
def test_a_collapsed_input_has_no_similarity_by_chance(with_chance: WithChance) -> None:
    _, b = gaussian_pair(30, 4)
    nothing = MeasuredSimilarity(value=0.0, chance=0.0, chance_high=0.0)
    assert with_chance(np.full_like(b, 0.3), b) == with_chance(b, np.full_like(b, 0.3)) == nothing


def test_svcca_is_measured_alike_with_the_same_draws() -> None:
    pair = gaussian_pair(50, 6)
    first, again, other = (svcca_with_chance(*pair, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first == again
    assert first.value == other.value and first.chance != other.chance


@pytest.mark.parametrize("with_chance", [linear_cka_with_chance, debiased_cka_with_chance])
def test_three_rows_are_too_few_for_both_ckas(with_chance: WithChance) -> None:
    with pytest.raises(ValueError, match="at least 4 rows, got 3"):
        with_chance(*gaussian_pair(3, 2))
