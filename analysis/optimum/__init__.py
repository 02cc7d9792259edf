"""λ* of one encoder: the curve over λ, its maximum and how sure that is, its shape, and what a forecast costs."""

from analysis.optimum.curves import (
    PairedScores,
    gain_curves,
    has_gains,
    holm,
    lambda_star_table,
    mean_curves,
    paired_scores,
)
from analysis.optimum.optimal import OptimalLambda, Regime, optimal_lambda
from analysis.optimum.regret import Regret, forecast_regret
from analysis.optimum.smoothing import unit_positions

__all__ = [
    "OptimalLambda",
    "PairedScores",
    "Regime",
    "Regret",
    "forecast_regret",
    "gain_curves",
    "has_gains",
    "holm",
    "lambda_star_table",
    "mean_curves",
    "optimal_lambda",
    "paired_scores",
    "unit_positions",
]
