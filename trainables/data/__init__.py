"""Data sets: one a file, each giving the same `Splits`."""

from dataclasses import astuple
from pathlib import Path

import numpy as np

from trainables.config import AffectData, ArchiveData, AvMnistData, DataConfig, RehearsalData, SyntheticData
from trainables.data import affect, affect_files, archive, archive_file, avmnist, avmnist_files, rehearsal, synthetic
from trainables.data.content import content_of, content_of_all
from trainables.data.splits import MissingDataError, Split, Splits, unknown_configuration

__all__ = ["MissingDataError", "Split", "Splits", "content", "is_there", "load", "population_table", "require"]


def load(config: DataConfig, data_dir: Path | None = None) -> Splits:
    """Load the data set that `config` names.

    `data_dir` is the folder that holds the raw files of the data sets that have any, or a feature archive itself; such
    a data set raises MissingDataError, a FileNotFoundError, where they are not in it, and ValueError where they are
    damaged.
    """
    if isinstance(config, SyntheticData):
        return synthetic.load(config)
    if isinstance(config, AvMnistData):
        return avmnist.load(config, data_dir)
    if isinstance(config, AffectData):
        return affect.load(config, data_dir)
    if isinstance(config, ArchiveData):
        return archive.load(config, data_dir)
    if isinstance(config, RehearsalData):
        return rehearsal.load(config)
    raise unknown_configuration(config)


def require(config: DataConfig, data_dir: Path | None = None) -> None:
    """Raise MissingDataError where `load` would, but understand no file: a study can fail before it starts."""
    if isinstance(config, AvMnistData):
        avmnist_files.locate(data_dir)
    elif isinstance(config, AffectData):
        affect_files.locate(config, data_dir)
    elif isinstance(config, ArchiveData):
        archive_file.locate_archive(config, data_dir)
    elif not isinstance(config, SyntheticData | RehearsalData):
        raise unknown_configuration(config)


def is_there(config: DataConfig, data_dir: Path | None = None) -> bool:
    """Whether `require` would be content."""
    try:
        require(config, data_dir)
    except MissingDataError:
        return False
    return True


def content(config: DataConfig, data_dir: Path | None = None) -> str | None:
    """SHA-256 of the raw files that `load` would read, which must be there; None for data that are generated."""
    if isinstance(config, AvMnistData):
        return content_of_all(astuple(avmnist_files.locate(data_dir)))
    if isinstance(config, AffectData):
        return content_of(affect_files.locate(config, data_dir))
    return config.content if isinstance(config, ArchiveData) else None


def population_table(config: DataConfig) -> np.ndarray | None:
    """Exact joint distribution [n1, n2, classes] of generated data, and None for data whose population is unknown."""
    if isinstance(config, SyntheticData):
        return synthetic.population_table(config)
    return rehearsal.population_table(config) if isinstance(config, RehearsalData) else None
