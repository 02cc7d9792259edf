"""A modality of any kind as one row of columns, in which the order, single steps and the length of sequences are left.

The mean of the steps loses all three. What classifiers can use of a moderate sample is kept instead: statistics of each
column over the real steps, the length, and the steps themselves, or means of a few stretches where steps are many.
"""

import numpy as np

from pid.sequences import Missing, fill_values, moderate, pooled

# More columns than this of single steps cost more and find less: a stretch of several steps then shares its columns.
_MOST_STEP_COLUMNS = 1024


def as_columns(x: np.ndarray, *, lengths: np.ndarray | None = None, missing: Missing) -> np.ndarray:
    """Columns [n, k], float64, of `x`: features [n, d] as they are, codes (integers [n]) as one indicator each.

    Of sequences [n, t, d], with the first `lengths` [n] steps real: by column the mean, spread, least and largest
    value, slope over time, mean product of neighbouring steps, and last value; the length; and the steps in order, as
    means of at most 1,024 / d stretches. A stretch that is all padding has the mean of the row.
    Raises ValueError where `pooled` or `fill_values` does.
    """
    array = np.asarray(x)
    if array.ndim == 1 and array.dtype.kind in "iub":
        return np.eye(len(np.unique(array)))[np.unique(array, return_inverse=True)[1]]
    array = moderate(array, lengths)
    fill = fill_values(array, lengths, missing)
    if array.ndim != 3:
        return pooled(array, lengths, fill)
    mean = pooled(array, lengths, fill)  # refuses what does not fit
    num_rows, num_steps, width = array.shape
    ends = np.full(num_rows, num_steps) if lengths is None else np.asarray(lengths)
    real = np.arange(num_steps) < ends[:, None]
    steps = np.where(np.isfinite(array), array, 0.0 if fill is None else fill).astype(np.float64)
    columns = [mean, *_statistics(steps, mean, real, ends), ends[:, None].astype(np.float64)]
    stretches = max(1, min(num_steps, _MOST_STEP_COLUMNS // width))
    if num_steps > 1:
        columns += _stretches(steps, mean, real, stretches)
    return np.hstack(columns)


def _statistics(steps: np.ndarray, mean: np.ndarray, real: np.ndarray, ends: np.ndarray) -> list[np.ndarray]:
    """Spread, least, largest, slope, product of neighbours and last value of each column, each [n, d]."""
    mask = real[:, :, None]
    centred = np.where(mask, steps - mean[:, None], 0.0)
    spread = np.sqrt((centred**2).sum(axis=1) / ends[:, None])
    least = np.where(mask, steps, np.inf).min(axis=1)
    largest = np.where(mask, steps, -np.inf).max(axis=1)
    time = np.where(real, np.arange(real.shape[1]) - (ends[:, None] - 1) / 2, 0.0)
    squares = (time**2).sum(axis=1)[:, None]
    slope = np.einsum("nt,ntd->nd", time, centred) / np.where(squares > 0, squares, 1.0)
    neighbours = (centred[:, 1:] * centred[:, :-1]).sum(axis=1) / ends[:, None]
    return [spread, least, largest, slope, neighbours, steps[np.arange(len(steps)), ends - 1]]


def _stretches(steps: np.ndarray, mean: np.ndarray, real: np.ndarray, number: int) -> list[np.ndarray]:
    """The mean of the real steps of each of `number` stretches, which begin at the same step in every row."""
    found = []
    for places in np.array_split(np.arange(steps.shape[1]), number):
        mask = real[:, places]
        counts = mask.sum(axis=1)[:, None]
        sums = np.where(mask[:, :, None], steps[:, places], 0.0).sum(axis=1)
        found.append(np.where(counts > 0, sums / np.maximum(counts, 1), mean))
    return found
