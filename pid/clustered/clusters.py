"""Features to the numbers of k-means clusters, which are learned on one split and applied to any.

Twenty clusters are the default of the public code of Liang et al. (2023). That code leaves features in their own units,
flattens sequences with their padding, and sets missing values to 0. Here each feature is scaled by its own spread, a
sequence is the mean of its real steps, and missing values are refused or imputed.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from pid.sequences import Missing, fill_values, pooled

Scaling = Literal["columns", "rows", "none"]

# Beyond this width distances are sums of mostly noise, and clustering slows down.
_WIDE = 50


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterCodes:
    """Gives each row the number of the nearest k-means centre, after scaling and PCA; made by `fit_discretizer`.

    `fill` [d] stands in for missing values, None refuses them. With `unit_rows`, rows are first scaled to norm 1. Then
    (row - `origin`) @ `directions` [d, k] is compared with `centres` [num_codes, k].
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
    """K-means clusters of `features` [n, d] or [n, t, d]; a sequence is the mean of its first `lengths` [n] steps.

    `missing`: NaN and infinity are refused, or imputed by the mean of the feature in these rows. `scaling`: each column
    to standard deviation 1 (so that units do not matter), each row to norm 1, or none. `num_components`: principal
    directions kept; by default all of up to 50 columns, and 50 of more. Where fewer rows differ than `num_clusters`,
    there are as many clusters as different rows. The same `seed` gives the same codes on any number of cores. Raises
    ValueError where shapes, lengths, values or options do not fit.
    """
    for name, count in (("num_clusters", num_clusters), ("num_components", num_components)):
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    if scaling not in get_args(Scaling):
        raise ValueError(f"scaling must be one of {', '.join(get_args(Scaling))}, got {scaling!r}")
    fill = fill_values(features, lengths, missing)
    vectors = _prepared(features, lengths, fill, unit_rows=scaling == "rows")
    # With the first row subtracted, constant columns are exactly 0. The mean alone would leave rounding to scale up.
    origin = vectors[0] + (vectors - vectors[0]).mean(axis=0)
    library_seed = int(np.random.default_rng(seed).integers(2**31))  # scikit-learn takes 32 bits only
    # Threads sum in an order of their own, and the rounding can move a row that lies between two centres.
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


def _prepared(features: np.ndarray, lengths: np.ndarray | None, fill: np.ndarray | None, unit_rows: bool) -> np.ndarray:
    vectors = pooled(features, lengths, fill)
    if not unit_rows:
        return vectors
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)


def _directions(centred: np.ndarray, unit_columns: bool, num_components: int | None, seed: int) -> np.ndarray:
    """Map [d, k]: weights of the columns, times the principal directions where these are asked for or d is large."""
    spread = centred.std(axis=0)
    weights = (
        np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0) if unit_columns else np.ones_like(spread)
    )
    kept = min(num_components or _WIDE, *centred.shape)
    if (num_components is None and centred.shape[1] <= _WIDE) or not spread.any():
        return np.diag(weights)
    components = np.asarray(PCA(kept, random_state=seed).fit(centred * weights).components_)
    return weights[:, None] * components.T
