"""The decision: four words by hand, every odd table, invariances, and that words never contradict their band."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.decision import Decision, decide, spent_at
from analysis.decision.band import gain_band
from analysis.decision.band_verdict import word_of
from analysis.decision.needed_seeds import further_seeds, seeds_are_spent
from analysis.decision.paired_differences import PairedDifferences

GRID = [0.0, 0.1, 0.4, 1.0, 4.0]
MARGIN = 0.005


def scores_of(
    gains: Sequence[float], num_seeds: int = 32, scatter: float = 0.001, seed: int = 0, exact: bool = True
) -> np.ndarray:
    """Scores [L, S] with these gains in points; `exact`: the means over seeds are the planted ones."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(gains), num_seeds))
    if exact:
        noise -= noise.mean(axis=1, keepdims=True)
    return 0.7 + np.array(gains)[:, None] / 100 + scatter * noise + 0.02 * rng.standard_normal(num_seeds)


@pytest.mark.parametrize(
    ("gains", "word", "best", "as_good", "harmful_from", "harmless_to", "shape"),
    [
        ([0, 1, 2, 1.8, -3], "align", 0.4, (0.4, 1.0), 4.0, None, "inverted_u"),
        ([0, 1, 2, 3, 4], "align", 4.0, (4.0,), None, None, "increasing"),
        ([0, 1, 2, 2, 2], "align", 0.4, (0.4, 1.0, 4.0), None, None, "saturating"),
        ([0, 0.2, 0, -1, -3], "align", 0.1, (0.0, 0.1, 0.4), 1.0, 0.4, "inverted_u"),
        ([0, -0.01, -0.9, -2, -3], "do not align", 0.0, (0.0, 0.1), 0.4, 0.1, "decreasing"),
        ([0, -1, -1, -1, -1], "do not align", 0.0, (0.0,), 0.1, None, "decreasing"),
        ([0, -0.01, -2, -0.01, -0.01], "do not align", 0.0, (0.0, 0.1, 1.0, 4.0), None, 0.1, "decreasing"),
        ([0, 0.02, 0, 0, 0.01], "no difference", 0.1, (0.0, 0.1, 0.4, 1.0, 4.0), None, 4.0, "flat"),
    ],
)
def test_clear_curves(gains, word, best, as_good, harmful_from, harmless_to, shape) -> None:
    """With a standard error of .02 points everything but ties is clear."""
    scores = scores_of(gains)
    scores[1:] -= scores[1:].mean(axis=1, keepdims=True) - scores[0].mean() - np.array(gains[1:])[:, None] / 100
    found = decide(GRID, scores)
    assert (found.word, found.best, found.shape) == (word, best, shape)
    assert found.as_good == as_good
    assert (found.harmful_from, found.harmless_to) == (harmful_from, harmless_to)
    assert found.gain == pytest.approx(gains[GRID.index(best)] / 100, abs=1e-12)
    assert (found.contenders, found.more_seeds, found.seeds_cannot_tell) == ((), None, False)


def test_noise_leaves_it_undecided() -> None:
    found = decide(GRID, scores_of([0, 0.3, 0.2, 0, -4], num_seeds=8, scatter=0.01))
    assert (found.word, found.shape) == ("undecided", None)
    assert found.contenders == (0.0, 0.1, 0.4, 1.0)
    assert found.more_seeds is not None


def test_two_lambdas_give_the_paired_t_interval() -> None:
    """With one difference there is nothing to correct but the look."""
    scores = scores_of([0, 1], num_seeds=9, scatter=0.01, exact=False)
    for look in (1, 8):
        found = decide([0, 1], scores, look=look)
        level = 1 - spent_at(look, 0.05)
        expected = stats.ttest_rel(scores[1], scores[0]).confidence_interval(level)
        np.testing.assert_allclose([found.lows[1], found.highs[1]], expected, rtol=1e-9)


def test_many_lambdas_widen_the_band_less_than_bonferroni() -> None:
    """λ that all differ from the first by the same noise are one comparison, independent ones almost as many as λ."""
    rng = np.random.default_rng(1)
    common, own = rng.standard_normal(64), rng.standard_normal((9, 64))
    own[0] = 0

    def widths(share: float) -> np.ndarray:
        scores = 0.01 * (share * np.where(np.arange(9) > 0, 1, 0)[:, None] * common + (1 - share) * own)
        found = decide(np.arange(9), 0.5 + scores)
        deviations = (scores[1:] - scores[0]).std(axis=1, ddof=1)
        return (found.highs[1:] - found.gains[1:]) * np.sqrt(64) / deviations

    def quantile(number: int) -> float:
        return float(stats.t.isf(spent_at(1, 0.05) / 2 / number, 63))

    # 20,000 draws give the level to a tenth or so, the quantile to 1 %.
    np.testing.assert_allclose(widths(0.0), quantile(8), rtol=0.015)
    assert quantile(1) < widths(0.97)[0] < 0.93 * quantile(8)


def test_the_scatter_of_one_lambda_widens_no_other() -> None:
    calm = scores_of([0, 1, 1, 1, 1], num_seeds=8, scatter=0.002)
    wild = calm.copy()
    wild[-1] += 0.2 * np.random.default_rng(3).standard_normal(8)
    before, after = decide(GRID, calm), decide(GRID, wild)
    # Only the correlation with the wild λ changes, so the widths stay as they are to a few percent.
    np.testing.assert_allclose((after.highs - after.lows)[1:4], (before.highs - before.lows)[1:4], rtol=0.05)
    assert (after.highs - after.lows)[4] > 20 * (before.highs - before.lows)[4]


def test_one_seed_decides_nothing() -> None:
    found = decide(GRID, scores_of([0, 1, 2, 3, -9])[:, :1])
    assert (found.word, found.best, found.num_seeds) == ("undecided", 1.0, (1, 1, 1, 1, 1))
    assert found.gain_interval == (-np.inf, np.inf)
    assert (found.as_good, found.contenders, found.more_seeds) == (tuple(GRID), tuple(GRID), None)


@pytest.mark.parametrize(
    ("gains", "word"),
    [([0, 0, 0, 0, 0], "no difference"), ([0, 1, 1, 1, 1], "align"), ([0, 0, 0, 0, -1], "do not align")],
)
def test_seeds_without_any_scatter_are_believed(gains: list[float], word: str) -> None:
    found = decide(GRID, np.repeat(0.5 + np.array(gains)[:, None] / 64, 4, axis=1))
    assert found.word == word
    np.testing.assert_array_equal(found.lows, found.highs)


def test_seeds_that_agree_at_one_lambda_are_not_believed_where_they_scatter_at_others() -> None:
    """Three seeds that gain one test row of 138 each agree by luck."""
    scores = scores_of([0, 1, 0, 0, 0], num_seeds=3, scatter=0.01)
    scores[1] = scores[0] + 1 / 138
    found = decide(GRID, scores)
    assert found.lows[1] < 0 < found.gains[1] < found.highs[1]
    assert found.word == "undecided"


def test_a_seed_that_diverged_at_one_lambda_still_counts_at_the_others() -> None:
    scores = scores_of([0, 1, 2, 2, 1], num_seeds=8, scatter=0.003)
    missing = scores.copy()
    missing[4, 2] = np.nan
    whole, found = decide(GRID, scores), decide(GRID, missing)
    assert found.num_seeds == (8, 8, 8, 8, 7)
    np.testing.assert_array_equal(found.gains[:4], whole.gains[:4])
    expected = np.delete(scores[4] - scores[0], 2).mean()
    assert found.gains[4] == pytest.approx(expected, abs=1e-12)


def test_a_lambda_without_any_score_takes_no_part() -> None:
    scores = scores_of([0, 0, 0, -1, -2])
    scores[2] = np.nan
    found, without = decide(GRID, scores), decide(GRID[:2] + GRID[3:], np.delete(scores, 2, axis=0))
    assert (found.word, found.num_seeds[2]) == ("do not align", 0)
    assert np.isnan(found.gains[2])
    kept = [0, 1, 3, 4]
    np.testing.assert_array_equal(found.highs[kept], without.highs)
    assert (found.as_good, found.harmful_from) == (without.as_good, without.harmful_from)
    assert "λ = 0.4, which has no score" in found.sentence


def test_without_the_first_lambda_nothing_can_be_said() -> None:
    scores = scores_of([0, 1, 1, 1, 1])
    scores[0] = np.nan
    found = decide(GRID, scores)
    assert (found.word, found.best, found.more_seeds) == ("undecided", 0.0, None)
    assert "λ = 0, which all others are compared with, has no score" in found.sentence


def test_without_another_lambda_nothing_can_be_said() -> None:
    scores = scores_of([0, 1, 1, 1, 1])
    scores[1:] = np.nan
    found = decide(GRID, scores)
    assert (found.word, found.as_good, found.contenders) == ("undecided", (0.0,), ())


def test_the_first_lambda_need_not_be_zero() -> None:
    scores = scores_of([0, 1, 2, 2, 1])
    shifted = decide([0.5, 0.6, 0.8, 1.0, 4.0], scores)
    assert (shifted.word, shifted.lambdas[0]) == ("align", 0.5)
    np.testing.assert_array_equal(shifted.gains, decide(GRID, scores).gains)


def test_more_seeds_at_some_lambdas_narrow_those_alone() -> None:
    scores = scores_of([0, 0.3, 0.2, -2, -4], num_seeds=64, scatter=0.01)
    ragged = scores.copy()
    ragged[3:, 8:] = np.nan
    few, found = decide(GRID, scores[:, :8], look=2), decide(GRID, ragged, look=2)
    assert found.num_seeds == (64, 64, 64, 8, 8)
    np.testing.assert_allclose(found.gains[3:], few.gains[3:], atol=1e-12)
    half_widths = [(each.highs - each.lows)[1:3] / 2 for each in (found, few)]
    assert (half_widths[0] < 0.5 * half_widths[1]).all()


def test_each_lambda_errs_as_the_look_at_which_it_got_its_seeds_may() -> None:
    """A λ that was left behind is bounded as it was at its own last look, whatever others do later."""
    scores = scores_of([0, 0.3, 0.2, -2, -4], num_seeds=16, scatter=0.01)
    early, late, both = (decide(GRID, scores, look=look) for look in (1, 9, [9, 9, 9, 1, 1]))
    for bounds in ("lows", "highs"):
        np.testing.assert_array_equal(getattr(both, bounds)[:3], getattr(late, bounds)[:3])
        np.testing.assert_array_equal(getattr(both, bounds)[3:], getattr(early, bounds)[3:])


def random_decisions(count: int = 150) -> list[Decision]:
    """Decisions of random curves, scatters, gaps and numbers of seeds."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(count):
        gains = rng.choice([0.1, 1.0, 3.0]) * rng.standard_normal(5)
        scores = scores_of(gains, int(rng.integers(1, 40)), float(rng.choice([1e-4, 1e-3, 1e-2])), exact=False)
        scores[rng.random(scores.shape) < rng.choice([0.0, 0.3, 0.8])] = np.nan
        found.append(decide(GRID, scores, look=int(rng.integers(1, 9))))
    return found


def test_no_word_contradicts_the_band() -> None:
    decisions = random_decisions()
    for found in decisions:
        scored = [index for index in range(1, 5) if found.num_seeds[index] > 0]
        lows, highs = found.lows[scored], found.highs[scored]
        at_best = found.lambdas.index(found.best)
        assert (found.lows[at_best], found.highs[at_best]) == found.gain_interval
        assert found.best in found.as_good
        can_tell = found.num_seeds[0] > 0 and len(scored) > 0
        truths = {
            "align": can_tell and (lows > 0).any(),
            "do not align": can_tell and (highs < MARGIN).all() and (highs < 0).any() and not (lows > 0).any(),
            "no difference": can_tell and (np.abs([lows, highs]) < MARGIN).all() and ((lows <= 0) & (highs >= 0)).all(),
        }
        assert [word for word, is_true in truths.items() if is_true] == [found.word] * (found.word != "undecided")
        assert (found.word == "align") == (found.gain_interval[0] > 0)
        assert (found.word == "undecided") == (found.shape is None)
        assert (found.word == "undecided") or found.contenders == ()
        if found.harmful_from is not None:
            from_there = [at for at in scored if found.lambdas[at] >= found.harmful_from]
            assert (found.highs[from_there] < 0).all()
        if found.harmless_to is not None:
            up_to = [at for at in scored if found.lambdas[at] <= found.harmless_to]
            assert (np.abs([found.lows[up_to], found.highs[up_to]]) < MARGIN).all()
    assert {found.word for found in decisions} == {"align", "do not align", "no difference", "undecided"}


def test_levels_and_order_of_seeds_and_units_of_lambda_do_not_matter() -> None:
    scores = scores_of([0, 0.3, 0.6, 0.4, -3], num_seeds=8, scatter=0.005, exact=False)
    expected = decide(GRID, scores)
    order = [3, 1, 7, 4, 0, 2, 6, 5]
    levels = 0.1 * np.random.default_rng(8).standard_normal(8)
    for found in (decide(GRID, scores[:, order]), decide(GRID, scores + levels), decide(10 * np.array(GRID), scores)):
        np.testing.assert_allclose([found.lows, found.highs], [expected.lows, expected.highs], atol=1e-9)
        assert (found.word, found.more_seeds) == (expected.word, expected.more_seeds)


def test_the_same_call_gives_the_same_answer() -> None:
    scores = scores_of([0, 0.3, 0.6, 0.4, -3], num_seeds=8, scatter=0.005)
    np.testing.assert_array_equal(decide(GRID, scores).lows, decide(GRID, scores).lows)


def test_more_confidence_and_later_looks_widen_the_band() -> None:
    scores = scores_of([0, 0.3, 0.6, 0.4, -3], num_seeds=8, scatter=0.005)
    low, plain, sure, late = (
        (found.highs - found.lows)[1:]
        for found in (
            decide(GRID, scores, confidence=0.8),
            decide(GRID, scores),
            decide(GRID, scores, confidence=0.99),
            decide(GRID, scores, look=9),
        )
    )
    assert (low < plain).all() and (plain < sure).all() and (plain < late).all()


def test_the_needed_seeds_decide_if_estimates_stay() -> None:
    """Copies of the seeds keep the means; their scatter is that of S - 1 of S, which counts for little here."""
    scores = scores_of([0, 0.25, 0.1, -0.5, -3], num_seeds=16, scatter=0.006)
    found = decide(GRID, scores)
    assert found.word == "undecided" and found.more_seeds is not None
    copies = np.tile(scores, (1, -(-(16 + found.more_seeds) * 11 // 10 // 16)))
    assert decide(GRID, copies, look=2).word != "undecided"
    half = np.tile(scores, (1, max((16 + found.more_seeds) // 2 // 16, 1)))
    assert decide(GRID, half, look=2).word == "undecided"
    assert decide(GRID, scores, more_seeds_at_most=found.more_seeds).more_seeds == found.more_seeds
    assert decide(GRID, scores, more_seeds_at_most=found.more_seeds - 1).more_seeds is None


def test_few_seeds_may_decide_what_many_do_not() -> None:
    """With five groups of test rows, degrees of freedom fall from 11 towards 4 as seeds are added."""
    differences = PairedDifferences(
        means=np.array([[0, -0.0465], [0.0465, 0]]),
        num_seeds=np.full((2, 2), 8),
        seed_variances=7.5e-4 * (1 - np.eye(2)),
        row_variances=1e-4 * (1 - np.eye(2)),
        covariance=np.diag([0, 7.5e-4 / 8 + 1e-4]),
        num_rows=5,
    )
    levels = np.full(2, 0.05 / 7)
    words = {
        further: word_of(gain_band(replace(differences, num_seeds=np.full((2, 2), 8 + further)), levels), 0.005)
        for further in (0, 1, 16, 100)
    }
    assert words == {0: "undecided", 1: "align", 16: "align", 100: "undecided"}
    contenders = np.array([False, True])
    assert further_seeds(differences, contenders, 0.005, levels, None) == 1
    assert not seeds_are_spent(differences, contenders, 0.005, levels)


def test_a_lambda_that_another_beats_clearly_gets_no_more_seeds() -> None:
    """λ = .1 could still gain the margin, but λ = 1 will tell first."""
    rng = np.random.default_rng(2)
    scores = scores_of([0, 0.6, 0, 3, 3], num_seeds=12, scatter=0.001)
    scores[0] += 0.05 * rng.standard_normal(12)  # no gain can be shown, while λ > 0 are known well against each other
    found = decide(GRID, scores)
    assert found.word == "undecided"
    assert found.contenders == (0.0, 1.0, 4.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 0.0}, "margin must be above 0, got 0.0"),
        ({"confidence": 95}, "confidence must lie between 0 and 1, got 95"),
        ({"look": 0}, "look must be a whole number of at least 1, or one for each of 5 λ, got 0"),
        ({"look": [1, 2]}, r"one for each of 5 λ, got \[1, 2\]"),
        ({"groups": [1, 2]}, "groups without hits"),
        ({"hits": np.zeros((5, 3, 7))}, "hits must have shape"),
        ({"hits": np.zeros((5, 4, 7))}, "hits must give the scores"),
    ],
)
def test_wrong_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decide(GRID, scores_of([0, 1, 1, 1, 1], num_seeds=4), **options)


def test_infinite_scores_and_unordered_lambdas_are_refused() -> None:
    scores = scores_of([0, 1, 1, 1, 1])
    with pytest.raises(ValueError, match="strictly increasing"):
        decide(GRID[::-1], scores)
    scores[0, 0] = np.inf
    with pytest.raises(ValueError, match="got infinite ones"):
        decide(GRID, scores)


@pytest.mark.parametrize(("num_seeds", "neighbours"), [(4, 0.0), (8, 0.95)])
def test_the_band_holds_flat_curves_at_its_rate(num_seeds: int, neighbours: float) -> None:
    """At few seeds too, and where the scatter grows tenfold: 400 studies, three standard errors of a share."""
    rng = np.random.default_rng(7)
    lambdas = np.arange(7)
    root = np.linalg.cholesky(neighbours ** np.abs(np.subtract.outer(lambdas, lambdas)) if neighbours else np.eye(7))
    missed = 0
    for _ in range(400):
        scores = np.geomspace(0.01, 0.1, 7)[:, None] * (root @ rng.standard_normal((7, num_seeds)))
        # A confidence that leaves 5 % to the first look.
        found = decide(lambdas, scores, confidence=1 - 0.05 / spent_at(1, 1.0))
        missed += bool((found.lows > 0).any() or (found.highs < 0).any())
    assert missed / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
