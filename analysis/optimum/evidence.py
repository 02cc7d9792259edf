"""Does accuracy rise above the first λ, and does it fall by the last? Tests over all λ at once.

Differences between two λ are paired by seed and divided by their standard error from the shared noise model.
The largest of a family of such ratios is compared with the largest of the same family in data sets drawn
without any effect of λ, each drawn from the noise posterior and fitted anew (max-t with resampling: Westfall
and Young 1993), so looking at many λ costs no false findings. Rise and fall are tested together first (closed
testing: Marcus, Peritz, Gabriel 1976).
"""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array
from analysis.optimum.noise import fit_noise, helmert


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """P-values corrected for the number of λ, and the smallest λ that no larger one beats.

    `rise` tests that no λ beats the first, `fall` that no λ beats the last, `flat` both at once.
    `smallest_equivalent` is an index of the grid.
    """

    flat: float
    rise: float
    fall: float
    smallest_equivalent: int


def compare_lambdas(
    scores: Array,
    positions: Array,
    *,
    alpha: float,
    floor: float,
    rng: np.random.Generator,
    resamples: int,
) -> Comparisons:
    """Test scores [L, S], S ≥ 2, over λ at positions [L] on the unit axis, at level alpha.

    λ are tried from the first on; the first one that no larger λ beats at level alpha is the smallest
    equivalent. Each is tested only after all before it were rejected, so the chance that it lies above the
    true smallest best λ is at most alpha (fixed-sequence testing).
    """
    noise = fit_noise(scores, positions, floor)
    observed = _pairwise_t(scores.mean(-1), noise.difference_variance(), noise.num_seeds)
    null = _null_pairwise_t(scores.shape, positions, noise.draw_roots(rng, resamples), floor, rng)

    def p_value(*families: tuple[int, slice]) -> float:
        largest = max(observed[family].max() for family in families)
        null_largest = np.max([null[:, *family].max(-1) for family in families], axis=0)
        return float((1 + np.sum(null_largest >= largest)) / (1 + resamples))

    last = len(scores) - 1
    above_first, above_last = (0, slice(1, None)), (last, slice(0, last))
    flat = p_value(above_first, above_last)
    rise, fall = max(flat, p_value(above_first)), max(flat, p_value(above_last))
    smallest = 0
    if rise <= alpha:
        smallest = 1
        while smallest < last and p_value((smallest, slice(smallest + 1, None))) <= alpha:
            smallest += 1
    return Comparisons(flat=flat, rise=rise, fall=fall, smallest_equivalent=smallest)


def _pairwise_t(means: Array, difference_variance: Array, num_seeds: int) -> Array:
    """How many standard errors the second λ lies above the first, [..., L, L]; 0 on the diagonal."""
    difference = means[..., None, :] - means[..., :, None]
    error = np.sqrt(difference_variance / num_seeds)
    return np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)


def _null_pairwise_t(
    shape: tuple[int, ...], positions: Array, roots: Array, floor: float, rng: np.random.Generator
) -> Array:
    """The same ratios [N, L, L] where λ has no effect; roots [N, P, P] of a noise covariance each."""
    num_lambdas, num_seeds = shape
    scores = helmert(num_lambdas).T @ (roots @ rng.standard_normal((len(roots), num_lambdas - 1, num_seeds)))
    noise = fit_noise(scores, positions, floor)
    return _pairwise_t(scores.mean(-1), noise.difference_variance(), num_seeds)
