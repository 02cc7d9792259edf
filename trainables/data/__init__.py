"""Data sets: one a file, each giving the same `Splits`."""

from pathlib import Path

from trainables.config import AffectData, ArchiveData, AvMnistData, DataConfig, SyntheticData
from trainables.data import affect, affect_files, archive, archive_file, avmnist, avmnist_files, synthetic
from trainables.data.splits import MissingDataError, Split, Splits

__all__ = ["MissingDataError", "Split", "Splits", "load", "require"]


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
    raise _unknown(config)


def require(config: DataConfig, data_dir: Path | None = None) -> None:
    """Raise MissingDataError where `load` would, but understand no file: a study can fail before it starts."""
    if isinstance(config, AvMnistData):
        avmnist_files.locate(data_dir)
    elif isinstance(config, AffectData):
        affect_files.locate(config, data_dir)
    elif isinstance(config, ArchiveData):
        archive_file.locate_archive(config, data_dir)
    elif not isinstance(config, SyntheticData):
        raise _unknown(config)


def _unknown(config: object) -> ValueError:
    return ValueError(
        f"expected a data configuration (SyntheticData, AvMnistData, AffectData, ArchiveData), got {config!r}"
    )
