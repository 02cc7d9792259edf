"""Partial information decomposition: what two modalities tell about a label together, apart, and only jointly."""

from pid.atoms import Atoms

__all__ = ["Atoms"]
