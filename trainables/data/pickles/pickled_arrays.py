"""NumPy's part of a pickle, rebuilt by us: arrays, element types and scalars of numbers, strings and vetted objects.

NumPy's own functions take any element type, any shape and any state; these take those alone that arrays of numbers
and strings are written with, and never more elements than the file has bytes for.
"""

import math
import re
from typing import Any

import numpy as np

from trainables.config import Refused
from trainables.data.pickles.pickle_opcodes import UnsafePickleError

NDARRAY = object()  # stands for numpy.ndarray where a pickle names it; not callable, for ndarray sets memory aside
_ELEMENT_TYPE = re.compile(r"[biufcSUO]\d{1,6}|\?")
_ORDERS = ("C", "F", "K")


class Budget:
    """How much more memory what is rebuilt may take: all in all no more than the file's size in bytes."""

    def __init__(self, size: int) -> None:
        self._remaining = size

    def take(self, size: int) -> None:
        """Raise UnsafePickleError where less than `size`, in bytes or elements, is left."""
        if size > self._remaining:
            raise UnsafePickleError(f"refused to make {size} bytes or elements: more than the file can hold")
        self._remaining -= size


class ElementType:
    """numpy.dtype as a pickle describes it: a plain type, then its byte order."""

    __slots__ = ("value",)

    def __init__(self, description: object, *_: object) -> None:
        if not isinstance(description, str) or not _ELEMENT_TYPE.fullmatch(description):
            raise UnsafePickleError(f"refused the element type {description!r}: expected numbers or strings")
        self.value = np.dtype(description)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, *structure = state[:5]
        if any(part is not None for part in (*structure, *state[8:])):
            raise UnsafePickleError(f"refused an element type with a structure, {state!r}")
        self.value = self.value.newbyteorder(order)


class Array:
    """An array whose content follows; `value` is None until then."""

    __slots__ = ("_budget", "value")
    __hash__ = None  # pyright: ignore[reportAssignmentType]  # as of arrays

    def __init__(self, budget: Budget) -> None:
        self.value: np.ndarray | None = None
        self._budget = budget

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        shape, element_type, is_fortran, content = state[-4:]  # NumPy's oldest has no version in front
        self.value = array_of(content, element_type, shape, "F" if is_fortran else "C", self._budget)


def array_of(content: Any, element_type: Any, shape: Any, order: str, budget: Budget) -> np.ndarray:
    """Array of `shape` over the bytes `content`, not copied; of objects, from a list of them.

    Raises UnsafePickleError where `shape` declares another size than `content` has.
    """
    dtype = _dtype(element_type)
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if not all(isinstance(size, int) and size >= 0 for size in shape) or order not in _ORDERS:
        raise Refused(f"expected sizes of at least 0 in C or F order, found {shape!r} in {order!r}")
    num_elements = math.prod(shape)
    if dtype.hasobject:
        if not isinstance(content, list) or len(content) != num_elements or not shape:
            raise UnsafePickleError(f"refused an array of objects of shape {shape} that is no list of {num_elements}")
        budget.take(num_elements)
        objects = np.empty(num_elements, dtype=object)
        for index, item in enumerate(content):
            objects[index] = item
        return objects.reshape(shape, order="F" if order == "F" else "C")
    buffer = _bytes(content, budget)
    if num_elements * dtype.itemsize != len(buffer) or (dtype.itemsize == 0 and num_elements > 0):
        raise UnsafePickleError(f"refused an array of {dtype} of shape {shape} over {len(buffer)} bytes")
    return np.ndarray(shape, dtype, buffer, order="F" if order == "F" else "C")


def array_of_buffer(budget: Budget, content: Any, element_type: Any, shape: Any, order: str, axes: Any = None) -> Any:
    """Array as protocol 5 writes it; `axes` is the order of the axes that lie as in K order."""
    array = array_of(content, element_type, shape, order, budget)
    return array if axes is None else array.transpose(axes)


def scalar_of(budget: Budget, element_type: Any, content: Any) -> Any:
    """NumPy scalar of a number or string."""
    if _dtype(element_type).hasobject:
        raise UnsafePickleError("refused a scalar of objects")
    return array_of(content, element_type, (), "C", budget)[()]


def latin1(budget: Budget, text: Any, encoding: Any) -> bytes:
    """Bytes as protocols below 3 write them: text in latin-1."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafePickleError(f"refused to encode {type(text).__name__} as {encoding!r}: expected text in latin1")
    budget.take(len(text))
    return text.encode("latin1")


def _dtype(element_type: Any) -> np.dtype:
    if not isinstance(element_type, ElementType):
        raise UnsafePickleError(f"refused {element_type!r} as an element type")
    return element_type.value


def _bytes(content: Any, budget: Budget) -> bytes | bytearray:
    """Bytes, which Python 2 wrote as a string that is read as latin-1."""
    if isinstance(content, str):
        return latin1(budget, content, "latin1")
    if not isinstance(content, bytes | bytearray):
        raise UnsafePickleError(f"refused {type(content).__name__} as the bytes of an array")
    return content
