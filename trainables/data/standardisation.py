"""Shifting and scaling features by the statistics of the training rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_ROWS_AT_ONCE = 1024  # float64 copies of this many rows, not of all


@dataclass(frozen=True, kw_only=True)
class Standardisation:
    """Mean and standard deviation [d] of each feature, `deviation` 0 for a feature that is constant.

    Both are in units of 2 ^ `exponent` [d], near the feature's largest value, so that no square overflows or vanishes.
    """

    mean: np.ndarray
    deviation: np.ndarray
    exponent: np.ndarray

    def apply(self, values: np.ndarray, real: np.ndarray) -> np.ndarray:
        """`values` [n, …, d] with mean 0 and variance 1, float32; 0 where not `real` [n, …] and in constant features.

        A feature that is constant in training cannot be learnt from; elsewhere it could be on any scale. A value that
        is farther from the mean than float32 can say is infinite.
        """
        scale = np.divide(1.0, self.deviation, out=np.zeros_like(self.deviation), where=self.deviation > 0)
        result = np.zeros(values.shape, dtype=np.float32)
        for rows in row_slices(len(values)):
            # Not all values: what is not real may be infinite, which cannot be scaled.
            steps = _scaled(values[rows][real[rows]], self.exponent)
            with np.errstate(over="ignore"):
                result[rows][real[rows]] = (steps - self.mean) * scale
        return result


def fit_standardisation(values: np.ndarray, real: np.ndarray) -> Standardisation:
    """Statistics of `values` [n, …, d] over what `real` [n, …], a boolean each, marks; computed in float64.

    Raises ValueError where nothing is real.
    """
    count = int(real.sum())
    if count == 0:
        raise ValueError("expected a real step in the training rows to standardise by, found none")

    def raw_chunks() -> Iterator[np.ndarray]:
        return (values[rows][real[rows]] for rows in row_slices(len(values)))

    lowest = np.min([steps.min(axis=0) for steps in raw_chunks() if len(steps)], axis=0)
    highest = np.max([steps.max(axis=0) for steps in raw_chunks() if len(steps)], axis=0)
    exponent = np.frexp(np.maximum(np.abs(lowest), np.abs(highest)).astype(np.float64))[1]

    def chunks() -> Iterator[np.ndarray]:
        return (_scaled(steps, exponent) for steps in raw_chunks())

    mean = sum(steps.sum(axis=0) for steps in chunks()) / count
    variance = sum(np.square(steps - mean).sum(axis=0) for steps in chunks()) / count
    # The mean of equal numbers may differ from them in the last digit, which would be divided by next to nothing.
    deviation = np.where(highest > lowest, np.sqrt(variance), 0.0)
    return Standardisation(mean=np.asarray(mean), deviation=deviation, exponent=exponent)


def _scaled(steps: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """`steps` [n, d] in units of 2 ^ `exponent` [d], float64; powers of two change no digit."""
    return np.ldexp(steps.astype(np.float64), -exponent)


def row_slices(num_rows: int) -> Iterator[slice]:
    """Slices of at most 1,024 rows that cover all."""
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, num_rows, _ROWS_AT_ONCE))
