"""BROJA atoms of jointly Gaussian X1, X2 and Y, from their covariance."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag, solve_triangular

from pid.atoms import Atoms
from pid.jointly_gaussian.channels import least_informative_noise

# Where less of the variance is left than this share, information is rounding: without rounding it would be infinite.
_LEAST_VARIANCE = 1e-10


@dataclass(frozen=True, kw_only=True)
class GaussianResult:
    """BROJA atoms of a Gaussian, in bits. `gap_bits`: the union information exceeds its minimum by no more than this.

    `iterations`: Newton steps. `sizes`: the dimensions of X1, X2 and Y in the covariance, after any reduction of
    features.
    """

    atoms: Atoms
    gap_bits: float
    iterations: int
    sizes: tuple[int, int, int]


def gaussian_atoms(
    covariance: np.ndarray, sizes: tuple[int, int, int], *, tolerance: float = 1e-7, max_iterations: int = 200
) -> GaussianResult:
    """BROJA atoms, in bits, of a Gaussian with `covariance` [d, d] of (X1, X2, Y), `sizes` their dimensions.

    The union information is the least I(X1, X2; Y) over Gaussians that share the covariance of (X1, Y) and of (X2, Y)
    (the ~_G-PID of Venkatesh et al. 2023). No other distribution with those two margins is below it, because among
    distributions of one covariance h(Y | X1, X2) is largest for a Gaussian. For one-dimensional Y, redundancy is the
    smaller of the two informations (Barrett 2015). Of X_k the canonical directions of (X_k, Y) are enough, as they tell
    all that X_k tells about Y. So the program has min(d_1, d_y) · min(d_2, d_y) unknowns. X1 and X2 may share columns
    or span one another's.
    Raises ValueError unless the covariance is symmetric, of that size, positive definite for each of X1, X2 and Y by
    itself, and leaves some of every direction of Y untold; RuntimeError if the union information is not certified to
    `tolerance` bits within `max_iterations` Newton steps.
    """
    whitened = _whitened(covariance, sizes)
    first, second, target = blocks_of(sizes)
    both = np.concatenate((first, second))
    correlations = [whitened[np.ix_(block, target)] for block in (first, second)]
    # What X1 and X2 have in common counts once.
    variances, directions = np.linalg.eigh(whitened[np.ix_(both, both)])
    varying = variances > _LEAST_VARIANCE
    joint_correlation = (directions[:, varying] / np.sqrt(variances[varying])).T @ whitened[np.ix_(both, target)]
    for name, correlation in zip(("X1", "X2", "X1 and X2 together"), (*correlations, joint_correlation), strict=True):
        _require_noise(name, correlation)
    noise = least_informative_noise(
        _channel(correlations[0]),
        _channel(correlations[1]),
        tolerance=tolerance * math.log(2),
        max_iterations=max_iterations,
    )
    gap_bits = noise.gap / math.log(2)
    if not gap_bits <= tolerance:
        raise RuntimeError(
            f"union information must be certified to {tolerance:g} bits, got {gap_bits:.3g} in {max_iterations} steps: "
            "raise max_iterations or tolerance"
        )
    atoms = Atoms.from_information(
        information_1=_canonical_information(correlations[0]),
        information_2=_canonical_information(correlations[1]),
        total=_canonical_information(joint_correlation),
        union=noise.information / math.log(2),
    )
    return GaussianResult(atoms=atoms, gap_bits=gap_bits, iterations=noise.iterations, sizes=sizes)


def blocks_of(sizes: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices of X1, X2 and Y in a covariance of (X1, X2, Y)."""
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
        factor = block_diag(*(np.linalg.cholesky(matrix[np.ix_(block, block)]) for block in blocks_of(sizes)))
    except np.linalg.LinAlgError as error:
        raise ValueError("covariance of each of X1, X2, Y must be positive definite, got one that is not") from error
    half = solve_triangular(factor, matrix, lower=True)
    whitened = solve_triangular(factor, half.T, lower=True)
    least = float(np.linalg.eigvalsh(whitened)[0])
    if least < -_LEAST_VARIANCE:
        raise ValueError(f"covariance must have no negative eigenvalue, got {least:.3g} after whitening")
    return whitened


def _require_noise(name: str, correlation: np.ndarray) -> None:
    """Raise ValueError where white X determines a direction of white Y, by E[XY'] = `correlation` [d, d_y]."""
    largest = float(np.linalg.norm(correlation, 2))
    if (1 - largest) * (1 + largest) < _LEAST_VARIANCE:
        raise ValueError(
            f"some of Y must be noise, with no direction of it a linear map of {name}; got a canonical correlation of "
            f"{largest:.12g}"
        )


def _canonical_information(correlation: np.ndarray) -> float:
    """I(X; Y) in bits, of white X and white Y with E[XY'] = `correlation` [d, d_y]."""
    canonical = np.linalg.svd(correlation, compute_uv=False)
    return float(-np.log2((1 - canonical) * (1 + canonical)).sum() / 2)


def _channel(correlation: np.ndarray) -> np.ndarray:
    """H [min(d, d_y), d_y] of a channel H Y + white noise that tells about Y what white X with this E[XY'] tells."""
    _, canonical, directions = np.linalg.svd(correlation, full_matrices=False)
    return (canonical / np.sqrt((1 - canonical) * (1 + canonical)))[:, None] * directions
