"""Gaussian partial information decomposition: the BROJA atoms of jointly Gaussian X1, X2 and Y."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag, solve_triangular

from pid.atoms import Atoms
from pid.coupling import least_informative_coupling
from pid.features import checked_features, checked_pair, class_codes, principal_scores

# Below this share of the variance left, what looks like information is rounding: it would be infinite.
_LEAST_VARIANCE = 1e-10
# Directions of scores that vary by less than this share of the most varying one do so by rounding.
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, kw_only=True)
class GaussianResult:
    """Gaussian atoms in bits. `gap_bits`: the union information exceeds its minimum by no more than this.

    `sizes`: dimensions of X1, X2 and Y that the covariance had, after any reduction of the features.
    """

    atoms: Atoms
    gap_bits: float
    iterations: int
    sizes: tuple[int, int, int]


def gaussian(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    num_components: int | None = None,
    tolerance: float = 1e-7,
    max_iterations: int = 200,
) -> GaussianResult:
    """Gaussian decomposition of the sample covariance of features, in bits: fast, and blind to all but covariance.

    `x1` [n, d_1], `x2` [n, d_2]; `y` [n] or [n, d_y] of floats is a continuous target, `y` [n] of integers are class
    labels and enters as the indicators of its classes. Collinear columns do no harm. `num_components` keeps as many
    leading principal directions of each (standardised) modality; without it the result does not change under invertible
    linear maps of x1, x2 or y.
    Atoms are those of a Gaussian with the sample's covariance. With class labels they therefore see how the classes'
    means differ, and nothing else: not their spread, no XOR; they are no bound of the true atoms and may exceed the
    entropy of the labels. Each information is biased upwards, in nats by about d_k d_y / 2n and (d_1 + d_2) d_y / 2n.
    Raises ValueError for input that does not fit, for n - 1 < d_1 + d_2 + d_y (after reduction), for a target that
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
    """The same of features [n, k_1] and [n, k_2] that are principal scores, or a choice of their rows.

    Atoms do not change under invertible linear maps, so that one reduction to scores serves any labels and any choice
    of rows. Scores being of one size, their covariance tells which directions vary: no rows need be decomposed again.
    """
    joint = np.concatenate((scores_1, scores_2, _target(y)), axis=1)
    centred = joint - joint.mean(axis=0)
    covariance = centred.T @ centred / (len(joint) - 1)
    num_1, num_2 = scores_1.shape[1], scores_2.shape[1]
    blocks = _blocks((num_1, num_2, joint.shape[1] - num_1 - num_2))
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


def gaussian_atoms(
    covariance: np.ndarray, sizes: tuple[int, int, int], *, tolerance: float = 1e-7, max_iterations: int = 200
) -> GaussianResult:
    """BROJA atoms, in bits, of a Gaussian with `covariance` [d, d] of (X1, X2, Y), `sizes` their dimensions.

    The union information is the least I(X1, X2; Y) over Gaussians that share the covariance of (X1, Y) and of (X2, Y)
    (the ~_G-PID of Venkatesh et al. 2023). No other distribution with those two margins is below it: with the same
    covariance, h(Y | X1, X2) is largest for a Gaussian. For one-dimensional Y redundancy is the smaller of the two
    informations (Barrett 2015). X_k enters through the canonical directions of (X_k, Y), which are sufficient for Y, so
    that the program has min(d_1, d_y) · min(d_2, d_y) unknowns.
    Raises ValueError unless the covariance is symmetric, positive definite and of that size; RuntimeError if the union
    information is not certified to `tolerance` bits within `max_iterations` Newton steps.
    """
    whitened = _whitened(covariance, sizes)
    first, second, target = _blocks(sizes)
    both = np.concatenate((first, second))
    factor = np.linalg.cholesky(whitened[np.ix_(both, both)])
    joint_correlation = solve_triangular(factor, whitened[np.ix_(both, target)], lower=True)
    correlations = [whitened[np.ix_(block, target)] for block in (first, second)]
    coupling = least_informative_coupling(
        _channel(correlations[0]),
        _channel(correlations[1]),
        tolerance=tolerance * math.log(2),
        max_iterations=max_iterations,
    )
    gap_bits = coupling.gap / math.log(2)
    if not gap_bits <= tolerance:
        raise RuntimeError(
            f"union information must be certified to {tolerance:g} bits, got {gap_bits:.3g} in {max_iterations} steps: "
            "raise max_iterations or tolerance"
        )
    atoms = Atoms.from_information(
        information_1=_information(correlations[0]),
        information_2=_information(correlations[1]),
        total=_information(joint_correlation),
        union=coupling.information / math.log(2),
    )
    return GaussianResult(atoms=atoms, gap_bits=gap_bits, iterations=coupling.iterations, sizes=sizes)


def _target(y: np.ndarray) -> np.ndarray:
    labels = np.asarray(y)
    if labels.dtype.kind not in "iub":
        return principal_scores(checked_features("y", labels))
    codes = class_codes(labels)
    return principal_scores(np.eye(codes.max() + 1)[codes])


def _varying_directions(covariance: np.ndarray) -> np.ndarray:
    """Map [d, k] of the k principal directions that vary at all, each to variance 1."""
    if not covariance.size:
        return covariance
    variances, directions = np.linalg.eigh(covariance)
    varying = variances > _LEAST_SHARE * max(variances[-1], 0.0)
    return directions[:, varying] / np.sqrt(variances[varying])


def _blocks(sizes: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.cumsum(sizes)
    first, second, target = np.split(np.arange(ends[-1]), ends[:-1])
    return first, second, target


def _whitened(covariance: np.ndarray, sizes: tuple[int, int, int]) -> np.ndarray:
    """The covariance after linear maps of X1, X2 and Y, each to unit covariance."""
    matrix = np.asarray(covariance, dtype=np.float64)
    if min(sizes) < 1 or matrix.shape != (sum(sizes), sum(sizes)):
        raise ValueError(f"covariance must be square of size sum(sizes), got {matrix.shape} and sizes {sizes}")
    scale = np.sqrt(np.abs(np.diag(matrix)))
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=0, atol=1e-9 * scale.max() ** 2):
        raise ValueError("covariance must be finite and symmetric, got one that is not")
    try:
        factor = block_diag(*(np.linalg.cholesky(matrix[np.ix_(block, block)]) for block in _blocks(sizes)))
    except np.linalg.LinAlgError as error:
        raise ValueError("covariance of each of X1, X2, Y must be positive definite, got one that is not") from error
    half = solve_triangular(factor, matrix, lower=True)
    whitened = solve_triangular(factor, half.T, lower=True)
    least = float(np.linalg.eigvalsh(whitened)[0])
    if least < _LEAST_VARIANCE:
        raise ValueError(
            "covariance must be positive definite, with none of X1, X2, Y a linear map of the others; got a least "
            f"eigenvalue of {least:.3g} after whitening"
        )
    return whitened


def _information(correlation: np.ndarray) -> float:
    """I(X; Y) in bits from E[XY'] [d, d_y] of white X and white Y."""
    canonical = np.linalg.svd(correlation, compute_uv=False)
    return float(-np.log2((1 - canonical) * (1 + canonical)).sum() / 2)


def _channel(correlation: np.ndarray) -> np.ndarray:
    """H [min(d, d_y), d_y] of H Y + white noise, which tells of Y what white X with this E[XY'] does."""
    _, canonical, directions = np.linalg.svd(correlation, full_matrices=False)
    return (canonical / np.sqrt((1 - canonical) * (1 + canonical)))[:, None] * directions
