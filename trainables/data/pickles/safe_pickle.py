"""Reading pickles that others made: arrays and built-in containers alone, as nothing else can be trusted.

A pickle is a program. It may import whatever the reader's Python can, and call it. This reader imports nothing: it
knows the few names that arrays and containers are written with, and has a function of its own for each.
"""

import mmap
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from trainables.config import Refused
from trainables.data.pickles import pickled_arrays
from trainables.data.pickles.pickle_opcodes import UnsafePickleError, check_opcodes
from trainables.data.pickles.pickled_arrays import NDARRAY, Array, Budget, ElementType

_ARRAY_MODULES = ("numpy.core", "numpy._core")  # before NumPy 2, and since
_BUILTIN_MODULES = ("builtins", "__builtin__")  # Python 3 and 2


def read_pickle(path: Path) -> Any:
    """What the pickle at `path` holds: built-in values, containers of them, and NumPy arrays and scalars.

    Written by Python 2 or 3 and NumPy of any version, in any protocol; strings of Python 2 are read as latin-1. An
    array of objects may hold the same values. Raises UnsafePickleError, naming the file and what it asked for, where
    it needs anything else or declares more than it holds, and Refused where it is damaged.
    """
    with _errors_naming(path), path.open("rb") as file:
        size = _checked_size(file)
        return _resolved(_Unpickler(file, Budget(size)).load(), {})


def require_pickle(path: Path) -> None:
    """Raise, as `read_pickle` would, where a file is no whole pickle; what it holds is neither built nor looked at."""
    with _errors_naming(path), path.open("rb") as file:
        _checked_size(file)


def _checked_size(file: BinaryIO) -> int:
    """Size of a pickle in bytes, all of whose instructions are there."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise Refused("expected a whole pickle, found an empty file")
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        check_opcodes(content)
    return size


@contextmanager
def _errors_naming(path: Path) -> Iterator[None]:
    """Errors of a damaged or unsafe pickle as Refused and UnsafePickleError that name the file."""
    try:
        yield
    except UnsafePickleError as error:
        raise UnsafePickleError(f"{path}: {error}") from error
    except OSError:
        raise
    except Exception as error:  # a damaged pickle may ask anything of anything
        raise Refused(f"{path}: expected a whole pickle, found a damaged one ({error})") from error


class _Admitted:
    """A name that a pickle may call; it can be neither changed nor seen through."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: Any) -> NoReturn:
        raise UnsafePickleError(f"refused to change a function by {state!r}")


class _Unpickler(pickle.Unpickler):
    """Python's unpickler, with names of `_admitted` alone."""

    def __init__(self, file: Any, budget: Budget) -> None:
        super().__init__(file, encoding="latin1")
        self._names = _admitted(budget)

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Our own counterpart of what the pickle names."""
        if (module_name, global_name) not in self._names:
            raise UnsafePickleError(
                f"refused {module_name}.{global_name}: expected NumPy arrays and built-in containers alone"
            )
        return self._names[module_name, global_name]


def _admitted(budget: Budget) -> dict[tuple[str, str], Any]:
    def with_budget(function: Callable[..., Any]) -> _Admitted:
        return _Admitted(lambda *arguments: function(budget, *arguments))

    names: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): NDARRAY,
        ("numpy", "dtype"): _Admitted(ElementType),
        ("_codecs", "encode"): with_budget(pickled_arrays.latin1),
    }
    for package in _ARRAY_MODULES:
        names[f"{package}.multiarray", "_reconstruct"] = with_budget(_empty_array)
        names[f"{package}.multiarray", "scalar"] = with_budget(pickled_arrays.scalar_of)
        names[f"{package}.numeric", "_frombuffer"] = with_budget(pickled_arrays.array_of_buffer)
    for module in _BUILTIN_MODULES:
        names[module, "set"] = with_budget(lambda budget, items=(): _collection(budget, set, items))
        names[module, "frozenset"] = with_budget(lambda budget, items=(): _collection(budget, frozenset, items))
        names[module, "bytearray"] = with_budget(_bytearray)
        names[module, "bytes"] = _Admitted(lambda: b"")
        names[module, "complex"] = _Admitted(complex)
    return names


def _empty_array(budget: Budget, array_type: Any, shape: Any, type_code: Any) -> Array:
    """numpy._core.multiarray._reconstruct: an empty array, whose state comes next."""
    if array_type is not NDARRAY:
        raise UnsafePickleError(f"refused an array of type {array_type!r}: expected numpy.ndarray")
    return Array(budget)


def _collection(budget: Budget, kind: type, items: Any) -> Any:
    if not isinstance(items, list | tuple | set | frozenset):
        raise UnsafePickleError(f"refused a {kind.__name__} of {type(items).__name__}")
    budget.take(len(items))
    return kind(items)


def _bytearray(budget: Budget, content: Any = b"", encoding: Any = None) -> bytearray:
    if encoding is not None:
        return bytearray(pickled_arrays.latin1(budget, content, encoding))
    if not isinstance(content, bytes):  # of a number, bytearray would make that many bytes
        raise UnsafePickleError(f"refused a bytearray of {type(content).__name__}")
    budget.take(len(content))
    return bytearray(content)


def _resolved(value: Any, seen: dict[int, Any]) -> Any:
    """`value` with arrays in place of what they were made from; containers may hold one value many times."""
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, Array):
        if value.value is None:
            raise Refused("found an array without content")
        return _resolved(value.value, seen)
    if isinstance(value, ElementType):
        return value.value
    if value is NDARRAY or isinstance(value, _Admitted):
        raise UnsafePickleError("refused a function or a class as a value: expected arrays and containers alone")
    if isinstance(value, dict):
        seen[id(value)] = value
        value.update({key: _resolved(item, seen) for key, item in value.items()})
    elif isinstance(value, list):
        seen[id(value)] = value
        value[:] = [_resolved(item, seen) for item in value]
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        seen[id(value)] = value
        for index in np.ndindex(value.shape):
            value[index] = _resolved(value[index], seen)
    elif isinstance(value, tuple):
        seen[id(value)] = tuple(_resolved(item, seen) for item in value)
        return seen[id(value)]
    return value
