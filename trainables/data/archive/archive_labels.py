"""The labels of an archive, read where their meaning is certain: classes, or values that are scored on their sign."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainables.config import Refused
from trainables.data.splits import CLASSIFICATION, REGRESSION, Task, sign_classes

# So many different labels, with so few rows each, may be ages or prices as well as classes.
_MANY_LABELS, _FEW_ROWS_A_LABEL = 20, 5
_MOST_NAMED = 8
# How NumPy, pandas and Python write what is missing. Words for it that people use may be classes as well.
_MISSING_WORDS = ("", "nan", "<na>", "nat")
_PERHAPS_MISSING = ("None", "null", "NULL", "N/A", "n/a", "NA")
_AS_CLASSES = "say --task classification"
_HOW_TO_SAY = "say which with --task classification or --task regression"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Labels `y` [n], int64 classes or float32 values, and their classes int64 [n]; `note` says how they were read.

    `note` is None where they are integers that count from 0 or 1.
    """

    y: np.ndarray
    classes: np.ndarray
    task: Task
    num_classes: int
    note: str | None


def read_labels(label: np.ndarray, task: Task | None, place: str) -> Labels:
    """Labels of an array [n], [n, 1] or one-hot [n, classes] of integers, booleans, words or real numbers.

    `task` is what the user says that they are, None where they must speak for themselves: integers, booleans and words
    are classes, fractions are values, real numbers of two values are classes. Raises Refused, beginning with `place`,
    where that leaves more than one reading, and where labels are missing or not of the task.
    """
    values, shape_note = _one_a_row(label, task, place)
    if values.dtype.kind in "US":
        found = _of_words(values, task, place)
    elif values.dtype.kind == "b":
        found = _as_classes(values, "booleans") if task != REGRESSION else _of_numbers(values.astype(int), task, place)
    else:
        found = _of_numbers(values, task, place)
    notes = [note for note in (shape_note, found.note) if note is not None]
    note = f"labels: {'; '.join(notes)}" if notes else None
    return Labels(y=found.y, classes=found.classes, task=found.task, num_classes=found.num_classes, note=note)


def _one_a_row(label: np.ndarray, task: Task | None, place: str) -> tuple[np.ndarray, str | None]:
    """Labels [n], and how they were found where there was more than one axis."""
    if label.ndim == 1:
        return label, None
    if label.ndim == 2 and label.shape[1] == 1:
        return label[:, 0], "one column"
    is_one_hot = (
        label.ndim == 2
        and label.dtype.kind in "biuf"
        and bool(np.isin(label, (0, 1)).all())
        and bool((label.sum(axis=1) == 1).all())
    )
    if not is_one_hot or task == REGRESSION:
        raise Refused(
            f"{place}: expected one label a row, [n], [n, 1] or one-hot [n, classes] with a single 1 in each row, "
            f"found {label.dtype} of shape {list(label.shape)}" + (" and --task regression" if is_one_hot else "")
        )
    return label.argmax(axis=1), f"one-hot in {label.shape[1]} columns, whose numbers are the classes"


def _of_words(values: np.ndarray, task: Task | None, place: str) -> Labels:
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise Refused(f"{place}: expected words in UTF-8, found others ({error})") from error
    if task == REGRESSION:
        raise Refused(f"{place}: expected numbers to regress, found words: {_listed(np.unique(values))}")
    stripped = np.char.lower(np.char.strip(values))
    if num_missing := count_missing(values):
        raise Refused(f"{place}: expected a label in each row, found none in {num_missing} of {len(values)}")
    words = np.unique(values)
    if task is None and (perhaps := sorted(set(words.tolist()) & set(_PERHAPS_MISSING))):
        raise Refused(
            f"{place}: found the label {perhaps[0]}, which may be a class, or stand for a label that is missing: "
            f"{_AS_CLASSES} if it is a class, and leave those rows out if not"
        )
    if len(np.unique(stripped)) < len(words):
        alike = [word for word in words.tolist() if np.sum(np.char.lower(np.char.strip(words)) == _plain(word)) > 1]
        raise Refused(f"{place}: found labels that differ in capitals or spaces alone: {_listed(alike)}")
    if task is None:
        if all(map(_is_number, words.tolist())):
            raise Refused(
                f"{place}: found numbers written as words, {_listed(words)}: store them as numbers, or {_AS_CLASSES}"
            )
        _refuse_many(words, len(values), place)
    return _as_classes(values, "words")


def _of_numbers(values: np.ndarray, task: Task | None, place: str) -> Labels:
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise Refused(f"{place}: expected finite labels, found {np.sum(~np.isfinite(values))} that are not")
    kind = "real numbers" if values.dtype.kind == "f" else "integers"
    distinct = np.unique(values)
    if task is None:
        task = _certain_task(distinct, len(values), place)
    if task == CLASSIFICATION:
        first, last = distinct[[0, -1]].tolist()
        counts = values.dtype.kind != "f" and first in (0, 1) and last == first + len(distinct) - 1
        return _as_classes(values, None if counts else kind)
    with np.errstate(over="ignore", under="ignore"):
        y = values.astype(np.float32)
    if not np.isfinite(y).all():
        raise Refused(
            f"{place}: expected labels that float32 can hold, up to 3.4e38, found {distinct[0]:g} to {distinct[-1]:g}"
        )
    if num_lost := int(((y == 0) & (values != 0)).sum()):
        raise Refused(
            f"{place}: expected labels that float32 can tell from 0, from 1e-45 on, found {num_lost} that are smaller: "
            "multiply all by one number"
        )
    classes = sign_classes(y)
    note = (
        f"{kind} from {distinct[0]:g} to {distinct[-1]:g} to regress, scored on their sign: "
        f"{int(classes.sum())} of {len(y)} are above 0"
    )
    return Labels(y=y, classes=classes, task=REGRESSION, num_classes=2, note=note)


def _certain_task(distinct: np.ndarray, num_rows: int, place: str) -> Task:
    """What numbers of these values are. Raises Refused where they may be classes or values."""
    if distinct.dtype.kind != "f":
        _refuse_many(distinct, num_rows, place)
        return CLASSIFICATION
    if len(distinct) <= 2:
        return CLASSIFICATION
    if (distinct != np.round(distinct)).any() or _are_many(distinct, num_rows):
        return REGRESSION
    raise Refused(
        f"{place}: found whole numbers stored as real ones ({distinct.dtype}), {_listed(distinct)}, which may be "
        f"classes, or values to regress, scored on whether they are above 0: {_HOW_TO_SAY}"
    )


def _are_many(distinct: Sequence | np.ndarray, num_rows: int) -> bool:
    return len(distinct) > _MANY_LABELS and num_rows < _FEW_ROWS_A_LABEL * len(distinct)


def _refuse_many(distinct: np.ndarray, num_rows: int, place: str) -> None:
    if _are_many(distinct, num_rows):
        raise Refused(
            f"{place}: found {len(distinct)} different labels in {num_rows} rows, {_listed(distinct)}, which is few "
            f"rows for each to be a class: {_HOW_TO_SAY}"
        )


def _as_classes(values: np.ndarray, kind: str | None) -> Labels:
    """Classes numbered in the order of their labels; `kind` is a word for what they were read from."""
    distinct, classes = np.unique(values, return_inverse=True)
    classes = classes.astype(np.int64)
    note = None if kind is None else f"{kind} read as {len(distinct)} classes: {_listed(distinct)}"
    return Labels(y=classes, classes=classes, task=CLASSIFICATION, num_classes=len(distinct), note=note)


def count_missing(values: np.ndarray) -> int:
    """How many of the values [n], words or numbers, are not there."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "U":
        return int(np.isin(np.char.lower(np.char.strip(values)), _MISSING_WORDS).sum())
    return int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0


def _plain(word: str) -> str:
    return word.strip().lower()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _listed(values: Sequence | np.ndarray) -> str:
    """The first few values, in words."""
    items = values.tolist() if isinstance(values, np.ndarray) else list(values)
    named = ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items[:_MOST_NAMED])
    return named if len(items) <= _MOST_NAMED else f"{named}, …"
