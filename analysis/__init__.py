"""From records to conclusions: λ* of each encoder, tables, figures. Reads only what was recorded."""

from analysis.curves import gain_curves, lambda_star_table, mean_curves
from analysis.optimum import OptimalLambda, optimal_lambda
from analysis.records import StudyRecords, read_studies, read_study

__all__ = [
    "OptimalLambda",
    "StudyRecords",
    "gain_curves",
    "lambda_star_table",
    "mean_curves",
    "optimal_lambda",
    "read_studies",
    "read_study",
]
