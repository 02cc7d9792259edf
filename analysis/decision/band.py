"""A band that holds the gains at all λ at once.

Each gain is divided by its own standard error, as the scatter at the largest λ can be ten times that at the smallest.
Gains are correlated, for they share the first λ. The level of a single interval is therefore that at which the
largest of as many correlated normal ratios stays within all of them (max-t: Hothorn, Bretz and Westfall 2008,
Simultaneous inference in general parametric models, Biometrical J. 50(3)). Student's quantile is taken at that level,
by the degrees of freedom of each λ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.arrays import Array
from analysis.decision.paired_differences import PairedDifferences
from analysis.decision.student import student_half_widths

NUM_DRAWS = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class GainBand:
    """Gains over the first λ and what bounds them at once, [L] each, score units; all 0 at the first λ.

    `is_scored` says which λ have a score. The bounds are infinite where fewer than two seeds have both scores, and so
    is everything where the first λ has none.
    """

    gains: Array
    lows: Array
    highs: Array
    is_scored: NDArray[np.bool_]

    @property
    def others(self) -> NDArray[np.bool_]:
        """The λ [L] above the first that have a score."""
        return self.is_scored & (np.arange(len(self.gains)) > 0)


def gain_band(differences: PairedDifferences, levels: Array) -> GainBand:
    """Bound the gains at all λ, each by an interval that errs with the probability `levels` [L] says."""
    gains = differences.means[:, 0].copy()
    errors, freedom = differences.standard_errors()[:, 0], differences.degrees_of_freedom()[:, 0]
    half_widths = student_half_widths(errors, freedom, levels)
    gains[0], half_widths[0] = 0.0, 0.0
    centre = np.nan_to_num(gains)
    return GainBand(gains=gains, lows=centre - half_widths, highs=centre + half_widths, is_scored=differences.is_scored)


def single_levels(differences: PairedDifferences, errors: Array, seed: int) -> Array:
    """Level [L] of each single interval at which all gains are held at once but for a probability of `errors` [L].

    Where λ have errors of their own, as they were looked at a different number of times, each has the level at which
    all gains are held but for its own error.
    """
    bounded = differences.num_seeds[:, 0] > 1
    bounded[0] = False
    deviations = np.sqrt(np.diagonal(differences.covariance))
    members = np.flatnonzero(bounded & (deviations > 0))
    if len(members) < 2:
        return errors
    correlation = differences.covariance[np.ix_(members, members)] / np.outer(deviations[members], deviations[members])
    correlation = _shrunk(correlation, int(differences.num_seeds[members, 0].min()))
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    draws = np.random.default_rng(seed).standard_normal((NUM_DRAWS, len(members))) @ root.T
    largest = np.quantile(np.abs(draws).max(axis=1), 1 - errors)
    # Whatever the draws say, the truth lies between one interval's level and Bonferroni's.
    return np.clip(2 * special.ndtr(-largest), errors / len(members), errors)


def _shrunk(correlation: Array, num_seeds: int) -> Array:
    """The correlation, taken for less where seeds are few: what they show by chance would make the band too narrow."""
    share = max(1 - 2 / (num_seeds - 1), 0.0)
    return share * correlation + (1 - share) * np.eye(len(correlation))
