"""Multipliers by blocks against the whole matrix of how margins follow them, built naively."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.exact.normal_equations import NormalEquations


def followed_margins(
    joint: np.ndarray, curvature: np.ndarray, change_1: np.ndarray, change_2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the changes of the multipliers [n1, ny] and [n2, ny] do to both margins, entry by entry."""
    moved = np.zeros_like(joint)
    for i, j in np.ndindex(curvature.shape):
        entries = joint[i, :, j]
        matrix = np.diag(entries) + curvature[i, j] * np.outer(entries, entries)
        moved[i, :, j] = matrix @ (change_1[i] + change_2[j])
    return moved.sum(axis=2), moved.sum(axis=0).T


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4)),
    steepness=st.sampled_from([1.0, 1e4]),
    share=st.sampled_from([1.0, 0.6]),
)
def test_the_margins_follow_as_asked(seed: int, shape: tuple[int, int, int], steepness: float, share: float) -> None:
    draw = np.random.default_rng(seed)
    num_1, num_classes, num_2 = shape
    has_1, has_2 = draw.random((num_1, num_classes)) < share, draw.random((num_2, num_classes)) < share
    has_1[0] = has_2[-1] = True
    joint = (draw.random(shape) + 0.05) * (has_1[:, :, None] & has_2.T)
    curvature = steepness * (draw.random((num_1, num_2)) + 0.1)
    # Targets that some multipliers have: margins of a class cannot change by different amounts.
    wanted = followed_margins(joint, curvature, draw.standard_normal(has_1.shape), draw.standard_normal(has_2.shape))
    changes = NormalEquations(joint, curvature).solve(*wanted)
    scale = max(np.abs(margin).max() for margin in wanted)
    for found, expected in zip(followed_margins(joint, curvature, *changes), wanted, strict=True):
        # Entries of size 1 next to curved ones of size `steepness`: that many roundings, and room for fifty terms.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * scale * steepness)
    # What does not occur has no multiplier that could do anything.
    assert (changes[0][~has_1] == 0).all()
    assert (changes[1][~has_2] == 0).all()


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    # One pair with entries 1/2, 1/2: diag(q) + c qq' has the eigenvalues 1/2 and (1 + c)/2.
    with pytest.raises(np.linalg.LinAlgError):
        NormalEquations(np.full((1, 2, 1), 0.5), np.full((1, 1), -1.5))


def test_rounding_that_hides_a_positive_definite_matrix_leaves_a_rough_direction() -> None:
    # Beside curved entries of 1e16 the others are rounded away, and so is the sign of what elimination leaves.
    joint = np.random.default_rng(4).random((4, 3, 4)) + 0.5
    changes = NormalEquations(joint, np.full((4, 4), 1e16)).solve(np.ones((4, 3)), np.ones((4, 3)))
    assert all(np.isfinite(change).all() for change in changes)
