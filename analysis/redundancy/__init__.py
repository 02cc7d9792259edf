"""The law that ties λ* to redundancy: encoders as points, the fits, how well they forecast, and what they say."""

from analysis.redundancy.association import RankCorrelation
from analysis.redundancy.law import PREDICTORS, Forecast, NoLawError, Predictor, RedundancyLaw
from analysis.redundancy.law_sentences import law_summary
from analysis.redundancy.leave_one_out import ForecastErrors
from analysis.redundancy.points import encoder_points, read_points

__all__ = [
    "PREDICTORS",
    "Forecast",
    "ForecastErrors",
    "NoLawError",
    "Predictor",
    "RankCorrelation",
    "RedundancyLaw",
    "encoder_points",
    "law_summary",
    "read_points",
]
