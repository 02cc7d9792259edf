"""λ*: planted optima and regimes are found, the interval covers, and nothing depends on units or order."""

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis import OptimalLambda, optimal_lambda
from analysis.optimum.optimal import _gain_interval
from analysis.optimum.smoothing import SmoothCurve


@pytest.mark.parametrize("shape", ["increasing", "saturating", "inverted_u", "decreasing", "flat"])
@pytest.mark.parametrize("num_seeds", [3, 10])
def test_planted_regimes_are_found(
    grid: np.ndarray, planted: Callable[..., np.ndarray], shape: str, num_seeds: int
) -> None:
    found = optimal_lambda(grid, planted(shape, num_seeds, noise=0.001, seed=1))
    assert found.regime == shape
    assert found.num_seeds == num_seeds


def test_optimum_of_a_planted_peak(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    found = optimal_lambda(grid, planted("inverted_u", noise=0.001))
    assert found.interval is not None and found.gain_interval is not None
    assert found.best == pytest.approx(0.8, abs=0.15)
    assert found.interval[0] <= 0.8 <= found.interval[1] < 1.9
    assert found.at_edge is None
    assert found.gain == pytest.approx(0.064, abs=0.004)  # 0.1 · 0.8²
    assert found.gain_interval[0] <= 0.064 <= found.gain_interval[1]
    # 0.6 and 1 lose 0.004 against the peak, four times the noise of one score; 0.4 loses 0.016.
    assert found.smallest_equivalent in (0.6, 0.8)


def drawn_curve(num_choices: int, num_draws: int = 40_000) -> SmoothCurve:
    """Gains of 3 at the last of several λ and of 0 at the others, each with a standard normal error of its own."""
    rng = np.random.default_rng(0)
    values = np.zeros(1 + num_choices)
    values[-1] = 3.0
    draws = np.zeros((num_draws, 1 + num_choices))
    draws[:, 1:] = values[1:] + rng.standard_normal((num_draws, num_choices))
    return SmoothCurve(lambdas=np.arange(1.0 + num_choices), values=values, draws=draws)


@pytest.mark.parametrize("num_choices", [1, 7, 50])
def test_the_gain_is_bounded_for_the_choice_of_its_lambda(num_choices: int) -> None:
    """The largest of n independent normal errors has a known quantile (Šidák 1967); with one λ nothing is chosen."""
    low, high = _gain_interval(drawn_curve(num_choices), 0.95)
    assert low == pytest.approx(3 - stats.norm.ppf(0.975 ** (1 / num_choices)), abs=0.05)  # error of a quantile
    assert high == pytest.approx(3 + stats.norm.ppf(0.975), abs=0.03)


def test_a_gain_at_the_first_lambda_is_zero() -> None:
    curve = drawn_curve(3)
    first = replace(curve, values=curve.values - 4 * (curve.lambdas > 0))
    assert _gain_interval(first, 0.95) == (0.0, 0.0)


@pytest.mark.parametrize(("shape", "edge", "best"), [("increasing", "upper", 2.0), ("decreasing", "lower", 0.0)])
def test_a_maximum_at_the_edge_is_named(
    grid: np.ndarray, planted: Callable[..., np.ndarray], shape: str, edge: str, best: float
) -> None:
    found = optimal_lambda(grid, planted(shape, noise=0.001))
    assert (found.at_edge, found.best) == (edge, best)


def test_more_seeds_narrow_the_interval(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    widths = []
    for num_seeds in (3, 30):
        found = optimal_lambda(grid, planted("inverted_u", num_seeds, noise=0.02))
        assert found.interval is not None
        widths.append(found.interval[1] - found.interval[0])
    assert widths[1] < 0.85 * widths[0]


def test_a_higher_confidence_widens_the_interval(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    scores = planted("inverted_u")
    narrow, wide = (optimal_lambda(grid, scores, confidence=level).interval for level in (0.5, 0.99))
    assert narrow is not None and wide is not None
    assert wide[0] <= narrow[0] and narrow[1] <= wide[1] and wide != narrow


@pytest.mark.parametrize(("shape", "truth"), [("inverted_u", 0.8), ("decreasing", 0.0), ("increasing", 2.0)])
def test_the_interval_covers_the_truth(
    grid: np.ndarray, planted: Callable[..., np.ndarray], shape: str, truth: float
) -> None:
    num_studies = 40
    covered = 0
    for seed in range(num_studies):
        found = optimal_lambda(grid, planted(shape, noise=0.02, seed=seed), resamples=300)
        assert found.interval is not None
        covered += found.interval[0] <= truth <= found.interval[1]
    # Fewer has a chance below 1 in 1,000 where coverage is 95 %.
    assert covered >= stats.binom.ppf(0.001, num_studies, 0.95)


def assert_same(found: OptimalLambda, expected: OptimalLambda, **changed: object) -> None:
    for name, value in (asdict(expected) | changed).items():
        if isinstance(value, str) or value is None:
            assert getattr(found, name) == value
        else:
            assert getattr(found, name) == pytest.approx(value, rel=1e-5, abs=1e-7), name


def test_levels_of_seeds_and_their_order_do_not_matter(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    scores = planted("inverted_u", num_seeds=5)
    expected = optimal_lambda(grid, scores)
    levels = np.array([0.1, -0.1, 0.2, -0.2, 0.0])  # of mean zero, so the score at the optimum stays
    assert_same(optimal_lambda(grid, scores + levels), expected)
    assert_same(optimal_lambda(grid, scores[:, [3, 1, 4, 0, 2]]), expected)


def test_units_of_scores_and_lambdas_carry_through(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    scores = planted("inverted_u")
    expected = optimal_lambda(grid, scores)
    assert expected.interval is not None and expected.gain_interval is not None
    assert expected.smallest_equivalent is not None
    assert_same(
        optimal_lambda(10 * grid, 7 + 100 * scores),
        expected,
        best=10 * expected.best,
        interval=tuple(10 * end for end in expected.interval),
        smallest_equivalent=10 * expected.smallest_equivalent,
        score=7 + 100 * expected.score,
        gain=100 * expected.gain,
        gain_interval=tuple(100 * end for end in expected.gain_interval),
    )


def test_the_same_call_gives_the_same_answer_and_another_seed_nearly(
    grid: np.ndarray, planted: Callable[..., np.ndarray]
) -> None:
    scores = planted("saturating")
    first = optimal_lambda(grid, scores)
    assert optimal_lambda(grid, scores) == first
    other = optimal_lambda(grid, scores, seed=1)
    assert (other.best, other.regime) == (first.best, first.regime)
    assert other != first


def test_one_seed_names_the_largest_score_and_claims_nothing(grid: np.ndarray) -> None:
    scores = np.array([0.5, 0.6, 0.9, 0.7, 0.6, 0.5, 0.4])[:, None]
    assert optimal_lambda(grid, scores) == OptimalLambda(
        best=0.4,
        interval=None,
        smallest_equivalent=None,
        regime=None,
        p_value=None,
        at_edge=None,
        score=0.9,
        gain=pytest.approx(0.4),  # pyright: ignore[reportArgumentType]
        gain_interval=None,
        num_seeds=1,
    )


@pytest.mark.parametrize("levels", [[0.5, 0.5, 0.5], [0.3, 0.5, 0.7]])
def test_equal_scores_at_every_lambda_are_flat(grid: np.ndarray, levels: list[float]) -> None:
    found = optimal_lambda(grid, np.ones((7, 1)) * levels)
    assert (found.regime, found.p_value, found.gain) == ("flat", 1.0, 0.0)
    assert found.interval == (0.0, 2.0)
    assert (found.best, found.smallest_equivalent) == (0.0, 0.0)


def test_seeds_that_agree_exactly_leave_no_doubt(grid: np.ndarray) -> None:
    means = np.array([0.5, 0.6, 0.8, 0.7, 0.6, 0.5, 0.4])
    found = optimal_lambda(grid, means[:, None] + np.zeros(2))
    assert found.regime == "inverted_u"
    assert found.smallest_equivalent == 0.4
    assert found.interval is not None
    # What lies between the grid's points is never known exactly.
    assert 0.2 < found.interval[0] <= found.best <= found.interval[1] < 0.6


@settings(max_examples=30, deadline=None)
@given(data=st.data(), num_lambdas=st.integers(2, 9), num_seeds=st.integers(2, 6))
def test_the_parts_of_an_answer_agree(data: st.DataObject, num_lambdas: int, num_seeds: int) -> None:
    steps = data.draw(st.lists(st.sampled_from([0.1, 0.25, 1.0]), min_size=num_lambdas, max_size=num_lambdas))
    lambdas = np.cumsum(steps) - (0.0 if data.draw(st.booleans()) else steps[0])
    values = st.floats(0, 1, width=32)
    scores = data.draw(arrays(np.float64, (num_lambdas, num_seeds), elements=values))
    found = optimal_lambda(lambdas, scores, resamples=60)
    assert found.interval is not None and found.p_value is not None and found.gain_interval is not None
    assert lambdas[0] <= found.interval[0] <= found.best <= found.interval[1] <= lambdas[-1]
    assert found.smallest_equivalent in lambdas
    assert 0 < found.p_value <= 1
    assert (found.regime == "flat") == (found.p_value > 0.05)
    assert (found.at_edge is None) == (found.best not in (lambdas[0], lambdas[-1]))
    assert found.gain >= 0
    assert found.gain_interval[0] <= found.gain_interval[1]
    if found.regime in ("flat", "decreasing"):
        assert found.smallest_equivalent == lambdas[0]


@pytest.mark.parametrize(
    ("lambdas", "scores", "message"),
    [
        ([0.0], [[1.0, 2.0]], "at least 2 λ"),
        ([0.0, 1.0], [1.0, 2.0], r"shape \[2 lambdas, at least 1 seed\], got \(2,\)"),
        ([0.0, 1.0], [[1.0], [2.0], [3.0]], r"got \(3, 1\)"),
        ([0.0, 1.0], np.empty((2, 0)), r"got \(2, 0\)"),
        ([0.0, 0.0], [[1.0], [2.0]], "strictly increasing"),
        ([1.0, 0.0], [[1.0], [2.0]], "strictly increasing"),
        ([-1.0, 0.0], [[1.0], [2.0]], "at least 0"),
        ([0.0, np.nan], [[1.0], [2.0]], "strictly increasing"),
        ([0.0, 1.0], [[1.0, np.nan], [np.nan, 3.0]], "a seed with a score at every λ, none of 2 has"),
        ([0.0, 1.0], [[1.0, 2.0], [2.0, np.inf]], "got infinite ones"),
    ],
)
def test_bad_input_is_refused(lambdas: list[float], scores: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimal_lambda(lambdas, scores)


def test_only_complete_seeds_count(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    scores = planted("saturating", 8)
    ragged = scores.copy()
    ragged[4, 5:] = np.nan
    assert optimal_lambda(grid, ragged) == optimal_lambda(grid, scores[:, :5])


def test_confidence_must_be_a_share(grid: np.ndarray, planted: Callable[..., np.ndarray]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1, got 95"):
        optimal_lambda(grid, planted("flat"), confidence=95)
