"""The law that ties λ* to redundancy: encoders as points, the fits, how well they forecast, and what they say."""

from analysis.redundancy.association import RankCorrelation
from analysis.redundancy.law import PREDICTORS, Forecast, Predictor, RedundancyLaw
from analysis.redundancy.leave_one_out import ForecastErrors
from analysis.redundancy.points import encoder_points
from analysis.redundancy.summary import law_summary

__all__ = [
    "PREDICTORS",
    "Forecast",
    "ForecastErrors",
    "Predictor",
    "RankCorrelation",
    "RedundancyLaw",
    "encoder_points",
    "law_summary",
]
