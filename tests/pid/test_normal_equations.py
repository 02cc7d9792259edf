"""One Newton step by blocks against the whole system, solved naively."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.normal_equations import NormalEquations


def naive_direction(
    joint: np.ndarray, smoothing: float, margin_1: np.ndarray, margin_2: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """Change of the coupling from the dense system [[H, M'], [M, 0]] of the Hessian and all margins."""
    num_classes, num_1, num_2 = joint.shape
    index = np.arange(joint.size).reshape(joint.shape)
    hessian = np.diag(1 / joint.ravel())
    for i, j in np.ndindex(num_1, num_2):
        hessian[np.ix_(index[:, i, j], index[:, i, j])] -= 1 / (joint[:, i, j].sum() + smoothing)
    sums = [index[y, i] for y, i in np.ndindex(num_classes, num_1)]
    sums += [index[y, :, j] for y, j in np.ndindex(num_classes, num_2)]
    margins = np.array([np.isin(index.ravel(), entries) for entries in sums]).astype(float)
    system = np.block([[hessian, margins.T], [margins, np.zeros((len(sums), len(sums)))]])
    missing = np.concatenate(((margin_1 - joint.sum(axis=2)).ravel(), (margin_2 - joint.sum(axis=1)).ravel()))
    # The margins of one class add up to the same number twice, so the system is singular but has a solution.
    solution = np.linalg.lstsq(system, np.concatenate((-residual.ravel(), missing)), rcond=1e-12)[0]
    return solution[: joint.size].reshape(joint.shape)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), smoothing=st.sampled_from([1e-1, 1e-3]))
def test_direction_equals_that_of_the_whole_system(seed: int, smoothing: float) -> None:
    draw = np.random.default_rng(seed)
    joint = draw.random((3, 4, 2)) + 0.05
    other = draw.random((3, 4, 2))
    other *= joint.sum(axis=(1, 2), keepdims=True) / other.sum(axis=(1, 2), keepdims=True)
    margin_1, margin_2 = other.sum(axis=2), other.sum(axis=1)
    residual = draw.standard_normal(joint.shape)
    found = NormalEquations(joint, smoothing, margin_1, margin_2).direction(residual)
    expected = naive_direction(joint, smoothing, margin_1, margin_2, residual)
    # The naive system's condition is some 1e6.
    np.testing.assert_allclose(found.joint, expected, rtol=0, atol=1e-8)
    # It is a step of the multipliers too: what they change is the residual and the gradient.
    gradient = found.joint / joint - found.joint.sum(axis=0) / (joint.sum(axis=0) + smoothing)
    multipliers = found.multiplier_1[:, :, None] + found.multiplier_2[:, None, :]
    np.testing.assert_allclose(gradient + residual, multipliers, rtol=0, atol=1e-8)
