"""Data sets: one a file, each giving the same `Splits`."""

from pathlib import Path

from trainables.config import AvMnistData, DataConfig, SyntheticData
from trainables.data import avmnist, avmnist_files, synthetic
from trainables.data.splits import MissingDataError, Split, Splits

__all__ = ["MissingDataError", "Split", "Splits", "load", "require"]


def load(config: DataConfig, data_dir: Path | None = None) -> Splits:
    """Load the data set that `config` names.

    `data_dir` is the folder that holds the raw files of the data sets that have any; such a data set raises
    MissingDataError, a FileNotFoundError, where they are not in it, and ValueError where they are damaged.
    """
    if isinstance(config, SyntheticData):
        return synthetic.load(config)
    if isinstance(config, AvMnistData):
        return avmnist.load(config, data_dir)
    raise _unknown(config)


def require(config: DataConfig, data_dir: Path | None = None) -> None:
    """Raise MissingDataError where `load` would, but read no file: a study can fail before it starts."""
    if isinstance(config, AvMnistData):
        avmnist_files.locate(data_dir)
    elif not isinstance(config, SyntheticData):
        raise _unknown(config)


def _unknown(config: object) -> ValueError:
    return ValueError(f"expected a data configuration (SyntheticData, AvMnistData), got {config!r}")
