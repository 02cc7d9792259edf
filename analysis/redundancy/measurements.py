"""Encoders as measurements: what each says of its λ* and of the predictor, and how far it can be trusted.

λ* is measured on the scale log(1 + λ), on which λ = 0 has a place, and whose unit is λ = 1, where alignment weighs as
much as a task. What a grid cannot show is censored: an optimum beyond its end looks like one at its end. An interval
that reaches an end of the grid was cut there, so that side takes the spread of the other; an encoder whose interval
reaches both ends says nothing and is left out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.arrays import Array

NORMAL_95 = float(stats.norm.ppf(0.975))
# Of log(1 + λ): seeds that agree to more than this say little about how well other seeds would agree.
LEAST_DEVIATION = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Measurements:
    """N encoders of C clusters; encoders of one cluster share their data, and so are not independent of each other.

    `predictor` and its standard deviation, `optimum` in log(1 + λ) with its standard deviations downwards and upwards,
    the ends of its grid, the cluster and the place in it (0, 1).
    """

    predictor: Array  # [N]
    deviation: Array  # [N]
    optimum: Array  # [N]
    below: Array  # [N]
    above: Array  # [N]
    first: Array  # [N]
    last: Array  # [N]
    cluster: np.ndarray  # [N] int
    place: np.ndarray  # [N] int

    @property
    def num_clusters(self) -> int:
        """Number of clusters, C."""
        return len(np.unique(self.cluster))

    @property
    def cluster_sizes(self) -> Array:
        """Encoders [C] of each cluster."""
        return np.bincount(self.cluster).astype(float)

    def calibrated(self) -> tuple[Array, Array]:
        """Mean and standard deviation [N] of each true predictor given its estimate, if all are normal.

        Estimates that err are on average further out than what they estimate (regression calibration: Carroll et al.
        2006, Measurement Error in Nonlinear Models, ch. 4).
        """
        spread = max(float(self.predictor.var() - np.square(self.deviation).mean()), 0.0)
        total = spread + np.square(self.deviation)
        reliability = np.divide(spread, total, out=np.ones_like(total), where=total > 0)
        centre = self.predictor.mean() + reliability * (self.predictor - self.predictor.mean())
        return centre, np.sqrt(reliability) * self.deviation


def measurements(points: pd.DataFrame, predictor: str) -> tuple[Measurements, pd.DataFrame]:
    """The encoders whose predictor is known, and λ* to better than its whole grid, and their rows in a fixed order.

    Raises ValueError where an encoder is there twice.
    """
    if points.duplicated(["study", "variant", "encoder"]).any():
        raise ValueError("points must hold each encoder of a study and variant once, some are there twice")
    known = points[["best", "best_low", "best_high", predictor]].notna().all(axis="columns")
    known &= (points["best_low"] > points["smallest_lambda"]) | (points["best_high"] < points["largest_lambda"])
    rows = points.loc[known].sort_values(["study", "variant", "encoder"], ignore_index=True)
    clusters = rows.groupby(["study", "variant"], sort=False)
    best, low, high, first, last = (
        rows[name].to_numpy(float) for name in ("best", "best_low", "best_high", "smallest_lambda", "largest_lambda")
    )
    below, above = _spreads(best, low, high, first, last)
    found = Measurements(
        predictor=rows[predictor].to_numpy(float),
        deviation=predictor_deviation(rows, predictor),
        optimum=np.log1p(best),
        below=below,
        above=above,
        first=np.log1p(first),
        last=np.log1p(last),
        cluster=clusters.ngroup().to_numpy(),
        place=clusters.cumcount().to_numpy(),
    )
    return found, rows


def as_lambda(optimum: Array) -> Array:
    """λ of log(1 + λ), at least 0."""
    return np.expm1(np.maximum(optimum, 0.0))


def predictor_deviation(rows: pd.DataFrame, predictor: str) -> Array:
    """Standard deviation [N] of the predictor; 0 for what is known exactly.

    That of R / (R + U) takes the errors of R and U as opposite, which they are where R + U is well known.
    """
    if predictor == "redundancy":
        return _half_width(rows, "redundancy")
    if predictor == "share":
        redundancy, unique = rows["redundancy"].to_numpy(float), rows["unique"].to_numpy(float)
        opposite = np.abs(unique) * _half_width(rows, "redundancy") + np.abs(redundancy) * _half_width(rows, "unique")
        return opposite / np.square(redundancy + unique)
    return np.zeros(len(rows))


def _half_width(rows: pd.DataFrame, name: str) -> Array:
    return (rows[f"{name}_high"] - rows[f"{name}_low"]).to_numpy(float) / (2 * NORMAL_95)


def _spreads(best: Array, low: Array, high: Array, first: Array, last: Array) -> tuple[Array, Array]:
    """Standard deviations of log(1 + λ*) downwards and upwards [N]."""
    down, up = np.log1p(best) - np.log1p(low), np.log1p(high) - np.log1p(best)
    below = np.where(low <= first, np.maximum(down, up), down)
    above = np.where(high >= last, np.maximum(down, up), up)
    return np.maximum(below / NORMAL_95, LEAST_DEVIATION), np.maximum(above / NORMAL_95, LEAST_DEVIATION)
