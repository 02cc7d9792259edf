"""Random rows of a data set's shapes, to measure what training on it costs before its files are there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.config import AffectData, ArchiveData, AvMnistData, DataConfig, RehearsalData, SyntheticData
from trainables.data import affect_files, archive, archive_file, avmnist, mfcc, spoken_digits, synthetic
from trainables.data.splits import CLASSIFICATION, REGRESSION, Split, Splits, Task, unknown_configuration


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


def modalities(config: DataConfig) -> tuple[str, str]:
    """Names of the two modalities, known without any file."""
    if isinstance(config, AffectData | ArchiveData):
        return config.modalities
    return shapes(config).modalities


def shapes(config: DataConfig, data_dir: Path | None = None) -> Shapes:
    """Shapes of the data set that `config` names.

    Known without its files, as they were published, except those of a feature archive: its headers, labels and splits
    are read, and MissingDataError is raised where it is not in `data_dir`.
    """
    if isinstance(config, SyntheticData):
        width = synthetic.NUM_SHARED + synthetic.NUM_UNIQUE
        return Shapes(
            modalities=synthetic.MODALITIES,
            row_1=(width,),
            row_2=(width,),
            num_classes=synthetic.NUM_CLASSES,
            sizes=synthetic.SPLIT_SIZES,
        )
    if isinstance(config, AvMnistData):
        num_train = avmnist.NUM_TRAIN_IMAGES - avmnist.NUM_VALID_PAIRS
        return Shapes(
            modalities=avmnist.MODALITIES,
            row_1=(28, 28),
            row_2=(mfcc.NUM_STEPS, mfcc.NUM_COEFFICIENTS),
            num_classes=spoken_digits.NUM_DIGITS,
            sizes=(num_train, avmnist.NUM_VALID_PAIRS, avmnist.NUM_TEST_IMAGES),
            has_lengths_2=True,
        )
    if isinstance(config, AffectData):
        return _affect_shapes(config)
    if isinstance(config, ArchiveData):
        return _archive_shapes(config, data_dir)
    if isinstance(config, RehearsalData):
        return shapes(config.original)
    raise unknown_configuration(config)


def stand_in(config: DataConfig, num_rows: int, data_dir: Path | None = None) -> Splits:
    """Splits of `num_rows` random rows each, in the shapes of the data set; their labels mean nothing."""
    known = shapes(config, data_dir)
    draw = np.random.default_rng(0)

    def split() -> Split:
        return Split(
            x1=draw.standard_normal((num_rows, *known.row_1), dtype=np.float32),
            x2=draw.standard_normal((num_rows, *known.row_2), dtype=np.float32),
            y=(
                draw.standard_normal(num_rows, dtype=np.float32)
                if known.task == REGRESSION
                else draw.integers(known.num_classes, size=num_rows)
            ),
            lengths_1=np.full(num_rows, known.row_1[0]) if known.has_lengths_1 else None,
            lengths_2=np.full(num_rows, known.row_2[0]) if known.has_lengths_2 else None,
        )

    return Splits(
        train=split(),
        valid=split(),
        test=split(),
        modalities=known.modalities,
        num_classes=known.num_classes,
        task=known.task,
    )


def _affect_shapes(config: AffectData) -> Shapes:
    known = affect_files.facts(config)
    file = known.files[affect_files.file_name(config)]
    row_1, row_2 = ((affect_files.NUM_STEPS, file.widths[name]) for name in config.modalities)
    return Shapes(
        modalities=config.modalities,
        row_1=row_1,
        row_2=row_2,
        num_classes=2,
        sizes=file.sizes,
        task=known.task,
        has_lengths_1=True,
        has_lengths_2=True,
    )


def _archive_shapes(config: ArchiveData, data_dir: Path | None) -> Shapes:
    path = archive_file.locate_archive(config, data_dir)
    headers = archive_file.checked_headers(path, config.modalities)
    rows = archive.read_rows(path, headers, config.seed)
    row_1, row_2 = (headers[name].shape[1:] for name in config.modalities)
    has_lengths_1, has_lengths_2 = (f"{name}{archive_file.LENGTH_SUFFIX}" in headers for name in config.modalities)
    train, valid, test = (len(members) for members in rows.splits)
    return Shapes(
        modalities=config.modalities,
        row_1=row_1,
        row_2=row_2,
        num_classes=rows.num_classes,
        sizes=(train, valid, test),
        task=rows.task,
        has_lengths_1=has_lengths_1,
        has_lengths_2=has_lengths_2,
    )
