"""Both modalities, labels and groups as one sample of rows, which estimators and resampling work on."""

from dataclasses import dataclass

import numpy as np

from pid.features import class_codes

_LEAST_SAMPLES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Codes [n] or features [n, d] of both modalities, and classes `y` [n] from 0.

    Group g is the rows from `starts[g]` to before `starts[g + 1]`, which are permuted and resampled together. Rows that
    are independent of one another are groups of one.
    """

    x1: np.ndarray
    x2: np.ndarray
    y: np.ndarray
    starts: np.ndarray


def sample_of(x1: np.ndarray, x2: np.ndarray, y: np.ndarray, groups: np.ndarray | None = None) -> Sample:
    """One sample of codes or features, labels `y` [n] and perhaps `groups` [n], with rows of a group side by side.

    Raises ValueError where numbers of rows differ, there are fewer than 10 rows or groups, or `y` is not of integers of
    two classes or more.
    """
    labels = class_codes(y)
    if not len(x1) == len(x2) == len(labels):
        raise ValueError(f"x1, x2 and y must have the same rows, got {len(x1)}, {len(x2)} and {len(labels)}")
    if len(labels) < _LEAST_SAMPLES:
        raise ValueError(f"an estimate needs at least {_LEAST_SAMPLES} samples, got {len(labels)}")
    if groups is not None and np.shape(groups) != labels.shape:
        raise ValueError(f"groups must be [{len(labels)}], one for each row, got shape {np.shape(groups)}")
    group = np.zeros(len(labels), dtype=np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    # Sorted codes give the same draws whatever order the rows came in.
    order = np.lexsort((labels, x2, x1, group)) if x1.ndim == 1 else np.argsort(group, kind="stable")
    sizes = np.ones(len(labels), dtype=np.int64) if groups is None else np.bincount(group)
    if len(sizes) < _LEAST_SAMPLES:
        raise ValueError(f"an estimate needs at least {_LEAST_SAMPLES} groups, got {len(sizes)}")
    return Sample(x1=x1[order], x2=x2[order], y=labels[order], starts=np.concatenate(([0], sizes.cumsum())))


def rows_of_groups(starts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The rows of the `chosen` groups, one group after the other; `starts` as `Sample` has them."""
    sizes = np.diff(starts)[chosen]
    ends = sizes.cumsum()
    return np.arange(ends[-1]) + np.repeat(starts[chosen] - (ends - sizes), sizes)


def rows_in_place_of(starts: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each group the rows of the group in `others` at its place, repeated or cut to as many rows as it has itself.

    So no label of another group lies in two groups, as it would where rows of unequal groups were laid end to end.
    """
    sizes = np.diff(starts)
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    return np.repeat(starts[others], sizes) + within % np.repeat(sizes[others], sizes)
