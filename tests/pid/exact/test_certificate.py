"""The bound on what a coupling misses: true for any multipliers, and nothing is left of it at an optimum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.distributions import named_distributions
from pid.exact.certificate import certify, negative_conditional_entropy, with_margins

some_seeds = given(st.integers(0, 2**32 - 1))


def margins_of(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return joint.sum(axis=2), joint.sum(axis=0).T


def sparse_joint(draw: np.random.Generator) -> np.ndarray:
    """Probabilities [5, 3, 4], about half of them 0, with no empty row or column."""
    joint = draw.random((5, 3, 4)) * (draw.random((5, 3, 4)) < 0.5)
    joint[:, 0] += 0.01
    return joint / joint.sum()


@settings(deadline=None, max_examples=50)
@some_seeds
def test_any_multipliers_bound_every_coupling(seed: int) -> None:
    draw = np.random.default_rng(seed)
    margin_1, margin_2 = margins_of(sparse_joint(draw))
    multipliers = 3 * draw.standard_normal((5, 3)), 3 * draw.standard_normal((4, 3))
    found = certify(draw.random((5, 3, 4)), *multipliers, margin_1, margin_2)
    bound = negative_conditional_entropy(found.joint) - found.gap
    for _ in range(20):
        coupling = with_margins(draw.random((5, 3, 4)) ** 8, margin_1, margin_2)
        assert negative_conditional_entropy(coupling) >= bound - 1e-12


@settings(deadline=None, max_examples=50)
@some_seeds
def test_couplings_have_their_margins_and_right_ones_are_left_alone(seed: int) -> None:
    draw = np.random.default_rng(seed)
    joint = sparse_joint(draw)
    margin_1, margin_2 = margins_of(joint)
    np.testing.assert_allclose(with_margins(joint, margin_1, margin_2), joint, rtol=0, atol=1e-15)
    for other in (draw.random((5, 3, 4)), 0 * joint, 2 * joint, 0.999 * joint):
        coupling = with_margins(other, margin_1, margin_2)
        assert coupling.min() >= 0
        np.testing.assert_allclose(coupling.sum(axis=2), margin_1, rtol=0, atol=1e-15)
        np.testing.assert_allclose(coupling.sum(axis=0).T, margin_2, rtol=0, atol=1e-15)


@pytest.mark.parametrize("shift", [0.0, 5.0, -300.0])
def test_the_gap_is_zero_at_an_optimum_whatever_the_multipliers_are_shifted_by(shift: float) -> None:
    # UNQ1: y = x1, so that H(Y|X1, X2) = 0 is reached, with all multipliers 0.
    joint = named_distributions()["UNQ1"].table.transpose(0, 2, 1)
    found = certify(joint, np.full((2, 2), shift), np.zeros((2, 2)), *margins_of(joint))
    assert found.gap == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(found.joint, joint, rtol=0, atol=1e-15)


def test_multipliers_too_large_for_an_exponential_do_no_harm() -> None:
    joint = sparse_joint(np.random.default_rng(0))
    found = certify(joint, np.full((5, 3), 1e4), np.full((4, 3), -1e5), *margins_of(joint))
    assert np.isfinite(found.gap)


def test_conditional_entropy_of_fair_and_certain_labels() -> None:
    # Four pairs: two with a fair label, two with a certain one.
    joint = np.array([[[1, 2], [1, 0]], [[1, 0], [1, 2]]]).swapaxes(0, 1) / 8
    assert negative_conditional_entropy(joint) == pytest.approx(-np.log(2) / 2, abs=1e-15)
