"""What chance does to an estimate: null, resamples, corrections and their intervals, and the verdict."""

from pid.inference.correction import (
    ATOM_NAMES,
    Correction,
    as_atoms,
    as_vector,
    chance_adjusted,
    information_weights,
    null_corrected,
    tie_corrected,
)
from pid.inference.resampling import (
    Draw,
    estimates_of_draws,
    halved,
    permuted_labels,
    resampled,
    useful_workers,
)
from pid.inference.sample import Sample, rows_in_place_of, rows_of_groups, sample_of
from pid.inference.verdict import LEVEL, dominant_atom, independence_p_value, largest_standardised, p_values

__all__ = [
    "ATOM_NAMES",
    "LEVEL",
    "Correction",
    "Draw",
    "Sample",
    "as_atoms",
    "as_vector",
    "chance_adjusted",
    "dominant_atom",
    "estimates_of_draws",
    "halved",
    "independence_p_value",
    "information_weights",
    "largest_standardised",
    "null_corrected",
    "p_values",
    "permuted_labels",
    "resampled",
    "rows_in_place_of",
    "rows_of_groups",
    "sample_of",
    "tie_corrected",
    "useful_workers",
]
