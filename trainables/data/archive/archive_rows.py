"""A feature archive of the user's own: one npz file with features, labels and, where it has them, the splits.

| array | what |
| --- | --- |
| `<name>` | float [n, d] or [n, t, d] (float16, 32 or 64): a modality |
| `<name>_length` | int [n]: how many steps of each sequence are real, the first ones; without it all are |
| `label` | int [n]: classes, any integers; or float [n]: values to regress, scored on their sign |
| `split` | int [n]: 0 train, 1 valid, 2 test; without it rows are split 70/15/15, stratified |
| `group` | int or str [n]: a speaker, a video; where there is no `split`, rows of a group stay in one |

Other arrays are ignored. No pickled objects are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.config import ArchiveData, Refused
from trainables.data.archive.archive_file import (
    LENGTH_SUFFIX,
    ArrayHeader,
    checked_headers,
    locate_archive,
    read_arrays,
)
from trainables.data.grouped import grouped_split
from trainables.data.splits import CLASSIFICATION, REGRESSION, SPLIT_NAMES, Split, Splits, Task, sign_classes
from trainables.data.standardisation import fit_standardisation
from trainables.data.stratified import stratified_split
from trainables.randomness import generator

VALID_SHARE = TEST_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What an archive says of its rows: labels `y` [n], classes and groups int64 [n], and the rows of each split."""

    y: np.ndarray
    classes: np.ndarray
    task: Task
    num_classes: int
    splits: tuple[np.ndarray, np.ndarray, np.ndarray]
    groups: np.ndarray | None = None


def read_archive(config: ArchiveData, data_dir: Path | None) -> Splits:
    """Read two modalities of an archive; each feature is standardised by its training rows' real steps.

    `data_dir` is the archive's path or the folder that holds it. Padding is 0, and so is a feature that is constant
    in training. Raises MissingDataError where there is no archive of the content asked for, and Refused, naming
    the file, where it is not of the format, or a feature or label is not a finite number.
    """
    path = locate_archive(config, data_dir)
    headers = checked_headers(path, config.modalities)
    rows = read_rows(path, headers, config.seed)
    (x1, lengths_1), (x2, lengths_2) = (
        _read_modality(path, headers, name, rows.splits[0]) for name in config.modalities
    )
    train, valid, test = (
        Split(
            x1=x1[members],
            x2=x2[members],
            y=rows.y[members],
            lengths_1=None if lengths_1 is None else lengths_1[members],
            lengths_2=None if lengths_2 is None else lengths_2[members],
            groups=None if rows.groups is None else rows.groups[members],
        )
        for members in rows.splits
    )
    return Splits(
        train=train,
        valid=valid,
        test=test,
        modalities=config.modalities,
        num_classes=rows.num_classes,
        task=rows.task,
    )


def read_rows(path: Path, headers: Mapping[str, ArrayHeader], seed: int) -> Rows:
    """Labels and splits of an archive, without its features. Raises Refused where they are not of the format."""
    arrays = read_arrays(path, headers, ("label", "split", "group"))
    label = arrays["label"]
    if label.dtype.kind == "f":
        if not np.isfinite(label).all():
            raise Refused(f"{path}: expected finite labels, found {np.sum(~np.isfinite(label))} that are not")
        y = label.astype(np.float32)
        task, classes, num_classes = REGRESSION, sign_classes(y), 2
    else:
        values, classes = np.unique(label, return_inverse=True)
        classes = classes.astype(np.int64)
        task, y, num_classes = CLASSIFICATION, classes, len(values)
    group = arrays.get("group")
    splits = _split_rows(path, classes, arrays.get("split"), group, seed)
    groups = None if group is None else np.unique(group, return_inverse=True)[1].astype(np.int64)
    return Rows(y=y, classes=classes, task=task, num_classes=num_classes, splits=splits, groups=groups)


def _split_rows(
    path: Path, classes: np.ndarray, split: np.ndarray | None, group: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if split is not None:
        found = np.unique(split).tolist()
        if found != [0, 1, 2]:
            raise Refused(f"{path}: expected rows of split 0 (train), 1 (valid) and 2 (test), found {found[:5]}")
        parts = [np.flatnonzero(split == number) for number in range(len(SPLIT_NAMES))]
    else:
        num_valid, num_test = round(VALID_SHARE * len(classes)), round(TEST_SHARE * len(classes))
        sizes = (len(classes) - num_valid - num_test, num_valid, num_test)
        draw = generator(seed, "archive", "split")
        parts = stratified_split(classes, sizes, draw) if group is None else grouped_split(classes, group, sizes, draw)
    for name, part in zip(SPLIT_NAMES, parts, strict=True):
        if len(part) == 0:
            raise Refused(f"{path}: expected rows in each split, found none in {name} of {len(classes)} rows in all")
    return parts[0], parts[1], parts[2]


def _read_modality(
    path: Path, headers: Mapping[str, ArrayHeader], name: str, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Standardised float32 features of all rows, and their lengths int64 where the archive has them."""
    arrays = read_arrays(path, headers, (name, f"{name}{LENGTH_SUFFIX}"))
    values, lengths = arrays[name], arrays.get(f"{name}{LENGTH_SUFFIX}")
    real = np.ones(values.shape[:-1], dtype=bool)
    if lengths is not None:
        lengths = lengths.astype(np.int64)
        if lengths.min() < 1 or lengths.max() > values.shape[1]:
            raise Refused(
                f"{path}: expected {name}{LENGTH_SUFFIX} from 1 to {values.shape[1]}, "
                f"found {lengths.min()} to {lengths.max()}"
            )
        real = np.arange(values.shape[1]) < lengths[:, None]
    is_finite = np.isfinite(values).all(axis=-1) | ~real
    if not is_finite.all():
        num_rows = np.sum(~is_finite.reshape(len(values), -1).all(axis=1))
        raise Refused(
            f"{path}: expected finite features, found NaN or infinity in {num_rows} of {len(values)} rows of {name}: "
            "fill them in, or leave those rows out"
        )
    return fit_standardisation(values[train], real[train]).apply(values, real), lengths
