"""Moments of similarities over the permutations of one input's rows: in closed form over all n!, or of drawn ones."""

from dataclasses import dataclass

import numpy as np

from alignment.similarity import unbiased_variation

_NORMAL_POINT = 1.6448536269514722  # 95 % of the standard normal distribution lie below


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean, variance and skewness of a distribution."""

    mean: float
    variance: float
    skewness: float

    def high_point(self) -> float:
        """The 95 % point of the Pearson III distribution of these moments, by Wilson and Hilferty's approximation."""
        point = _NORMAL_POINT
        if abs(self.skewness) > 1e-6:  # of nearly none, the next line would only give the rounding of the normal point
            point = ((1 + self.skewness * point / 6 - self.skewness**2 / 36) ** 3 - 1) * 2 / self.skewness
        return float(self.mean + np.sqrt(self.variance) * point)


def cka_moments(a: np.ndarray, b: np.ndarray) -> Moments:
    """Moments of linear CKA, of inputs [n, d] that vary and whose features have mean 0; n >= 4.

    Mean and variance are exact (Kazi-Aoual et al. 1995, whose RV coefficient is linear CKA); the skewness is that of
    the debiased part alone.
    """
    num_rows = len(a)
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    lengths_a, lengths_b = (np.einsum("nd,nd->n", x, x) for x in (a, b))
    # HSIC is a sum of two parts that permutations do not correlate: n (n - 3) times its unbiased estimate, and a
    # product of the rows' squared lengths.
    debiased = unbiased_variation(a) * unbiased_variation(b) * _debiased_variance(num_rows)
    of_lengths = lengths_a.var() * lengths_b.var() * num_rows**4 / ((num_rows - 2) ** 2 * (num_rows - 1))
    skewness = (
        debiased_cka_moments(a, b).skewness * (debiased / (debiased + of_lengths)) ** 1.5 if debiased > 0 else 0.0
    )
    return Moments(
        mean=float(lengths_a.sum() * lengths_b.sum() / ((num_rows - 1) * scale)),
        variance=float((debiased + of_lengths) / scale**2),
        skewness=skewness,
    )


def debiased_cka_moments(a: np.ndarray, b: np.ndarray) -> Moments:
    """Moments of debiased CKA, of inputs [n, d] whose features have mean 0; n >= 4.

    Mean and variance are exact, and the same for all inputs that vary. The skewness is that of large n, where HSIC is a
    sum of squares with the products of both kernels' eigenvalues as weights, for rows of about one length.
    """
    if min(unbiased_variation(a), unbiased_variation(b)) == 0:
        return Moments(mean=0.0, variance=0.0, skewness=0.0)
    skewness = np.sqrt(8) * _third_of_eigenvalues(a) * _third_of_eigenvalues(b)
    return Moments(mean=0.0, variance=_debiased_variance(len(a)), skewness=float(skewness))


def neighbour_moments(near_a: np.ndarray, near_b: np.ndarray) -> Moments:
    """Moments of the share of neighbours that two lists [n, k] have in common; the skewness is taken as 0.

    Mean and variance are exact: the share is Mantel's statistic (1967) of two graphs with an arrow from each row to
    each neighbour, and the variance counts pairs of arrows by the rows that they have in common.
    """
    num_rows, k = near_a.shape
    num_ordered = np.cumprod(num_rows - np.arange(4.0))  # rows, pairs, triples and quadruples of different rows
    patterns = zip(_arrow_pairs(near_a), _arrow_pairs(near_b), strict=True)
    # A pattern of more rows than there are has no pairs of arrows, whatever it is divided by.
    second = sum(of_a * of_b / max(num_ordered[rows - 1], 1.0) for (rows, of_a), (_, of_b) in patterns)
    mean = num_rows * k**2 / (num_rows - 1)
    num_arrows = num_rows * k
    # Where each row is every other's neighbour nothing varies, and rounding may fall below 0.
    return Moments(mean=mean / num_arrows, variance=max(second - mean**2, 0.0) / num_arrows**2, skewness=0.0)


def sample_moments(values: np.ndarray) -> Moments:
    """Moments of drawn values [m], m >= 2."""
    mean, deviation = values.mean(), values.std()
    skewness = float(np.mean(((values - mean) / deviation) ** 3)) if deviation > 0 else 0.0
    return Moments(mean=float(mean), variance=float(values.var(ddof=1)), skewness=skewness)


def _debiased_variance(num_rows: int) -> float:
    return 2 / (num_rows * (num_rows - 3))


def _third_of_eigenvalues(a: np.ndarray) -> float:
    """Sum of cubes over the sum of squares ^ 1.5, of the kernel's n - 1 eigenvalues without their mean."""
    covariance = a.T @ a
    mean = np.trace(covariance) / (len(a) - 1)
    squares = np.linalg.norm(covariance) ** 2
    cubes = np.sum(covariance @ covariance * covariance)
    return float(cubes - 3 * mean * squares + 2 * (len(a) - 1) * mean**3) / unbiased_variation(a) ** 1.5


def _arrow_pairs(near: np.ndarray) -> list[tuple[int, float]]:
    """How many ordered pairs of arrows have each pattern of common rows, with the number of rows in the pattern."""
    num_rows, k = near.shape
    num_arrows = num_rows * k
    tails, heads = np.repeat(np.arange(num_rows), k), near.ravel()
    opposed = len(np.intersect1d(tails * num_rows + heads, heads * num_rows + tails, assume_unique=True))
    arriving = np.bincount(heads)
    one_tail, one_head = num_arrows * (k - 1), int(arriving @ arriving) - num_arrows
    in_line = num_arrows * k - opposed  # the head of one is the tail of the other; either may come first
    apart = num_arrows**2 - num_arrows - opposed - one_tail - one_head - 2 * in_line
    return [(2, num_arrows), (2, opposed), (3, one_tail), (3, one_head), (3, in_line), (3, in_line), (4, apart)]
