"""Test rows as a sample: closed forms, a naive analysis of variance, groups, and a simulation of seeds × rows."""

import numpy as np
import pytest
from scipy.special import ndtri

from analysis.decision import decide
from analysis.decision.row_errors import SEEDS_FOR_INTERACTION, estimate_row_errors


def drawn_hits(
    accuracies: list[float], num_seeds: int, num_rows: int, rng: np.random.Generator, of_rows: float = 0.6
) -> np.ndarray:
    """Hits [L, S, N] of seeds and rows that are crossed; `of_rows` of a hit's variance is the row's, a third at each λ.

    A hit is where a normal number lies below the accuracy's quantile, so the accuracies are the true ones.
    """
    size = (len(accuracies), num_seeds, num_rows)
    common, own = rng.standard_normal((1, 1, num_rows)), rng.standard_normal((size[0], 1, num_rows))
    seeds, rest = rng.standard_normal((size[0], num_seeds, 1)), rng.standard_normal(size)
    shares = np.sqrt([of_rows * 2 / 3, of_rows / 3, 0.01, 0.99 - of_rows])
    total = sum(share * part for share, part in zip(shares, (common, own, seeds, rest), strict=True))
    return (total < ndtri(accuracies)[:, None, None]).astype(np.uint8)


def of_difference(covariance: np.ndarray, index: int) -> float:
    return covariance[index, index] + covariance[0, 0] - 2 * covariance[0, index]


def test_seeds_that_agree_leave_the_scatter_of_rows() -> None:
    """All seeds alike: the paired variance of the rows' differences over their number, as for one classifier."""
    rng = np.random.default_rng(0)
    hits = np.repeat(drawn_hits([0.7, 0.8], 1, 300, rng), 5, axis=1)
    found = estimate_row_errors(hits, np.ones((2, 5), dtype=bool), None)
    differences = hits[1, 0].astype(float) - hits[0, 0]
    assert found.num_independent == 300
    assert of_difference(found.covariance, 1) == pytest.approx(differences.var(ddof=1) / 300, rel=1e-9)


def test_mean_squares_of_a_naive_analysis_of_variance() -> None:
    hits = drawn_hits([0.7, 0.75, 0.8], 6, 40, np.random.default_rng(1))
    covariance = estimate_row_errors(hits, np.ones((3, 6), dtype=bool), None).covariance
    table = hits[2].astype(float) - hits[0]  # seeds × rows
    of_rows, of_seeds, whole = table.mean(axis=0), table.mean(axis=1), table.mean()
    rows_square = 6 * np.square(of_rows - whole).sum() / 39
    rest_square = np.square(table - of_rows - of_seeds[:, None] + whole).sum() / (39 * 5)
    assert of_difference(covariance, 2) == pytest.approx((rows_square - rest_square) / (6 * 40), rel=1e-9)


def test_rows_without_an_effect_add_nothing_on_average() -> None:
    rng = np.random.default_rng(2)
    found = [
        of_difference(estimate_row_errors(hits, np.ones((2, 4), bool), None).covariance, 1)
        for hits in (drawn_hits([0.7, 0.8], 4, 50, rng, 0.0) for _ in range(300))
    ]
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(300)


def test_whole_groups_count_and_not_their_rows() -> None:
    rng = np.random.default_rng(3)
    hits, ran = drawn_hits([0.6, 0.8], 5, 30, rng), np.ones((2, 5), dtype=bool)
    single = estimate_row_errors(hits, ran, None).covariance
    own_groups = estimate_row_errors(hits, ran, rng.permutation(30)).covariance
    np.testing.assert_allclose(own_groups, single, rtol=1e-9)
    # Every row four times, in any order, is the same evidence where the copies are known to belong together.
    order = rng.permutation(120)
    copies, groups = np.tile(hits, 4)[:, :, order], np.tile(np.arange(30), 4)[order]
    grouped = estimate_row_errors(copies, ran, groups)
    assert grouped.num_independent == 30
    np.testing.assert_allclose(grouped.covariance, single, rtol=1e-9)
    blind = estimate_row_errors(copies, ran, None).covariance
    assert blind[1, 1] < 0.3 * single[1, 1]


def test_what_did_not_run_is_ignored() -> None:
    rng = np.random.default_rng(4)
    hits, ran = drawn_hits([0.6, 0.7, 0.8], 6, 50, rng), np.ones((3, 6), dtype=bool)
    ran[2, 4:] = False
    other = hits.copy()
    other[2, 4:] = 1 - other[2, 4:]
    found, changed = (estimate_row_errors(some, ran, None).covariance for some in (hits, other))
    np.testing.assert_array_equal(changed, found)
    # Two λ that ran all the same seeds are not touched by what a third did not run, but for the seeds all have.
    alone = estimate_row_errors(hits[:2, :4], ran[:2, :4], None).covariance
    assert estimate_row_errors(hits[:, :4], ran[:, :4], None).covariance[0, 1] == pytest.approx(alone[0, 1], rel=1e-9)


def test_few_seeds_are_enough_for_what_seeds_and_rows_share() -> None:
    hits = drawn_hits([0.6, 0.8], 2 * SEEDS_FOR_INTERACTION, 400, np.random.default_rng(5))
    found = estimate_row_errors(hits, np.ones((2, hits.shape[1]), dtype=bool), None).covariance
    table = hits[1].astype(float) - hits[0]
    of_rows, of_seeds, whole = table.mean(axis=0), table.mean(axis=1), table.mean()
    rest_square = np.square(table - of_rows - of_seeds[:, None] + whole).sum() / (399 * (len(table) - 1))
    naive = (len(table) * of_rows.var(ddof=1) - rest_square) / (len(table) * 400)
    # The rest's part is a few percent of the rows', and known to a few percent itself.
    assert of_difference(found, 1) == pytest.approx(naive, rel=0.01)


@pytest.mark.parametrize(("num_seeds", "num_rows"), [(16, 60), (32, 300)])
def test_intervals_hold_over_seeds_and_rows_and_fail_without_rows(num_seeds: int, num_rows: int) -> None:
    """400 studies that draw both anew; three standard errors of a share."""
    rng = np.random.default_rng(6)
    true_gain, held, held_without = 0.05, 0, 0
    for _ in range(400):
        hits = drawn_hits([0.70, 0.70 + true_gain], num_seeds, num_rows, rng)
        scores = hits.mean(axis=2)
        # A confidence that leaves 10 % to the first look.
        found, without = (decide([0, 1], scores, confidence=0.3, hits=rows) for rows in (hits, None))
        held += found.lows[1] <= true_gain <= found.highs[1]
        held_without += without.lows[1] <= true_gain <= without.highs[1]
    assert held / 400 >= 0.9 - 3 * np.sqrt(0.9 * 0.1 / 400)
    assert held_without / 400 < 0.8


def test_rows_dominate_where_seeds_are_many_and_then_seeds_cannot_tell() -> None:
    rng = np.random.default_rng(7)
    hits = drawn_hits([0.70, 0.70, 0.69], 64, 150, rng)
    scores = hits.mean(axis=2)
    found, known = decide([0, 1, 2], scores, hits=hits), decide([0, 1, 2], scores)
    assert (found.word, found.dominated_by, found.seeds_cannot_tell) == ("undecided", "rows", True)
    assert (found.contenders, found.more_seeds) == ((), None)
    assert "more seeds cannot tell, more test rows could" in found.sentence
    assert (known.dominated_by, known.seeds_cannot_tell) == ("seeds", False)
    np.testing.assert_array_equal(found.gains, known.gains)
    assert (found.highs - found.lows > known.highs - known.lows)[1:].all()


@pytest.mark.parametrize("num_rows", [60, 90, 1000])
def test_rows_that_tell_nothing_apart_are_no_proof_that_none_would(num_rows: int) -> None:
    """All seeds at all λ name the largest class: by the rule of three 3 / n is left open, for one λ at one look."""
    hits = np.broadcast_to(np.arange(num_rows) > 0, (3, 8, num_rows))
    found = decide([0, 1, 2], hits.mean(axis=2), hits=hits)
    assert (found.lows[1:] < -2 / num_rows).all() and (found.highs[1:] > 2 / num_rows).all()
    assert (found.highs[1:] < 6 / num_rows).all()  # two λ and all looks cost a little more
    assert found.word == ("no difference" if num_rows == 1000 else "undecided")
    assert decide([0, 1, 2], hits.mean(axis=2)).word == "no difference"  # of these rows it is true


def test_groups_that_tell_nothing_apart_are_no_proof_that_none_would() -> None:
    """The rule of three is one of groups, as rows of one may all be lost together; a row that tells λ apart is news."""
    hits, groups = np.broadcast_to(np.arange(1000) > 0, (3, 8, 1000)).copy(), np.arange(1000) % 10
    found = decide([0, 1, 2], hits.mean(axis=2), hits=hits, groups=groups)
    assert (found.lows[1:] < -2 / 10).all() and (found.highs[1:] > 2 / 10).all()
    assert (found.word, found.dominated_by) == ("undecided", "rows")
    hits[1:, :, 5] = False
    told = decide([0, 1, 2], hits.mean(axis=2), hits=hits, groups=groups)
    assert (told.highs[1:] < 1 / 100).all()
    assert told.highs[2] - told.lows[2] == pytest.approx(told.highs[1] - told.lows[1])


def test_many_rows_leave_it_to_the_seeds() -> None:
    hits = drawn_hits([0.70, 0.70, 0.69], 4, 5000, np.random.default_rng(8), of_rows=0.1)
    found = decide([0, 1, 2], hits.mean(axis=2), hits=hits)
    assert (found.word, found.dominated_by, found.seeds_cannot_tell) == ("undecided", "seeds", False)


def test_groups_by_name_widen_the_band() -> None:
    hits = np.repeat(drawn_hits([0.6, 0.8], 8, 40, np.random.default_rng(9)), 5, axis=2)
    scores, names = hits.mean(axis=2), np.repeat([f"speaker {number}" for number in range(40)], 5)
    found, blind = decide([0, 1], scores, hits=hits, groups=names), decide([0, 1], scores, hits=hits)
    assert found.highs[1] - found.lows[1] > 1.2 * (blind.highs[1] - blind.lows[1])
    with pytest.raises(ValueError, match="groups must be at least 2"):
        decide([0, 1], scores, hits=hits, groups=np.zeros(200))
    with pytest.raises(ValueError, match=r"groups must have shape \[200\]"):
        decide([0, 1], scores, hits=hits, groups=names[:100])
