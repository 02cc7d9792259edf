"""The Gaussian decomposition of a sample of features and labels, by way of principal scores."""

import numpy as np
from scipy.linalg import block_diag

from pid.features import checked_features, checked_pair, class_codes, principal_scores
from pid.jointly_gaussian.covariance import GaussianResult, blocks_of, gaussian_atoms

# Directions that vary by less than this share of the most varying one do so by rounding.
_LEAST_SHARE = 1e-12


def gaussian(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    num_components: int | None = None,
    tolerance: float = 1e-7,
    max_iterations: int = 200,
) -> GaussianResult:
    """Atoms of a Gaussian with the sample covariance of features and target, in bits; fast.

    `x1` [n, d_1], `x2` [n, d_2]. `y` [n] or [n, d_y] of floats is a continuous target. `y` [n] of integers is class
    labels, and the target is the indicators of its classes. Collinear columns do no harm. `num_components` keeps as
    many leading principal directions of each standardised modality. Without it the result does not change under
    invertible linear maps of x1, x2 or y.
    Nothing but the covariance counts. So with class labels the atoms depend on the means of the classes, not on their
    spread, and do not see an XOR. They do not bound the true atoms, and may exceed the entropy of the labels. Each
    information is biased upwards, in nats by about d_k d_y / 2n and (d_1 + d_2) d_y / 2n.
    Raises ValueError for input that does not fit, for n - 1 < d_1 + d_2 + d_y (after reduction), and for a target that
    features determine; RuntimeError if `max_iterations` do not reach `tolerance`, see `gaussian_atoms`.
    """
    features_1, features_2 = checked_pair(x1, x2, y)
    return gaussian_of_scores(
        principal_scores(features_1, num_components),
        principal_scores(features_2, num_components),
        y,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )


def gaussian_of_scores(
    scores_1: np.ndarray, scores_2: np.ndarray, y: np.ndarray, *, tolerance: float = 1e-7, max_iterations: int = 200
) -> GaussianResult:
    """What `gaussian` gives, from principal scores [n, k_1] and [n, k_2] of the features, or from some of their rows.

    Atoms do not change under invertible linear maps. So features are reduced to scores once, for any labels and any
    choice of rows. All scores of a sample vary by 1, so the covariance of some rows shows which directions vary there.
    Raises as `gaussian` does.
    """
    joint = np.concatenate((scores_1, scores_2, _target(y)), axis=1)
    centred = joint - joint.mean(axis=0)
    covariance = centred.T @ centred / (len(joint) - 1)
    num_1, num_2 = scores_1.shape[1], scores_2.shape[1]
    blocks = blocks_of((num_1, num_2, joint.shape[1] - num_1 - num_2))
    directions = [_varying_directions(covariance[np.ix_(block, block)]) for block in blocks]
    sizes = (directions[0].shape[1], directions[1].shape[1], directions[2].shape[1])
    for name, size in zip(("x1", "x2", "y"), sizes, strict=True):
        if size == 0:
            raise ValueError(f"{name} must vary, got the same value in all rows")
    if len(joint) - 1 < sum(sizes):
        raise ValueError(
            f"n - 1 must be at least the number of dimensions, got n = {len(joint)} and dimensions {sizes} of x1, x2 "
            "and y; num_components reduces those of the features"
        )
    maps = block_diag(*directions)
    return gaussian_atoms(maps.T @ covariance @ maps, sizes, tolerance=tolerance, max_iterations=max_iterations)


def check_resampled_scores(scores_1: np.ndarray, scores_2: np.ndarray, y: np.ndarray) -> None:
    """Raise ValueError where bootstrap resamples of the rows would have too few different ones to be decomposed.

    Of n rows a resample has about .63 n different ones, and hardly ever under n / 2.
    """
    num_dimensions = scores_1.shape[1] + scores_2.shape[1] + _target(y).shape[1]
    if len(scores_1) // 2 - 1 < num_dimensions:
        raise ValueError(
            "resamples of the rows must have more different rows than there are dimensions, which takes n >= "
            f"{2 * num_dimensions + 2} for {num_dimensions} dimensions of x1, x2 and y, got n = {len(scores_1)}: "
            "reduce the features first"
        )


def _target(y: np.ndarray) -> np.ndarray:
    labels = np.asarray(y)
    if labels.dtype.kind not in "iub":
        return principal_scores(checked_features("y", labels))
    codes = class_codes(labels)
    return principal_scores(np.eye(codes.max() + 1)[codes])


def _varying_directions(covariance: np.ndarray) -> np.ndarray:
    """Map [d, k] to the k principal directions that vary at all, each scaled to variance 1."""
    if not covariance.size:
        return covariance
    variances, directions = np.linalg.eigh(covariance)
    varying = variances > _LEAST_SHARE * max(variances[-1], 0.0)
    return directions[:, varying] / np.sqrt(variances[varying])
