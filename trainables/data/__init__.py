"""Data sets: a folder each, with an adapter that gives the same `Splits` as all others.

A configuration of `trainables/config.py` names a data set; `ADAPTERS` says which adapter reads it.
"""

from pathlib import Path
from typing import Any

import numpy as np

from trainables.config import (
    AffectData,
    ArchiveData,
    AvMnistData,
    DataConfig,
    PythonData,
    RehearsalData,
    SyntheticData,
)
from trainables.data.adapter import DataAdapter, Shapes
from trainables.data.affect import AffectAdapter
from trainables.data.archive import ArchiveAdapter
from trainables.data.avmnist import AvMnistAdapter
from trainables.data.rehearsal import RehearsalAdapter
from trainables.data.splits import MissingDataError, Split, Splits
from trainables.data.synthetic import SyntheticAdapter
from trainables.data.user import UserAdapter

__all__ = [
    "ADAPTERS",
    "DataAdapter",
    "MissingDataError",
    "Shapes",
    "Split",
    "Splits",
    "content",
    "has_known_shapes",
    "is_there",
    "load",
    "modalities",
    "population_table",
    "require",
    "shapes",
]


def load(config: DataConfig, data_dir: Path | None = None) -> Splits:
    """Load the data set that `config` names.

    `data_dir` is the folder that holds the raw files of the data sets that have any, or a feature archive itself; such
    a data set raises MissingDataError, a FileNotFoundError, where they are not in it, and Refused where they are
    damaged.
    """
    return _adapter(config).load(config, data_dir)


def require(config: DataConfig, data_dir: Path | None = None) -> None:
    """Raise MissingDataError where `load` would, but understand no file: a study can fail before it starts."""
    _adapter(config).require(config, data_dir)


def is_there(config: DataConfig, data_dir: Path | None = None) -> bool:
    """Whether `require` would be content."""
    try:
        require(config, data_dir)
    except MissingDataError:
        return False
    return True


def content(config: DataConfig, data_dir: Path | None = None) -> str | None:
    """SHA-256 of the raw files that `load` would read, which must be there; None for data that are generated.

    Of the user's own data, whose files are not known, it is that of the loaded arrays.
    """
    return _adapter(config).content(config, data_dir)


def shapes(config: DataConfig, data_dir: Path | None = None) -> Shapes:
    """Shapes of the data set that `config` names.

    Where `has_known_shapes`, no file is needed, and the sizes are the published ones. Of a feature archive, headers,
    labels and splits are read, and MissingDataError is raised where it is not in `data_dir`. The user's own data are
    loaded.
    """
    return _adapter(config).shapes(config, data_dir)


def has_known_shapes(config: DataConfig) -> bool:
    """Whether the shapes are known without the data, so that generated rows can stand in for them."""
    return _adapter(config).has_known_shapes


def modalities(config: DataConfig, data_dir: Path | None = None) -> tuple[str, str]:
    """Names of the two modalities; known without any file, except of the user's own data, which are loaded."""
    return _adapter(config).modalities(config, data_dir)


def population_table(config: DataConfig) -> np.ndarray | None:
    """Exact joint distribution [n1, n2, classes] of generated data, and None for data whose population is unknown."""
    return _adapter(config).population(config)


ADAPTERS: dict[type[DataConfig], DataAdapter[Any]] = {
    SyntheticData: SyntheticAdapter(),
    AvMnistData: AvMnistAdapter(),
    AffectData: AffectAdapter(),
    ArchiveData: ArchiveAdapter(),
    RehearsalData: RehearsalAdapter(shapes),
    PythonData: UserAdapter(),
}


def _adapter(config: DataConfig) -> DataAdapter[Any]:
    adapter = ADAPTERS.get(type(config))
    if adapter is None:
        known = ", ".join(kind.__name__ for kind in ADAPTERS)
        raise ValueError(f"expected a data configuration ({known}), got {config!r}")
    return adapter
