"""Checks of what objectives are made of and called with."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def check_pair(z_a: "Tensor", z_b: "Tensor") -> None:
    """Raise ValueError unless both are floating point [..., N, D] of one shape, with N >= 2 and D >= 1."""
    for name, z in (("z_a", z_a), ("z_b", z_b)):
        if not z.is_floating_point():
            raise ValueError(f"{name} must be floating point, got {z.dtype}")
    if z_a.shape != z_b.shape:
        raise ValueError(f"z_a and z_b must have one shape, got {tuple(z_a.shape)} and {tuple(z_b.shape)}")
    if z_a.ndim < 2 or z_a.shape[-2] < 2 or z_a.shape[-1] < 1:
        raise ValueError(f"expected [..., N, D] with N >= 2 rows to tell apart and D >= 1, got {tuple(z_a.shape)}")


def check_learnt(expected: Mapping[str, float], given: "Mapping[str, Tensor]", z: "Tensor") -> None:
    """Raise ValueError unless each of `given` is named in `expected` and has the batch shape of `z` [..., N, D]."""
    for name, scalar in given.items():
        if name not in expected:
            raise ValueError(f"learnt scalars of this objective are {sorted(expected) or 'none'}, got {name!r}")
        if scalar.shape != z.shape[:-2]:
            raise ValueError(f"{name} must have the batch shape {tuple(z.shape[:-2])}, got {tuple(scalar.shape)}")


def check_number(name: str, value: float) -> None:
    """Raise ValueError unless `value` is a finite number."""
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")


def check_temperature(temperature: float) -> None:
    """Raise ValueError unless `temperature` is a finite number above 0."""
    if not isinstance(temperature, Real) or not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be a finite number above 0, got {temperature!r}")
