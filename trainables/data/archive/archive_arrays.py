"""The arrays of a feature archive, whatever file they come from, and what is known of one that has not been read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trainables.data.splits import Task


@dataclass(frozen=True, kw_only=True)
class ArrayHeader:
    """Shape and element type of an array that has not been read."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.dtype} of shape {list(self.shape)}"


class ArchiveArrays(Protocol):
    """A file as arrays by name, of which `headers` are known and few are read."""

    @property
    def headers(self) -> Mapping[str, ArrayHeader]:
        """Shapes and types of all arrays by name."""
        ...

    @property
    def task(self) -> Task | None:
        """What the file says that its labels are, None where it does not."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the file was read, one sentence each."""
        ...

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Those arrays that the file has. Raises Refused, naming the file, where one holds objects or is damaged."""
        ...
