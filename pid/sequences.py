"""Features [n, d] or sequences [n, t, d] as one vector a row: without padding, missing values refused or filled."""

from typing import Literal, get_args

import numpy as np

Missing = Literal["refuse", "impute"]

# Sequences are worked on in blocks of rows, so that memory never holds a second copy of them all.
_BLOCK_ROWS = 1024
# Squares and sums of columns up to here, and down to its inverse, are far from the ends of float32 and float64.
_LARGEST = 1e15


def moderate(features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    """`features` [n], [n, d] or [n, t, d] with columns of extreme size divided by a power of two.

    Squares of numbers beyond 1e154 overflow, and those below 1e-162 vanish, so that a column of them would seem to be
    constant. The size of a column is its largest real, finite value; a power of two changes no digit, and estimators
    scale columns by their own spread. Raises ValueError where shapes or lengths do not fit.
    """
    array = np.asarray(features)
    steps = _as_steps(array, lengths)
    if array.dtype.kind != "f":
        return array
    real = _real_steps(steps, lengths)
    largest = np.zeros(steps.shape[2])
    for start in range(0, len(steps), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        known = np.where(np.isfinite(steps[rows]) & real[rows, :, None], np.abs(steps[rows]), 0)
        largest = np.maximum(largest, known.max(axis=(0, 1)))
    is_extreme = (largest > _LARGEST) | ((largest < 1 / _LARGEST) & (largest > 0))
    if not is_extreme.any():
        return array
    exponent = np.where(is_extreme, np.frexp(largest)[1], 0)
    with np.errstate(over="ignore"):  # of padding, which may be anything
        return np.ldexp(steps.astype(np.float64), -exponent).reshape(array.shape)


def pooled(features: np.ndarray, lengths: np.ndarray | None = None, fill: np.ndarray | None = None) -> np.ndarray:
    """One vector a row, float64 [n, d]: the mean over the real steps of a sequence.

    `features` [n], [n, d] or [n, t, d]. `lengths` [n]: how many steps of each sequence are real, 1 … t; None: all of
    them. The mean keeps the width d and does not see the padding. Flattening to t·d would compare content with padding,
    and steps by their position. `fill` [d] stands in for NaN and infinity; without it they are refused.
    Raises ValueError where shapes or lengths do not fit, or a real value is missing and there is no `fill`.
    """
    steps = _as_steps(features, lengths)
    real = _real_steps(steps, lengths)
    missing = ~np.isfinite(steps) & real[:, :, None]
    if fill is None and missing.any():
        bad_rows = int(missing.any(axis=(1, 2)).sum())
        raise ValueError(
            f"features must be finite, got NaN or infinity in {bad_rows} of their {len(steps)} rows: "
            "leave the rows out, or ask for missing='impute'"
        )
    means = np.empty((len(steps), steps.shape[2]))
    for start in range(0, len(steps), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        values = np.where(missing[rows], 0.0 if fill is None else fill, steps[rows])
        means[rows] = values.mean(axis=1, where=real[rows, :, None])
    return means


def fill_values(features: np.ndarray, lengths: np.ndarray | None, missing: Missing) -> np.ndarray | None:
    """What `pooled` fills missing values with: for "impute" the means [d] of real, finite values, for "refuse" None.

    Raises ValueError where shapes or lengths do not fit, a feature has no finite value, or `missing` is neither.
    """
    if missing not in get_args(Missing):
        raise ValueError(f"missing must be one of {', '.join(get_args(Missing))}, got {missing!r}")
    return _column_means(features, lengths) if missing == "impute" else None


def as_vectors(x: np.ndarray, *, lengths: np.ndarray | None = None, missing: Missing) -> np.ndarray:
    """Features [n, d], of a sequence the mean of its steps.

    Raises ValueError where `pooled` or `fill_values` does, and for a column of integers, which are codes.
    """
    if np.ndim(x) == 1 and np.asarray(x).dtype.kind in "iub":
        raise ValueError("this method takes features, got a column of integers, which are codes: use method='broja'")
    features = moderate(x, lengths)
    return pooled(features, lengths, fill_values(features, lengths, missing))


def _column_means(features: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    steps = _as_steps(features, lengths)
    real = _real_steps(steps, lengths)
    sums, counts = np.zeros(steps.shape[2]), np.zeros(steps.shape[2], dtype=np.int64)
    for start in range(0, len(steps), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        known = np.isfinite(steps[rows]) & real[rows, :, None]
        sums += steps[rows].sum(axis=(0, 1), where=known, dtype=np.float64)
        counts += known.sum(axis=(0, 1))
    if not counts.all():
        empty = np.flatnonzero(counts == 0).tolist()
        raise ValueError(f"every feature must have a finite value to impute from, got none in columns {empty}")
    return sums / counts


def _as_steps(features: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    array = np.asarray(features)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"features must be numbers, got {array.dtype}")
    if array.ndim not in (1, 2, 3) or 0 in array.shape:
        raise ValueError(f"features must be [n], [n, d] or [n, t, d] and not empty, got shape {array.shape}")
    if array.ndim == 3:
        return array
    if lengths is not None:
        raise ValueError(f"lengths belong to sequences [n, t, d], got features of shape {array.shape}")
    return array.reshape(len(array), 1, -1)


def _real_steps(steps: np.ndarray, lengths: np.ndarray | None) -> np.ndarray:
    num_rows, num_steps, _ = steps.shape
    if lengths is None:
        return np.ones((num_rows, num_steps), dtype=bool)
    lengths = np.asarray(lengths)
    if lengths.shape != (num_rows,) or lengths.dtype.kind not in "iu":
        raise ValueError(f"lengths must be {num_rows} integers, got {lengths.dtype} of shape {lengths.shape}")
    if lengths.min() < 1 or lengths.max() > num_steps:
        raise ValueError(f"lengths must be from 1 to {num_steps}, got {lengths.min()} to {lengths.max()}")
    return np.arange(num_steps) < lengths[:, None]
