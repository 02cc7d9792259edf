"""A feature archive of the user's own: named arrays with features, labels and, where it has them, the splits.

| array | what |
| --- | --- |
| `<name>` | float [n, d] or [n, t, d] (float16, 32 or 64): a modality |
| `<name>_length` | int [n]: how many steps of each sequence are real, the first ones; without it all are |
| `label` | classes as integers, words or booleans [n], or values to regress, float [n]: see `archive_labels.py` |
| `split` | [n]: 0 train, 1 valid, 2 test, or these words; without it rows are split 70/15/15, stratified |
| `group` | int or str [n]: a speaker, a video; where there is no `split`, rows of a group stay in one |

Other arrays are named and not read; one that is all but called like these is refused. No pickled objects are read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.config import ArchiveData, Refused
from trainables.data.archive.archive_arrays import ArchiveArrays
from trainables.data.archive.archive_file import checked_headers, locate_archive, open_archive
from trainables.data.archive.archive_labels import Labels, count_missing, read_labels
from trainables.data.archive.near_misses import GROUP, LABEL, LENGTH_SUFFIX, SPLIT
from trainables.data.grouped import grouped_split
from trainables.data.split_names import split_numbers
from trainables.data.splits import SPLIT_NAMES, Split, Splits
from trainables.data.standardisation import fit_standardisation
from trainables.data.stratified import stratified_split
from trainables.randomness import generator

VALID_SHARE = TEST_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What an archive says of its rows: labels [n], groups int64 [n], and the rows of each split."""

    labels: Labels
    splits: tuple[np.ndarray, np.ndarray, np.ndarray]
    groups: np.ndarray | None = None


def read_archive(config: ArchiveData, data_dir: Path | None) -> Splits:
    """Read two modalities of an archive; each feature is standardised by its training rows' real steps.

    `data_dir` is the archive's path or the folder that holds it. Padding is 0, and so is a feature that is constant
    in training. How labels were read, and which arrays were not, stands in the notes. Raises MissingDataError where
    there is no archive of the content asked for, and Refused, naming the file, where it is not of the format, labels
    may be read in several ways, or a feature or label is not a finite number.
    """
    path = locate_archive(config, data_dir)
    arrays = open_archive(path, config.task)
    unused = checked_headers(path, arrays.headers, config.modalities)
    rows = read_rows(path, arrays, config)
    first, second = (_read_modality(path, arrays, name, rows.splits[0]) for name in config.modalities)
    train, valid, test = (
        Split(
            x1=first.values[members],
            x2=second.values[members],
            y=rows.labels.y[members],
            lengths_1=None if first.lengths is None else first.lengths[members],
            lengths_2=None if second.lengths is None else second.lengths[members],
            groups=None if rows.groups is None else rows.groups[members],
        )
        for members in rows.splits
    )
    notes = (rows.labels.note, *arrays.notes, first.note, second.note, unused)
    return Splits(
        train=train,
        valid=valid,
        test=test,
        modalities=config.modalities,
        num_classes=rows.labels.num_classes,
        task=rows.labels.task,
        notes=tuple(note for note in notes if note is not None),
    )


def read_rows(path: Path, arrays: ArchiveArrays, config: ArchiveData) -> Rows:
    """Labels and splits of an archive, without its features. Raises Refused where they are not of the format."""
    found = arrays.read((LABEL, SPLIT, GROUP))
    labels = read_labels(found[LABEL], config.task or arrays.task, f"{path}: {LABEL}")
    group = found.get(GROUP)
    if group is not None and (num_missing := count_missing(group)):
        raise Refused(
            f"{path}: expected a group in each row, found none in {num_missing} of {len(group)}: give each of these "
            "rows a group of its own, or leave them out"
        )
    splits = _split_rows(path, labels.classes, found.get(SPLIT), group, config.seed)
    groups = None if group is None else np.unique(group, return_inverse=True)[1].astype(np.int64)
    return Rows(labels=labels, splits=splits, groups=groups)


def _split_rows(
    path: Path, classes: np.ndarray, split: np.ndarray | None, group: np.ndarray | None, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if split is not None:
        numbers = split_numbers(split, str(path))
        parts = [np.flatnonzero(numbers == number) for number in range(len(SPLIT_NAMES))]
    else:
        num_valid, num_test = round(VALID_SHARE * len(classes)), round(TEST_SHARE * len(classes))
        sizes = (len(classes) - num_valid - num_test, num_valid, num_test)
        draw = generator(seed, "archive", "split")
        parts = stratified_split(classes, sizes, draw) if group is None else grouped_split(classes, group, sizes, draw)
    for name, part in zip(SPLIT_NAMES, parts, strict=True):
        if len(part) == 0:
            together = "" if group is None else f" in {len(np.unique(group))} groups, which are not divided"
            raise Refused(
                f"{path}: expected rows in each split, found none in {name} of {len(classes)} rows in all{together}"
            )
    return parts[0], parts[1], parts[2]


@dataclass(frozen=True, kw_only=True)
class _Modality:
    """Standardised float32 features of all rows, and their lengths int64 where the archive has them."""

    values: np.ndarray
    lengths: np.ndarray | None
    note: str | None


def _read_modality(path: Path, arrays: ArchiveArrays, name: str, train: np.ndarray) -> _Modality:
    found = arrays.read((name, f"{name}{LENGTH_SUFFIX}"))
    values, lengths = found[name], found.get(f"{name}{LENGTH_SUFFIX}")
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
    standardised = fit_standardisation(values[train], real[train]).apply(values, real)
    if not np.isfinite(standardised).all():
        num_rows = np.sum(~np.isfinite(standardised).reshape(len(values), -1).all(axis=1))
        raise Refused(
            f"{path}: expected rows of {name} on the scale of the training rows, found {num_rows} that are more than "
            "3.4e38 standard deviations away"
        )
    return _Modality(
        values=standardised,
        lengths=lengths,
        note=_padding_note(values, name) if values.ndim == 3 and lengths is None else None,
    )


def _padding_note(values: np.ndarray, name: str) -> str | None:
    """A sentence where sequences [n, t, d] without lengths end in steps that are all 0, as padded ones do."""
    num_padded = int(np.sum(~values[:, -1].any(axis=-1)))
    if num_padded == 0:
        return None
    return (
        f"{name}: {num_padded} of {len(values)} sequences end in steps that are all 0, which are trained on like any "
        f"other: if they are padding, add {name}{LENGTH_SUFFIX}, the number of real steps"
    )
