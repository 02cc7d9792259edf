"""λ* as any monotone function of a predictor: weighted isotonic regression of measurements that may be censored.

It assumes no shape, so it shows whether the saturating law's own is at odds with the data. Its bands come from the same
resamples and are for the eye: the bootstrap of an isotonic fit is known not to cover where the truth is flat or steps
(Sen, Banerjee, Woodroofe 2010).
"""

import numpy as np
from scipy.optimize import isotonic_regression

from analysis.arrays import Array
from analysis.redundancy.measurements import Measurements

_ROUNDS = 20


def isotonic_curves(data: Measurements, counts: Array, scatter: float, at: Array, *, increasing: bool) -> Array:
    """log(1 + λ*) [B, M] at values [M] of the predictor, one curve for each row of cluster counts [B, C].

    An encoder weighs by the inverse of its variance, `scatter` between studies included, and those of a cluster share
    its count. Curves are linear between the encoders' predictors, and level beyond them.
    """
    variances = np.square((data.below + data.above) / 2) + scatter**2
    weights = (counts / data.cluster_sizes)[:, data.cluster] / variances
    at_least, at_most = data.optimum >= data.last, (data.optimum <= data.first) & (data.first > 0)
    predictor, _ = data.calibrated()
    curves = np.empty((len(counts), len(at)))
    for number, of_resample in enumerate(weights):
        kept = of_resample > 0
        values, fitted = censored_isotonic(
            predictor[kept], data.optimum[kept], of_resample[kept], at_least[kept], at_most[kept], increasing=increasing
        )
        curves[number] = np.interp(at, values, fitted)
    return curves


def censored_isotonic(
    x: Array, y: Array, weights: Array, at_least: np.ndarray, at_most: np.ndarray, *, increasing: bool
) -> tuple[Array, Array]:
    """The monotone fit [U] at the distinct x [U] that minimises the weighted squares of what y [N] contradicts.

    Where `at_least`, the true value is y or more, and a fit above it costs nothing; `at_most` likewise below. Such a y
    takes the place of the fit while that lies beyond it, which lowers the cost each time it is repeated.
    """
    values, group = np.unique(x, return_inverse=True)
    heaviness = np.bincount(group, weights)
    fitted = np.bincount(group, weights * y) / heaviness
    for _ in range(_ROUNDS):
        beyond = (at_least & (fitted[group] > y)) | (at_most & (fitted[group] < y))
        imputed = np.where(beyond, fitted[group], y)
        means = np.bincount(group, weights * imputed) / heaviness
        fitted = isotonic_regression(means, weights=heaviness, increasing=increasing).x
        if not (at_least | at_most).any():
            break
    return values, fitted
