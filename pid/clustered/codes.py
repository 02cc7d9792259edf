"""A modality of any kind as integer codes, by what suits its kind."""

import numpy as np

from pid.clustered.bins import fit_known_values, fit_quantile_bins
from pid.clustered.clusters import fit_discretizer
from pid.sequences import Missing, moderate


def as_codes(
    x: np.ndarray, *, lengths: np.ndarray | None = None, num_clusters: int, missing: Missing, seed: int
) -> np.ndarray:
    """Codes [n], int64: k-means clusters of features, quantile bins of numbers [n], and integers [n] as they are.

    `num_clusters` is also the number of bins. Arguments, and what they raise, are those of `fit_discretizer`.
    """
    array = np.asarray(x)
    if array.ndim == 1 and array.dtype.kind in "iub":
        return fit_known_values(array).codes(array, lengths)
    array = moderate(array, lengths)
    if array.ndim == 1:
        return fit_quantile_bins(array, lengths=lengths, num_bins=num_clusters, missing=missing).codes(array, lengths)
    fitted = fit_discretizer(array, lengths=lengths, num_clusters=num_clusters, missing=missing, seed=seed)
    return fitted.codes(array, lengths)
