"""From records to conclusions: λ* of each encoder, the law across studies, tables, figures. Reads what was recorded."""

from analysis.optimum import OptimalLambda, gain_curves, lambda_star_table, mean_curves, optimal_lambda
from analysis.records import StudyRecords, read_studies, read_study
from analysis.redundancy import Forecast, RedundancyLaw, encoder_points, law_summary

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
