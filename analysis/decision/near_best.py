"""Which λ could be the best one, or as good as it to within a margin."""

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import Array
from analysis.decision.paired_differences import PairedDifferences
from analysis.decision.student import student_half_widths


def could_be_best(differences: PairedDifferences, margin: float, errors: Array) -> NDArray[np.bool_]:
    """The λ [L] that are not shown to be worse than another by the margin.

    The truly best λ is left out with a probability of at most the largest of `errors` [L, L]. Each λ is compared with
    all others, by the seeds that both have, one-sided, at a level divided by their number: multiple comparisons with
    the best (Hsu 1996, Multiple Comparisons, chapter 4), where the margin stands for no difference.
    """
    num_others = max(int(differences.is_scored.sum()) - 1, 1)
    half_widths = student_half_widths(
        differences.standard_errors(), differences.degrees_of_freedom(), 2 * errors / num_others
    )
    is_worse = np.nan_to_num(differences.means, nan=-np.inf) - half_widths > margin
    return differences.is_scored & ~is_worse.any(axis=0)
