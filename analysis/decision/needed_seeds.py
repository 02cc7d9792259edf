"""Where more seeds could change a decision, how many it would take, and when they cannot."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import Array
from analysis.decision.band import GainBand, gain_band
from analysis.decision.band_verdict import word_of
from analysis.decision.paired_differences import PairedDifferences

# Beyond this number of seeds a λ nobody waits for a decision.
MOST_SEEDS = 1_000_000


def contending(band: GainBand, could_be_best: NDArray[np.bool_], margin: float) -> NDArray[np.bool_]:
    """The λ [L] above the first that keep an undecided band from a decision.

    These are the λ that could still gain the margin; without those that another is shown to beat by the margin, as
    that other one will tell first. Where no λ can gain it, they are those of which neither harm nor harmlessness is
    shown.
    """
    could_gain = band.others & (band.highs >= margin)
    if not could_gain.any():
        return band.others & (band.lows <= -margin)
    ahead = could_gain & could_be_best
    return ahead if ahead.any() else could_gain


def rows_dominate(differences: PairedDifferences) -> NDArray[np.bool_]:
    """Whether test rows have a larger part in the error of the gain at each λ [L] than seeds."""
    of_seeds = differences.seed_variances[:, 0] / np.maximum(differences.num_seeds[:, 0], 1)
    return differences.row_variances[:, 0] > of_seeds


def seeds_are_spent(
    differences: PairedDifferences, contenders: NDArray[np.bool_], margin: float, levels: Array
) -> bool:
    """Whether test rows have the larger part at every contender, and no number of seeds would decide."""
    if not contenders.any() or not rows_dominate(differences)[contenders].all():
        return False
    return further_seeds(differences, contenders, margin, levels, None) is None


def further_seeds(
    differences: PairedDifferences, contenders: NDArray[np.bool_], margin: float, levels: Array, most: int | None
) -> int | None:
    """How many more seeds each contender needs until the band decides, if all estimates stay as they are.

    `levels` [L] are those of single intervals at the next look. None without contenders, where no number up to `most`
    would do, or where the scatter over seeds is not known.
    """
    limit = MOST_SEEDS if most is None else most
    if not contenders.any() or limit < 1:
        return None
    present = int(differences.num_seeds[contenders, 0].min())

    def decides(further: int) -> bool:
        counts = np.maximum(differences.num_seeds, present + further)
        return word_of(gain_band(replace(differences, num_seeds=counts), levels), margin) != "undecided"

    # From below, as more may decide less: with few groups of test rows, degrees of freedom fall as seeds grow.
    too_few, enough = 0, 1
    while not decides(enough):
        if enough >= limit:
            return None
        too_few, enough = enough, min(2 * enough, limit)
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if decides(middle) else (middle, enough)
    return enough
