"""Pointwise atoms of continuous features, by the definition of redundancy that LSMI has, which is not that of BROJA."""

from pid.lsmi.pointwise_atoms import PointwiseResult, pointwise

__all__ = ["PointwiseResult", "pointwise"]
