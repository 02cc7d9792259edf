"""Alignment objectives: what L_align of a training can be; each loss has a file of its own."""

from alignment.objectives.configurations import NAMED_OBJECTIVES, Cka, InfoNce, SigLip, Vicreg
from alignment.objectives.objective import Objective, learnt_scalars

__all__ = ["NAMED_OBJECTIVES", "Cka", "InfoNce", "Objective", "SigLip", "Vicreg", "learnt_scalars"]
