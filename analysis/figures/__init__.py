"""Figures: one function a figure, from tables to a drawing that carries its numbers and its sentence."""

from analysis.figures.curve_figures import accuracy_and_alignment, gain_by_lambda
from analysis.figures.decision_figures import gain_at_lambda_star, lambda_star_figure
from analysis.figures.information_figures import has_null, information_figure
from analysis.figures.law_figures import law_figure
from analysis.figures.map import map_figure
from analysis.figures.plotting import METRIC_LABELS, STYLE, Drawing, even_steps, save_figure
from analysis.figures.search_figures import importance_figure, parallel_coordinates, survivor_figure

__all__ = [
    "METRIC_LABELS",
    "STYLE",
    "Drawing",
    "accuracy_and_alignment",
    "even_steps",
    "gain_at_lambda_star",
    "gain_by_lambda",
    "has_null",
    "importance_figure",
    "information_figure",
    "lambda_star_figure",
    "law_figure",
    "map_figure",
    "parallel_coordinates",
    "save_figure",
    "survivor_figure",
]
