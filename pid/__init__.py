"""Partial information decomposition: what two modalities tell about a label together, apart, and only jointly.

`pid.batch` learns with torch, which takes seconds to import, and is therefore imported by itself.
"""

from pid.atoms import Atoms
from pid.broja import BrojaResult, NotConvergedError, broja
from pid.discretize import fit_discretizer, joint_table
from pid.distributions import informations, named_distributions
from pid.estimate import Estimate, Interval, Null, estimate
from pid.gaussian import GaussianResult, gaussian
from pid.pointwise import PointwiseResult, pointwise

__all__ = [
    "Atoms",
    "BrojaResult",
    "Estimate",
    "GaussianResult",
    "Interval",
    "NotConvergedError",
    "Null",
    "PointwiseResult",
    "broja",
    "estimate",
    "fit_discretizer",
    "gaussian",
    "informations",
    "joint_table",
    "named_distributions",
    "pointwise",
]
