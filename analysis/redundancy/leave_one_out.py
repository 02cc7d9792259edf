"""How far off is a forecast of λ*? Each study and variant is forecast from all the others, and from no law at all."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import Array
from analysis.redundancy.isotonic import isotonic_curves
from analysis.redundancy.measurements import Measurements, as_lambda
from analysis.redundancy.saturating import fit_saturating

_LAWS_A_FOLD = 24


@dataclass(frozen=True, kw_only=True)
class ForecastErrors:
    """Mean absolute error in λ where each study and variant is forecast from all the others.

    By the saturating law, by the isotonic fit, and by what needs no law: the median λ* of the others.
    """

    saturating: float
    isotonic: float
    median: float


def forecast_errors(data: Measurements, increasing: bool, rng: np.random.Generator) -> ForecastErrors:
    """Forecast every cluster from the others."""
    folds = 1.0 - np.eye(data.num_clusters)
    laws = fit_saturating(data, np.repeat(folds, _LAWS_A_FOLD, axis=0), rng)
    predictor, _ = data.calibrated()
    by_law = np.median(laws.along(predictor).reshape(data.num_clusters, _LAWS_A_FOLD, -1), axis=1)
    scatter = float(np.median(laws.scatter))
    by_isotonic = isotonic_curves(data, folds, scatter, predictor, increasing=increasing)
    by_median = np.array([np.median(data.optimum[data.cluster != cluster]) for cluster in range(data.num_clusters)])

    def error(forecast: Array) -> float:
        """Of forecasts [N] of log(1 + λ*), each cluster weighing the same."""
        hit = (data.optimum >= data.last) & (forecast >= data.last)
        hit |= (data.optimum <= data.first) & (forecast <= data.first)
        missed = np.where(hit, 0.0, np.abs(as_lambda(forecast) - np.expm1(data.optimum)))
        return float(np.mean(np.bincount(data.cluster, missed) / data.cluster_sizes))

    own = (data.cluster, np.arange(len(data.cluster)))
    return ForecastErrors(
        saturating=error(by_law[own]), isotonic=error(by_isotonic[own]), median=error(by_median[data.cluster])
    )
