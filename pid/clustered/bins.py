"""One column to integer codes: numbers to quantile bins, integers to their places among the values known."""

from dataclasses import dataclass

import numpy as np

from pid.sequences import Missing, fill_values, pooled


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantileCodes:
    """Gives each value of a one-dimensional feature its bin; made by `fit_quantile_bins`.

    A value on an edge is in the upper bin.
    `fill` [1] stands in for missing values, None refuses them.
    """

    fill: np.ndarray | None
    edges: np.ndarray

    @property
    def num_codes(self) -> int:
        """One more than there are inner edges."""
        return len(self.edges) + 1

    def codes(self, features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Codes [n] of `features` [n], [n, 1] or [n, t, 1]. Raises ValueError where shapes or values do not fit."""
        return np.searchsorted(self.edges, _one_column(features, lengths, self.fill), side="right")


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownValues:
    """Gives each integer its place among those seen when fitted; made by `fit_known_values`."""

    values: np.ndarray

    @property
    def num_codes(self) -> int:
        """The number of known values."""
        return len(self.values)

    def codes(self, features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Codes [n] of integers [n]. Raises ValueError, with the values, where some were not seen when fitted."""
        column = _integers(features, lengths)
        places = np.searchsorted(self.values, column).clip(max=len(self.values) - 1)
        unseen = np.unique(column[self.values[places] != column])
        if len(unseen):
            raise ValueError(f"features must be among the {len(self.values)} values fitted, got {unseen.tolist()}")
        return places


def fit_quantile_bins(
    features: np.ndarray, *, lengths: np.ndarray | None = None, num_bins: int = 20, missing: Missing = "refuse"
) -> QuantileCodes:
    """Bins of a one-dimensional feature [n], [n, 1] or [n, t, 1] that hold about equally many rows each.

    Equal values share a bin, so many of them leave fewer than `num_bins` bins. `missing`: NaN and infinity are refused,
    or imputed by the mean of these rows. Raises ValueError where shapes, lengths, values or options do not fit.
    """
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, got {num_bins}")
    fill = fill_values(features, lengths, missing)
    column = _one_column(features, lengths, fill)
    edges = np.unique(np.quantile(column, np.arange(1, num_bins) / num_bins))
    return QuantileCodes(fill=fill, edges=edges[edges > column.min()])


def fit_known_values(features: np.ndarray) -> KnownValues:
    """Codes 0, 1, … of integers [n], in their order. Raises ValueError unless they are [n] integers."""
    return KnownValues(values=np.unique(_integers(features)))


def _one_column(features: np.ndarray, lengths: np.ndarray | None, fill: np.ndarray | None) -> np.ndarray:
    vectors = pooled(features, lengths, fill)
    if vectors.shape[1] != 1:
        raise ValueError(f"features must be one-dimensional to be binned by quantiles, got width {vectors.shape[1]}")
    return vectors[:, 0]


def _integers(features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
    column = np.asarray(features)
    if column.ndim != 1 or column.dtype.kind not in "iub" or len(column) == 0 or lengths is not None:
        raise ValueError(f"features must be [n] integers without lengths, got {column.dtype} of shape {column.shape}")
    return column.astype(np.int64)
