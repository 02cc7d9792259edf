"""Arrays of a user's own in the types that are trained on, whatever they were stored as."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np

from trainables.config import Refused
from trainables.data.splits import Split, Splits

# By the field of a split: the type that is trained on, and the kinds of NumPy types that are taken for it.
_TYPES = {
    "x1": (np.float32, "biuf", "real numbers"),
    "x2": (np.float32, "biuf", "real numbers"),
    "lengths_1": (np.int64, "iu", "integers"),
    "lengths_2": (np.int64, "iu", "integers"),
    "probabilities": (np.float32, "f", "real numbers"),
    "groups": (np.int64, "iu", "integers"),
}


def plain_splits(returned: Any, path: str) -> Splits:
    """What the user's code at `path` returned, read-only: features float32, labels int64 or float32, lengths int64.

    An array that is of its type already is not copied. Raises Refused, naming the array, for anything but `Splits`
    of NumPy arrays of real numbers that float32 can hold.
    """
    if not isinstance(returned, Splits):
        raise Refused(f"{path}: expected it to return trainables.data.Splits, got {type(returned).__name__}")
    parts = {name: _plain_split(split, f"{path}: {name}") for name, split in returned.by_name.items()}
    return replace(returned, **parts)


def named_arrays(splits: Splits) -> Iterator[tuple[str, np.ndarray]]:
    """All arrays of the three splits by name (`train.x1`), in order."""
    for name, split in splits.by_name.items():
        for field in fields(split):
            values = getattr(split, field.name)
            if values is not None:
                yield f"{name}.{field.name}", values


def _plain_split(split: Split, place: str) -> Split:
    labels = (np.int64, "iu", "integers") if split.y.dtype.kind in "iu" else (np.float32, "f", "real numbers")
    plain = {}
    for name, (wanted, kinds, described) in (_TYPES | {"y": labels}).items():
        values = getattr(split, name)
        if values is not None:
            plain[name] = _plain_array(values, wanted, kinds, described, f"{place}.{name}")
    return replace(split, **plain)


def _plain_array(values: Any, wanted: type[np.generic], kinds: str, described: str, place: str) -> np.ndarray:
    """`values` as `wanted`, contiguous as PyTorch needs it, and no subclass, which Ray would copy or take apart."""
    if not isinstance(values, np.ndarray) or isinstance(values, np.ma.MaskedArray) or values.dtype.kind not in kinds:
        found = f"one of {values.dtype}" if type(values) is np.ndarray else type(values).__name__
        raise Refused(f"{place}: expected a NumPy array of {described}, got {found}")
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(values, dtype=wanted).view(np.ndarray)
    if values.dtype.kind == "f" and values.dtype.itemsize > plain.itemsize:
        num_lost = int(np.sum(np.isinf(plain)) - np.sum(np.isinf(values)))
        if num_lost:
            raise Refused(f"{place}: expected numbers that float32 can hold, got {num_lost} that are larger")
    plain = plain.view()  # so that the user's own array stays writable
    plain.flags.writeable = False
    return plain
