"""Features and numbers as integer codes, so that the rows of a sample can be counted in a joint table."""

from pid.clustered.clusters import fit_discretizer
from pid.clustered.codes import as_codes

__all__ = ["as_codes", "fit_discretizer"]
