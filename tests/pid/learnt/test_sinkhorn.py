"""The alignment of posteriors: its gap against the exact optimum, and its information against a naive table."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pid.exact import broja
from pid.learnt.sinkhorn import Alignment, align, table_information


def margins(num_1: int, num_2: int, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    prior = generator.dirichlet(np.full(num_classes, 5.0))
    first, second = (generator.dirichlet(np.ones(size), num_classes).T for size in (num_1, num_2))
    # Away from 0, as posteriors of a network are.
    return prior * (0.99 * first + 0.01 / num_1), prior * (0.99 * second + 0.01 / num_2)


def naive_information(table: np.ndarray) -> float:
    """I(X1, X2; Y) in bits; cells that the optimum empties count as 0."""
    flat = table.reshape(-1, table.shape[-1])
    independent = flat.sum(axis=1, keepdims=True) * flat.sum(axis=0)
    kept = flat > 1e-200  # below it, products of two numbers underflow
    return float((flat[kept] * np.log2(flat[kept] / independent[kept])).sum())


def joint(alignment: Alignment) -> np.ndarray:
    return np.einsum("ij,iy,jy->ijy", alignment.base, alignment.scale_1, alignment.scale_2)


@settings(deadline=None, max_examples=30)
@given(num_1=st.integers(1, 6), num_2=st.integers(1, 6), num_classes=st.integers(2, 4), seed=st.integers(0, 2**32 - 1))
@example(num_1=6, num_2=6, num_classes=3, seed=6)  # slow: 23,190 rounds
def test_the_alignment_has_the_margins_and_the_information_it_states(
    num_1: int, num_2: int, num_classes: int, seed: int
) -> None:
    margin_1, margin_2 = margins(num_1, num_2, num_classes, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-5, max_iterations=200_000)
    table = joint(alignment)
    assert alignment.gap_bits <= 1e-5
    # The last scaling is to X2's margin; X1's is off by what that one changed, which the tolerance makes small.
    assert table.sum(axis=0) == pytest.approx(margin_2, abs=1e-12)
    assert table.sum(axis=1) == pytest.approx(margin_1, abs=1e-4)
    assert alignment.information == pytest.approx(naive_information(table), abs=1e-3)
    # A pair tells no less than either of it.
    assert alignment.information >= max(table_information(margin_1), table_information(margin_2)) - 2e-5


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_other_table_with_the_margins_is_better_than_the_gap_allows(seed: int) -> None:
    margin_1, margin_2 = margins(4, 5, 3, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-4, max_iterations=20_000)
    generator = np.random.default_rng(seed)
    for _ in range(20):
        other = generator.dirichlet(np.full(20, 0.5), 3).T.reshape(4, 5, 3) + 1e-6
        for _ in range(500):
            other *= (margin_1 / other.sum(axis=1))[:, None]
            other *= (margin_2 / other.sum(axis=0))[None]
        assert naive_information(other) >= alignment.information - alignment.gap_bits - 1e-6


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), rounds=st.sampled_from([1, 5, 25, 5000]))
def test_the_gap_reaches_down_to_the_exact_optimum_however_early_it_stops(seed: int, rounds: int) -> None:
    margin_1, margin_2 = margins(8, 6, 3, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-4, max_iterations=rounds)
    some_table = np.einsum("iy,jy->ijy", margin_1, margin_2 / margin_2.sum(axis=0))
    exact = broja(some_table).atoms
    union = exact.total - exact.synergy
    # The exact solver certifies 1e-6 bit.
    assert alignment.information - alignment.gap_bits <= union + 1e-6
    if rounds == 5000:
        assert alignment.information == pytest.approx(union, abs=2e-4)


def test_equal_posteriors_share_everything_and_independent_channels_of_two_bits_nothing() -> None:
    margin_1, _ = margins(6, 6, 3, 0)
    assert align(margin_1, margin_1, tolerance=1e-4, max_iterations=20_000).information == pytest.approx(
        table_information(margin_1), abs=1e-4
    )
    # COPY, blurred: x1 tells of the label's first bit and x2 of its second, each 1 - H(.01) bits; BROJA adds them up.
    channel = np.array([[0.99, 0.01], [0.01, 0.99]])
    first, second = np.repeat(channel, 2, axis=1) / 4, np.tile(channel, 2) / 4
    one = 1 + 0.99 * math.log2(0.99) + 0.01 * math.log2(0.01)
    information = align(first, second, tolerance=1e-4, max_iterations=20_000).information
    assert information == pytest.approx(2 * one, abs=1e-3)


def test_margins_that_do_not_fit_are_refused() -> None:
    margin_1, margin_2 = margins(4, 5, 3, 1)
    with pytest.raises(ValueError, match=r"agree on p\(y\)"):
        align(margin_1, margin_2[:, ::-1], tolerance=1e-3, max_iterations=10)
    with pytest.raises(ValueError, match="margin_2 must be a strictly positive"):
        align(margin_1, 0 * margin_2, tolerance=1e-3, max_iterations=10)
    with pytest.raises(ValueError, match="max_iterations must be at least 1, got 0"):
        align(margin_1, margin_2, tolerance=1e-3, max_iterations=0)
