"""The three splits by whatever names a file gives them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainables.config import Refused
from trainables.data.splits import SPLIT_NAMES

_NAMES = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "dev", "validation", "development"),
    "test": ("test", "testing"),
}
_STANDARD = {name: standard for standard, names in _NAMES.items() for name in names}


def parts_by_split(content: Any, place: str) -> dict[str, Any]:
    """What a mapping has under each split's name, by `SPLIT_NAMES`: "dev" and "val" stand for "valid".

    Raises Refused, beginning with `place`, where a split is missing or there are two of one kind.
    """
    found: dict[str, Any] = {}
    for key, value in content.items() if isinstance(content, Mapping) else ():
        standard = _STANDARD.get(key) if isinstance(key, str) else None
        if standard is not None and standard in found:
            raise Refused(f"{place}: expected one {standard} split, found several, one of them called {key}")
        if standard is not None:
            found[standard] = value
    missing = [name for name in SPLIT_NAMES if name not in found]
    if missing:
        raise Refused(f"{place}: expected a dictionary with {', '.join(SPLIT_NAMES)}, found no {missing[0]}")
    return found


def split_numbers(values: np.ndarray, place: str) -> np.ndarray:
    """The split of each row [n], int64, 0 train, 1 valid, 2 test, of numbers or words [n] that say so.

    Raises Refused, beginning with `place`, where anything else is among them or a split has no row.
    """
    distinct, codes = np.unique(values, return_inverse=True)
    if values.dtype.kind == "U":
        standard = [_STANDARD.get(word.strip().lower()) for word in distinct.tolist()]
        numbers = [-1 if name is None else SPLIT_NAMES.index(name) for name in standard]
    else:
        numbers = distinct.tolist()
    if set(numbers) != set(range(len(SPLIT_NAMES))):
        raise Refused(
            f"{place}: expected rows of split 0 (train), 1 (valid) and 2 (test), or these words, "
            f"found {distinct.tolist()[:5]}"
        )
    return np.array(numbers, dtype=np.int64)[codes]
