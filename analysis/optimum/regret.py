"""What a forecast costs: accuracy at the best λ of a sweep less accuracy at the λ that was forecast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.optimum.optimal import complete_scores


@dataclass(frozen=True, kw_only=True)
class Regret:
    """Accuracy lost by the forecast against `best` of the grid, 0 or more; no interval where there is one seed."""

    value: float
    interval: tuple[float, float] | None
    best: float


def forecast_regret(lambdas: ArrayLike, scores: ArrayLike, forecast: float, *, confidence: float = 0.95) -> Regret:
    """Regret of a λ of the grid: lambdas [L], scores [L, S], paired by seed.

    The interval bounds the gain of every other λ over the forecast at once (Student's t, Bonferroni over L - 1), so it
    holds although the best one was picked by the same scores. Raises ValueError where the forecast is not of the grid.
    """
    grid, table = complete_scores(lambdas, scores)
    at = np.flatnonzero(grid == forecast)
    if len(at) == 0:
        raise ValueError(f"the forecast must be one of the grid's λ {grid.tolist()}, got {forecast}")
    gains = table - table[at]
    means = gains.mean(axis=1)
    best = int(means.argmax())
    num_lambdas, num_seeds = table.shape
    interval = None
    if num_seeds > 1:
        quantile = stats.t.ppf(1 - (1 - confidence) / (2 * (num_lambdas - 1)), num_seeds - 1)
        half_widths = quantile * gains.std(axis=1, ddof=1) / np.sqrt(num_seeds)
        interval = float((means - half_widths).max()), float((means + half_widths).max())
    return Regret(value=float(means[best]), interval=interval, best=float(grid[best]))
