"""Figures: one function a figure, from tables to a drawing that carries its numbers and its sentence."""

from analysis.figures.curves import accuracy_and_alignment, gain_by_lambda
from analysis.figures.information import information_figure
from analysis.figures.law import law_figure
from analysis.figures.map import map_figure
from analysis.figures.plotting import METRIC_LABELS, STYLE, Drawing, even_steps, save_figure, strength_label
from analysis.figures.search import importance_figure, parallel_coordinates, survivor_figure

__all__ = [
    "METRIC_LABELS",
    "STYLE",
    "Drawing",
    "accuracy_and_alignment",
    "even_steps",
    "gain_by_lambda",
    "importance_figure",
    "information_figure",
    "law_figure",
    "map_figure",
    "parallel_coordinates",
    "save_figure",
    "strength_label",
    "survivor_figure",
]
