"""From features, codes and labels as a caller has them to the rows that estimators and resampling work on."""

from dataclasses import dataclass

import numpy as np

from pid.discretize import fit_discretizer, fit_known_values, fit_quantile_bins
from pid.features import class_codes
from pid.sequences import Missing, fill_values, pooled

_LEAST_SAMPLES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Codes [n] or features [n, d] of both modalities, and classes `y` [n] from 0.

    Group g is the rows `starts[g]` to `starts[g + 1]`, which are permuted and resampled together; one row each where
    rows are independent of one another.
    """

    x1: np.ndarray
    x2: np.ndarray
    y: np.ndarray
    starts: np.ndarray


def as_codes(
    x: np.ndarray, *, lengths: np.ndarray | None = None, num_clusters: int, missing: Missing, seed: int
) -> np.ndarray:
    """Codes [n]: of k-means clusters of features, of quantile bins of numbers [n]; of integers [n] as they are.

    Arguments and what they raise as in `pid.discretize.fit_discretizer`.
    """
    array = np.asarray(x)
    if array.ndim == 1 and array.dtype.kind in "iub":
        return fit_known_values(array).codes(array, lengths)
    if array.ndim == 1:
        return fit_quantile_bins(array, lengths=lengths, num_bins=num_clusters, missing=missing).codes(array, lengths)
    fitted = fit_discretizer(array, lengths=lengths, num_clusters=num_clusters, missing=missing, seed=seed)
    return fitted.codes(array, lengths)


def as_vectors(x: np.ndarray, *, lengths: np.ndarray | None = None, missing: Missing) -> np.ndarray:
    """Features [n, d], a sequence as the mean of its steps. Raises ValueError for a column of integers, too."""
    if np.ndim(x) == 1 and np.asarray(x).dtype.kind in "iub":
        raise ValueError("this method takes features, got a column of integers, which are codes: use method='broja'")
    return pooled(x, lengths, fill_values(x, lengths, missing))


def sample_of(x1: np.ndarray, x2: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Sample:
    """Prepared modalities, labels `y` [n] and perhaps `groups` [n] as one sample, rows of a group side by side.

    Raises ValueError where rows differ or are fewer than 10, or `y` is not of integers of two classes or more.
    """
    labels = class_codes(y)
    if not len(x1) == len(x2) == len(labels):
        raise ValueError(f"x1, x2 and y must have the same rows, got {len(x1)}, {len(x2)} and {len(labels)}")
    if len(labels) < _LEAST_SAMPLES:
        raise ValueError(f"an estimate needs at least {_LEAST_SAMPLES} samples, got {len(labels)}")
    if groups is not None and np.shape(groups) != labels.shape:
        raise ValueError(f"groups must be [{len(labels)}], one for each row, got shape {np.shape(groups)}")
    group = np.zeros(len(labels), dtype=np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    # Codes are sorted, so that the same table gives the same draws in whatever order its rows came.
    order = np.lexsort((labels, x2, x1, group)) if x1.ndim == 1 else np.argsort(group, kind="stable")
    sizes = np.ones(len(labels), dtype=np.int64) if groups is None else np.bincount(group)
    if len(sizes) < _LEAST_SAMPLES:
        raise ValueError(f"an estimate needs at least {_LEAST_SAMPLES} groups, got {len(sizes)}")
    return Sample(x1=x1[order], x2=x2[order], y=labels[order], starts=np.concatenate(([0], sizes.cumsum())))
