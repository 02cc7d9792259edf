"""Densities of held-out rows given their class, by Gaussian mixtures."""

from dataclasses import dataclass

import numpy as np
from sklearn.mixture import GaussianMixture


@dataclass(frozen=True, kw_only=True)
class ClassDensities:
    """log2 p(x | y) of each row under each class [n, num_classes], and how many components each mixture has."""

    log_densities: np.ndarray
    num_components: int


def held_out_log_densities(
    features: np.ndarray, codes: np.ndarray, folds: np.ndarray, *, candidates: tuple[int, ...], seed: int
) -> ClassDensities:
    """Densities of every row, fitted to the rows of the other folds: `features` [n, d], `codes` and `folds` [n].

    Each class has one mixture with full covariances, and all mixtures have the same number of components. It is the one
    of `candidates` that gives held-out rows the largest mean log density of their own class. A candidate is left out
    where a class has fewer than d + 2 rows for each component. Raises ValueError if none is left, or one is below 1.
    """
    if not candidates or min(candidates) < 1:
        raise ValueError(f"candidates must be numbers of components, at least 1, got {candidates}")
    fewest = min(int(np.bincount(codes[folds != fold]).min()) for fold in range(folds.max() + 1))
    rows_needed = features.shape[1] + 2
    possible = [number for number in candidates if number * rows_needed <= fewest]
    if not possible:
        raise ValueError(
            f"each class must have at least {min(candidates) * rows_needed} rows outside any fold to fit a density in "
            f"{features.shape[1]} dimensions, got {fewest}: fewer dimensions or more rows"
        )
    fitted = [
        ClassDensities(log_densities=_log_densities(features, codes, folds, number, seed), num_components=number)
        for number in possible
    ]
    return max(fitted, key=lambda densities: float(densities.log_densities[np.arange(len(codes)), codes].mean()))


def _log_densities(
    features: np.ndarray, codes: np.ndarray, folds: np.ndarray, num_components: int, seed: int
) -> np.ndarray:
    log_densities = np.empty((len(codes), codes.max() + 1))
    for fold in range(folds.max() + 1):
        held_out = folds == fold
        for code in range(codes.max() + 1):
            mixture = GaussianMixture(num_components, reg_covar=1e-4, random_state=seed, max_iter=500)
            mixture.fit(features[~held_out & (codes == code)])
            log_densities[held_out, code] = mixture.score_samples(features[held_out]) / np.log(2)
    return log_densities
