"""From records to conclusions: λ* of each encoder, the law across studies, tables, figures. Reads what was recorded."""

from analysis.optimum.curves import gain_curves, lambda_star_table, mean_curves
from analysis.optimum.optimal import OptimalLambda, optimal_lambda
from analysis.records import StudyRecords, read_studies, read_study
from analysis.redundancy.law import Forecast, RedundancyLaw
from analysis.redundancy.points import encoder_points
from analysis.redundancy.summary import law_summary

__all__ = [
    "Forecast",
    "OptimalLambda",
    "RedundancyLaw",
    "StudyRecords",
    "encoder_points",
    "gain_curves",
    "lambda_star_table",
    "law_summary",
    "mean_curves",
    "optimal_lambda",
    "read_studies",
    "read_study",
]
