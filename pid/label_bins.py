"""Values to be predicted as classes, so that what is told of them can be decomposed."""

import numpy as np


def quantile_bins(values: np.ndarray, num_bins: int) -> np.ndarray:
    """The quantile bin 0 … num_bins - 1 of each of `values` [n]; equal values share one, which may leave fewer.

    Raises ValueError unless values are [n] finite numbers of which two differ, and `num_bins` is at least 2.
    """
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or not np.isfinite(column).all() or len(np.unique(column)) < 2:
        raise ValueError(f"values must be [n] finite numbers of which two differ, got shape {column.shape}")
    if num_bins < 2:
        raise ValueError(f"num_bins must be at least 2, got {num_bins}")
    edges = np.unique(np.quantile(column, np.arange(1, num_bins) / num_bins))
    found = np.searchsorted(edges, column, side="left")
    return np.unique(found, return_inverse=True)[1]
