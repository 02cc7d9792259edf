"""What a data set must be able to say of itself, whatever its files or its generator are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from trainables.config import DataConfig
from trainables.data.splits import CLASSIFICATION, Splits, Task

Configuration = TypeVar("Configuration", bound=DataConfig, contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """What is known of a data set without training on it: modalities, rows' shapes, task, classes, split sizes.

    `has_lengths_1`, `has_lengths_2`: the sequences of that modality differ in length.
    """

    modalities: tuple[str, str]
    row_1: tuple[int, ...]
    row_2: tuple[int, ...]
    num_classes: int
    sizes: tuple[int, int, int]
    task: Task = CLASSIFICATION
    has_lengths_1: bool = False
    has_lengths_2: bool = False


class DataAdapter(Protocol[Configuration]):
    """One data set, as the rest of the platform sees it.

    `config` names a version of it. `data_dir` is the folder with its raw files, None where none was given; a data set
    without files takes no notice of it.
    """

    @property
    def has_known_shapes(self) -> bool:
        """Whether `shapes` and `modalities` need no file and load nothing."""
        ...

    def load(self, config: Configuration, data_dir: Path | None) -> Splits:
        """Its rows. Raises MissingDataError where files are missing and Refused where they are damaged."""
        ...

    def require(self, config: Configuration, data_dir: Path | None) -> None:
        """Raise MissingDataError where `load` would, in no time: no file is read."""
        ...

    def content(self, config: Configuration, data_dir: Path | None) -> str | None:
        """SHA-256, in hexadecimal, that changes where the rows may; None where the configuration says all of them."""
        ...

    def shapes(self, config: Configuration, data_dir: Path | None) -> Shapes:
        """What is known of its rows. Raises MissingDataError where that takes a file that is missing."""
        ...

    def modalities(self, config: Configuration, data_dir: Path | None) -> tuple[str, str]:
        """Names of modality 1 and 2. Raises as `shapes` does."""
        ...

    def population(self, config: Configuration) -> np.ndarray | None:
        """Exact joint distribution [n1, n2, classes], None where it is not known."""
        ...
