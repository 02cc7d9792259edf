"""λ* of one encoder: the curve over λ, its maximum and how sure that is, its shape, and what a forecast costs."""

from analysis.optimum.optimal import OptimalLambda, Regime, checked_curve, optimal_lambda
from analysis.optimum.regret import Regret, forecast_regret
from analysis.optimum.score_curves import (
    PairedScores,
    chance_curves,
    holm,
    mean_curves,
    paired_scores,
)
from analysis.optimum.smoothing import unit_positions

__all__ = [
    "OptimalLambda",
    "PairedScores",
    "Regime",
    "Regret",
    "chance_curves",
    "checked_curve",
    "forecast_regret",
    "holm",
    "mean_curves",
    "optimal_lambda",
    "paired_scores",
    "unit_positions",
]
