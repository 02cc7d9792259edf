"""How much of the allowed error each look at growing data may spend.

A statement that must hold at all looks together may err at each of them with a share of the error, and the shares
add up to at most 1 (error spending: Lan and DeMets 1983, Discrete sequential boundaries, Biometrika 70(3), with a plain
sum in place of the looks' joint distribution, which few seeds and test rows would not let us know). Any shares will
do, so they were chosen by what they cost: `benchmarks/decision_rule.py --part rules` counts the seeds until decisions
stand. Equal shares are the cheapest. Those that fall fast starve the late looks, where the hard cases are decided. A
boundary for any number of looks at any time costs most, as rounds that double the seeds look only a few times.
"""

import numpy as np
from numpy.typing import ArrayLike

from analysis.arrays import Array

EQUAL_LOOKS = 6  # rounds that double 8 seeds reach 256 with as many


def spent_at(look: ArrayLike, error: float) -> Array:
    """The part of the error that look 1, 2, … may spend: a seventh at each of the first six, then half of the last."""
    return error / (EQUAL_LOOKS + 1) * 0.5 ** np.maximum(np.subtract(look, EQUAL_LOOKS), 0)
