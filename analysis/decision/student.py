"""Student's intervals where the variance of a mean is the sum of two that were estimated: of seeds and of test rows."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.arrays import Array


def student_half_widths(errors: Array, freedom: Array, levels: Array) -> Array:
    """Half of each two-sided interval that errs with the probability `levels`; infinite where an error is."""
    return -special.stdtrit(freedom, levels / 2) * errors


def satterthwaite(of_seeds: Array, num_seeds: NDArray[np.intp], of_rows: Array, num_rows: int | None) -> Array:
    """Degrees of freedom of the sum of two variances of a mean (Satterthwaite 1946).

    `num_seeds` and `num_rows` are what each was estimated from; without rows, those of seeds alone.
    """
    of_seed_scatter = np.maximum(num_seeds - 1, 1).astype(float)
    if num_rows is None:
        return of_seed_scatter
    seeds = np.where(np.isfinite(of_seeds), of_seeds, 0.0)
    spread = np.square(seeds) / of_seed_scatter + np.square(of_rows) / (num_rows - 1)
    return np.divide(np.square(seeds + of_rows), spread, out=of_seed_scatter, where=spread > 0)
