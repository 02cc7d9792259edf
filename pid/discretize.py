"""Features to integer codes, learned on one split and applied to any, and codes to a joint table.

The defaults follow the public code of Liang et al. (2023), k-means with 20 clusters, except that the clusters see each
feature in units of its own spread and sequences without their padding.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from pid.sequences import Missing, fill_values, pooled

Scaling = Literal["columns", "rows", "none"]

# Beyond this width distances are sums of mostly noise, and clustering slows down.
_WIDE = 50


class Discretizer(Protocol):
    """Anything that turns features into codes 0 … num_codes - 1."""

    @property
    def num_codes(self) -> int:
        """How many different codes there can be."""
        ...

    def codes(self, features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Codes [n], int64, of `features`."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterCodes:
    """The nearest of some k-means centres, after scaling and PCA; made by `fit_discretizer`.

    `fill` [d] stands in for missing values, None refuses them. Rows are scaled to norm 1 where `unit_rows`; then
    `(row - origin) @ directions` [d, k] is compared with `centres` [num_codes, k].
    """

    fill: np.ndarray | None
    unit_rows: bool
    origin: np.ndarray
    directions: np.ndarray
    centres: np.ndarray

    @property
    def num_codes(self) -> int:
        """The number of centres."""
        return len(self.centres)

    def codes(self, features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Codes [n] of `features` [n, d] or [n, t, d]. Raises ValueError where shapes, lengths or values do not fit."""
        vectors = _prepared(features, lengths, self.fill, self.unit_rows)
        if vectors.shape[1] != len(self.origin):
            raise ValueError(f"features must be {len(self.origin)} wide, as when fitted, got {vectors.shape[1]}")
        scores = (vectors - self.origin) @ self.directions
        # |s - c|² without its first term, which is the same for every centre.
        distances = (self.centres**2).sum(axis=1) - 2 * scores @ self.centres.T
        return distances.argmin(axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantileCodes:
    """The bin of a one-dimensional feature; made by `fit_quantile_bins`. A value on an edge is in the upper bin.

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
    """The place of an integer among those seen when fitted; made by `fit_known_values`."""

    values: np.ndarray

    @property
    def num_codes(self) -> int:
        """The number of known values."""
        return len(self.values)

    def codes(self, features: np.ndarray, lengths: np.ndarray | None = None) -> np.ndarray:
        """Codes [n] of integers [n]. Raises ValueError naming the values that were not seen when fitted."""
        column = _integers(features, lengths)
        places = np.searchsorted(self.values, column).clip(max=len(self.values) - 1)
        unseen = np.unique(column[self.values[places] != column])
        if len(unseen):
            raise ValueError(f"features must be among the {len(self.values)} values fitted, got {unseen.tolist()}")
        return places


def fit_discretizer(
    features: np.ndarray,
    *,
    lengths: np.ndarray | None = None,
    num_clusters: int = 20,
    missing: Missing = "refuse",
    scaling: Scaling = "columns",
    num_components: int | None = None,
    seed: int = 0,
) -> ClusterCodes:
    """K-means clusters of `features` [n, d] or [n, t, d], a sequence being the mean of its first `lengths` [n] steps.

    `missing`: NaN and infinity are refused, or imputed by the feature's mean here. `scaling`: each column to standard
    deviation 1 (so that units do not matter), each row to norm 1, or none. `num_components`: principal directions kept,
    by default at most 50. Fewer different rows than `num_clusters` give as many clusters as rows. The same `seed` gives
    the same codes on any number of cores. Raises ValueError where shapes, lengths, values or options do not fit.
    """
    for name, count in (("num_clusters", num_clusters), ("num_components", num_components)):
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    if scaling not in get_args(Scaling):
        raise ValueError(f"scaling must be one of {', '.join(get_args(Scaling))}, got {scaling!r}")
    fill = fill_values(features, lengths, missing)
    vectors = _prepared(features, lengths, fill, unit_rows=scaling == "rows")
    # Without the first row, constant columns are exactly 0, where the mean alone would leave rounding to be scaled up.
    origin = vectors[0] + (vectors - vectors[0]).mean(axis=0)
    library_seed = int(np.random.default_rng(seed).integers(2**31))  # scikit-learn takes 32 bits only
    # Threads add up in an order of their own, which can move a row that lies between two centres.
    with threadpool_limits(1):
        directions = _directions(vectors - origin, scaling == "columns", num_components, library_seed)
        scores = (vectors - origin) @ directions
        num_different = len(np.unique(scores, axis=0))
        clusters = KMeans(min(num_clusters, num_different), random_state=library_seed).fit(scores)
    return ClusterCodes(
        fill=fill,
        unit_rows=scaling == "rows",
        origin=origin,
        directions=directions,
        centres=np.asarray(clusters.cluster_centers_),
    )


def fit_quantile_bins(
    features: np.ndarray, *, lengths: np.ndarray | None = None, num_bins: int = 20, missing: Missing = "refuse"
) -> QuantileCodes:
    """Bins of a one-dimensional feature [n], [n, 1] or [n, t, 1] that hold about equally many rows each.

    Equal values share a bin, so many of them leave fewer than `num_bins` bins. `missing`: NaN and infinity are refused,
    or imputed by the mean here. Raises ValueError where shapes, lengths, values or options do not fit.
    """
    if num_bins < 1:
        raise ValueError(f"num_bins must be at least 1, got {num_bins}")
    fill = fill_values(features, lengths, missing)
    column = _one_column(features, lengths, fill)
    edges = np.unique(np.quantile(column, np.arange(1, num_bins) / num_bins))
    return QuantileCodes(fill=fill, edges=edges[edges > column.min()])


def fit_known_values(features: np.ndarray) -> KnownValues:
    """Codes of integers [n] that are discrete already. Raises ValueError unless they are [n] integers."""
    return KnownValues(values=np.unique(_integers(features)))


def joint_table(codes_1: np.ndarray, codes_2: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many rows have each (code 1, code 2, class): int64 [n1, n2, ny], from three [n] of integers from 0.

    n1, n2 and ny are one more than the largest that occurs. Raises ValueError unless all are integers from 0 with the
    same rows.
    """
    columns = [np.asarray(column) for column in (codes_1, codes_2, y)]
    for name, column in zip(("codes_1", "codes_2", "y"), columns, strict=True):
        if column.ndim != 1 or column.dtype.kind not in "iu" or len(column) == 0 or column.min() < 0:
            raise ValueError(f"{name} must be [n] integers from 0, got {column.dtype} of shape {column.shape}")
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"codes_1, codes_2 and y must have the same rows, got {[len(column) for column in columns]}")
    shape = tuple(int(column.max()) + 1 for column in columns)
    cells = np.ravel_multi_index(columns, shape)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)


def _prepared(features: np.ndarray, lengths: np.ndarray | None, fill: np.ndarray | None, unit_rows: bool) -> np.ndarray:
    vectors = pooled(features, lengths, fill)
    if not unit_rows:
        return vectors
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)


def _directions(centred: np.ndarray, unit_columns: bool, num_components: int | None, seed: int) -> np.ndarray:
    """Weights [d, k] of the columns, and of the principal directions where those are asked for or many."""
    spread = centred.std(axis=0)
    weights = (
        np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0) if unit_columns else np.ones_like(spread)
    )
    kept = min(num_components or _WIDE, *centred.shape)
    if (num_components is None and centred.shape[1] <= _WIDE) or not spread.any():
        return np.diag(weights)
    components = np.asarray(PCA(kept, random_state=seed).fit(centred * weights).components_)
    return weights[:, None] * components.T


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
