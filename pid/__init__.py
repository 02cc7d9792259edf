"""Partial information decomposition: what two modalities tell about a label together, apart, and only jointly.

`pid.learnt` trains with torch, which takes seconds to import, and is therefore imported by itself.
"""

from pid.atoms import Atoms
from pid.clustered import fit_discretizer
from pid.distributions import named_distributions
from pid.estimates import Estimate, Interval, Null
from pid.estimation import estimate
from pid.exact import BrojaResult, NotConvergedError, broja
from pid.joint_tables import informations, joint_table
from pid.jointly_gaussian import GaussianResult, gaussian
from pid.label_bins import quantile_bins
from pid.leak import on_held_out_rows
from pid.lsmi import PointwiseResult, pointwise

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
    "on_held_out_rows",
    "pointwise",
    "quantile_bins",
]
