"""What is wrong with a data set, found before anything is trained on it."""

import hashlib
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from trainables.config import Refused
from trainables.data.splits import REGRESSION, Split, Splits
from trainables.measured_rows import FEWEST_MEASURED_ROWS, few_rows_note

_FEWEST_SCORED_ROWS = 100
_FEWEST_GROUPS, _FEW_GROUPS = 2, 10
_MOST_NAMED = 8
_UNEVEN = 0.8  # share of the largest class
_FEWEST_ROWS = (
    ("train", 10, "to estimate the information in them"),
    ("test", FEWEST_MEASURED_ROWS, "to measure alignment on"),
)


def check(splits: Splits, batch_size: int) -> list[str]:
    """How the files were read, and warnings about what may be meant: small splits, rare classes, rows in two splits.

    A group in two splits is warned of, too.
    Raises Refused, with everything found, where training would fail or mean nothing: shapes, lengths or labels that
    do not fit, features that are not finite, a modality that is the same in each training row, a class that training
    does not have, fewer rows than alignment or information can be measured on.
    """
    errors = list(_errors(splits))
    if errors:
        raise Refused("the data cannot be trained on:\n" + "\n".join(f"  {error}" for error in errors))
    return [*splits.notes, *_warnings(splits, batch_size)]


def _errors(splits: Splits) -> Iterator[str]:
    empty = [name for name, split in splits.by_name.items() if len(split) == 0]
    if empty:  # nothing else can be said of them
        yield f"expected rows in each split, found none in {', '.join(empty)}"
        return
    for name, fewest, purpose in _FEWEST_ROWS:
        if len(splits.by_name[name]) < fewest:
            yield f"expected at least {fewest} rows in {name}, {purpose}, found {len(splits.by_name[name])}"
    if (num_groups := _num_groups(splits.test)) is not None and num_groups < _FEWEST_GROUPS:
        yield "expected rows of at least 2 groups in test, found 1: it says nothing about how groups scatter"
    for name, split in splits.by_name.items():
        yield from _label_errors(splits, split, name)
    for index, modality in enumerate(splits.modalities):
        shapes = {name: inputs(split, index)[0].shape[1:] for name, split in splits.by_name.items()}
        if len(set(shapes.values())) > 1:
            described = ", ".join(f"{list(shape)} in {name}" for name, shape in shapes.items())
            yield f"{modality}: expected rows of one shape, found {described}"
        for name, split in splits.by_name.items():
            yield from _feature_errors(*inputs(split, index), f"{modality} in {name}")
        train = inputs(splits.train, index)[0]
        if (train.min(axis=0) == train.max(axis=0)).all():
            yield f"{modality}: expected it to vary, found the same values in each training row"


def _label_errors(splits: Splits, split: Split, name: str) -> Iterator[str]:
    if splits.task == REGRESSION:
        if num_bad := int(np.sum(~np.isfinite(split.y))):
            yield f"labels in {name}: expected finite values, found {num_bad} that are not"
    elif split.y.min() < 0 or split.y.max() >= splits.num_classes:
        yield (
            f"labels in {name}: expected classes from 0 to {splits.num_classes - 1}, "
            f"found {split.y.min()} to {split.y.max()}"
        )
    if splits.num_classes < 2:
        yield f"labels in {name}: expected at least 2 classes, found {splits.num_classes}"
    elif split is splits.train and (absent := _absent_classes(splits, split)):
        yield f"labels in train: expected rows of each class, found none of {absent}{_sign_hint(splits)}"


def _feature_errors(values: np.ndarray, lengths: np.ndarray | None, place: str) -> Iterator[str]:
    if values.ndim < 2 or 0 in values.shape:
        yield f"{place}: expected features [n, d], [n, t, d] or of more axes, none empty, found {list(values.shape)}"
        return
    is_finite = np.isfinite(values.sum(axis=tuple(range(1, values.ndim)), dtype=np.float64))
    if not is_finite.all():
        num_bad = sum(int(np.sum(~np.isfinite(values[row]))) for row in np.flatnonzero(~is_finite))
        yield f"{place}: expected finite features, found {num_bad} NaN or infinite in {np.sum(~is_finite)} rows"
    if lengths is not None:
        longest = values.shape[1] if values.ndim > 2 else 0
        if lengths.min() < 1 or lengths.max() > longest:
            yield f"{place}: expected lengths from 1 to {longest}, found {lengths.min()} to {lengths.max()}"


def _warnings(splits: Splits, batch_size: int) -> Iterator[str]:
    if len(splits.train) < batch_size:
        yield f"{len(splits.train)} training rows are fewer than a batch of {batch_size}: each batch is all of them"
    for name in ("valid", "test"):
        split = splits.by_name[name]
        if len(split) < _FEWEST_SCORED_ROWS:
            yield f"{name} has {len(split)} rows: a single one is {1 / len(split):.1%} of its accuracy"
        if absent := _absent_classes(splits, split):
            yield f"{name} has no row of {absent}"
    largest = np.bincount(splits.classes(splits.test)).max() / len(splits.test)
    if largest >= _UNEVEN:
        yield f"always naming the largest class is right in {largest:.1%} of test, so accuracy tells little"
    if (num_groups := _num_groups(splits.test)) is not None and num_groups < _FEW_GROUPS:
        yield f"test has rows of {num_groups} groups, from which decisions must tell how groups scatter"
    if note := few_rows_note(len(splits.test)):
        yield note
    if np.array_equal(splits.train.x1, splits.train.x2):
        yield f"{' and '.join(splits.modalities)} are the same numbers in training: nothing is there to be aligned"
    for index, modality in enumerate(splits.modalities):
        values, lengths = inputs(splits.train, index)
        # Without lengths it may be an image, whose edges are constant; so may each step of a row of more axes be.
        if values.ndim == 2 or (values.ndim == 3 and lengths is not None):
            axes = tuple(range(values.ndim - 1))
            if num_constant := int((values.min(axis=axes) == values.max(axis=axes)).sum()):
                yield f"{modality}: {num_constant} of {values.shape[-1]} features are constant in training"
    named = splits.by_name
    digests = {name: {_digest(split, row) for row in range(len(split))} for name, split in named.items()}
    for first, second in combinations(digests, 2):
        if num_shared := len(digests[first] & digests[second]):
            yield f"{num_shared} different pairs of rows are both in {first} and in {second}"
    groups = {name: set() if split.groups is None else set(split.groups.tolist()) for name, split in named.items()}
    for first, second in combinations(groups, 2):
        if num_shared := len(groups[first] & groups[second]):
            yield f"{num_shared} groups have rows both in {first} and in {second}, so these are not independent"


def _num_groups(split: Split) -> int | None:
    return None if split.groups is None else len(np.unique(split.groups))


def _absent_classes(splits: Splits, split: Split) -> str:
    counts = np.bincount(splits.classes(split), minlength=splits.num_classes)
    names = ("value 0 or below", "value above 0") if splits.task == REGRESSION else None
    absent = [names[number] if names else f"class {number}" for number in np.flatnonzero(counts == 0)]
    rest = f" and {len(absent) - _MOST_NAMED} more" if len(absent) > _MOST_NAMED else ""
    return ", ".join(absent[:_MOST_NAMED]) + rest


def _sign_hint(splits: Splits) -> str:
    """For values all on one side of 0: what they are scored on, and what to do."""
    if splits.task != REGRESSION:
        return ""
    values = splits.train.y
    return (
        ". Values to regress are scored on their sign, whether they are above 0, and these go from "
        f"{values.min():g} to {values.max():g}: subtract what divides them, such as a neutral point or the median "
        f"({np.median(values):g}), or give them as classes"
    )


def inputs(split: Split, index: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Features and lengths of modality `index`, 0 or 1."""
    return ((split.x1, split.lengths_1), (split.x2, split.lengths_2))[index]


def _digest(split: Split, row: int) -> bytes:
    """Hash of both modalities of one row; the label is left out, for the same row with two labels is shared too."""
    return hashlib.blake2b(split.x1[row].tobytes() + split.x2[row].tobytes(), digest_size=16).digest()
