"""A feature archive as a data set of two of its modalities."""

from pathlib import Path

from trainables.config import ArchiveData
from trainables.data.adapter import Shapes
from trainables.data.archive.archive_file import checked_headers, locate_archive, open_archive
from trainables.data.archive.archive_rows import read_archive, read_rows
from trainables.data.archive.near_misses import LENGTH_SUFFIX
from trainables.data.splits import Splits


class ArchiveAdapter:
    """See `DataAdapter`. Each that reads the file raises Refused, naming it, where it is not of the format."""

    has_known_shapes = False

    def load(self, config: ArchiveData, data_dir: Path | None) -> Splits:
        """See `read_archive`."""
        return read_archive(config, data_dir)

    def require(self, config: ArchiveData, data_dir: Path | None) -> None:
        """Raise MissingDataError where there is no archive of the content that the configuration names."""
        locate_archive(config, data_dir)

    def content(self, config: ArchiveData, data_dir: Path | None) -> str:
        """That of the configuration."""
        return config.content

    def shapes(self, config: ArchiveData, data_dir: Path | None) -> Shapes:
        """Read headers, labels and splits, and no features."""
        path = locate_archive(config, data_dir)
        arrays = open_archive(path, config.task)
        headers = arrays.headers
        checked_headers(path, headers, config.modalities)
        rows = read_rows(path, arrays, config)
        row_1, row_2 = (headers[name].shape[1:] for name in config.modalities)
        has_lengths_1, has_lengths_2 = (f"{name}{LENGTH_SUFFIX}" in headers for name in config.modalities)
        train, valid, test = (len(members) for members in rows.splits)
        return Shapes(
            modalities=config.modalities,
            row_1=row_1,
            row_2=row_2,
            num_classes=rows.labels.num_classes,
            sizes=(train, valid, test),
            task=rows.labels.task,
            has_lengths_1=has_lengths_1,
            has_lengths_2=has_lengths_2,
        )

    def modalities(self, config: ArchiveData, data_dir: Path | None) -> tuple[str, str]:
        """Those that the configuration names."""
        return config.modalities

    def population(self, config: ArchiveData) -> None:
        """None, as nobody knows it."""
