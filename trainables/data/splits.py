"""What every data set gives: three splits of paired rows, and what is known of their population."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from trainables.config import Refused, require_modalities

Task = Literal["classification", "regression"]

CLASSIFICATION: Task = "classification"
REGRESSION: Task = "regression"
SPLIT_NAMES = ("train", "valid", "test")


class MissingDataError(Refused, FileNotFoundError):
    """A data set's files are missing; the message says which, where they were looked for and their source."""


def how_to_fetch(dataset: str, data_dir: Path | None) -> str:
    """The command that fetches a data set, for people to whom its files are missing."""
    folder = "FOLDER" if data_dir is None else shlex.quote(str(data_dir))
    return f"To fetch: python -m trainables.data.download {dataset} --data-dir {folder}"


@dataclass(frozen=True, kw_only=True)
class Split:
    """Paired rows of two modalities.

    `x1`, `x2`: float32 [n, ...], a row of any shape that the encoder reads: [n, d] vectors, [n, t, d] sequences,
    [n, samples] waveforms, [n, height, width] or [n, channels, height, width] images. `y`: int64 [n] classes, or
    float32 [n] values to regress. `lengths_1`, `lengths_2`: int64 [n], how many steps along the first axis of each row
    are real (those beyond are padding), or None. `probabilities`: float32 [n, classes], the population's
    p(y | x1, x2), where it is known. `groups`: int64 [n], rows of one number (a speaker, a video) depend on one
    another; None where none do. Raises Refused where there is not one row a label.
    """

    x1: np.ndarray
    x2: np.ndarray
    y: np.ndarray
    lengths_1: np.ndarray | None = None
    lengths_2: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("x1", "x2", "lengths_1", "lengths_2", "probabilities", "groups"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.y):
                raise Refused(f"{name} must have one row a label: expected {len(self.y)} rows, got {len(values)}")

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The three splits of one data set.

    `modalities`: the names of modality 1 and 2. `task`: whether `y` are classes or values; values are learnt
    as such and scored on their sign, so `num_classes` is then 2. `ceilings`: the best accuracy that any
    encoder of modality 1 and of modality 2 can reach (Bayes), where the population is known. `population`:
    further exact figures by name (`information_1` = I(X1;Y), … in bits). `notes`: what a user should know of how the
    files were read, one sentence each. Raises Refused for two modalities of one name, and for labels that are not of
    the task.
    """

    train: Split
    valid: Split
    test: Split
    modalities: tuple[str, str]
    num_classes: int
    task: Task = CLASSIFICATION
    ceilings: tuple[float, float] | None = None
    population: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_modalities(self.modalities)
        kinds, wanted = ("f", "real numbers") if self.task == REGRESSION else ("iu", "integers")
        for name, split in self.by_name.items():
            if split.y.dtype.kind not in kinds:
                raise Refused(f"labels of a {self.task} must be {wanted}, got {split.y.dtype} in {name}")
        if self.task == REGRESSION and self.num_classes != 2:
            raise Refused(f"a regression has the 2 classes of the sign, got {self.num_classes}")

    @property
    def by_name(self) -> dict[str, Split]:
        """The three splits by their names, in order."""
        return dict(zip(SPLIT_NAMES, (self.train, self.valid, self.test), strict=True))

    def classes(self, split: Split) -> np.ndarray:
        """Classes int64 [n] of the rows of one of the splits; of values, whether they are above 0."""
        return sign_classes(split.y) if self.task == REGRESSION else split.y


def sign_classes(values: np.ndarray) -> np.ndarray:
    """1 where a value is above 0, else 0, as int64: neutral counts as negative, as in MultiBench."""
    return (values > 0).astype(np.int64)
