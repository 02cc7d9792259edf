"""Sentiment features of the MMSA framework as an archive: `aligned_50.pkl` and the like of MOSI, MOSEI and CH-SIMS.

Each split has `text`, `audio` and `vision` [n, t, d] with their padding behind, `regression_labels` (sentiment) and
`classification_labels`; a file that is not aligned has `audio_lengths` and `vision_lengths` too (Mao et al. 2022,
M-SENA). A file is read once, and what was made of it is mapped from then on.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainables.config import Refused
from trainables.data.archive.archive_arrays import ArrayHeader
from trainables.data.archive.near_misses import LABEL, LENGTH_SUFFIX, SPLIT
from trainables.data.content import content_of
from trainables.data.mapped_cache import mapped_arrays
from trainables.data.pickles import read_pickle
from trainables.data.split_names import parts_by_split
from trainables.data.splits import CLASSIFICATION, REGRESSION, SPLIT_NAMES, Task

_FORMAT_VERSION = 1
_MODALITIES = ("text", "audio", "vision")
_LABELS_OF: Mapping[Task, str] = {REGRESSION: "regression_labels", CLASSIFICATION: "classification_labels"}
_LABELS = tuple(_LABELS_OF.values())
_NAMES, _NOTES = "names", "notes"  # arrays of words, beside those of the archive


class MmsaArrays:
    """See `ArchiveArrays`. `label` is the sentiment, or where the task is a classification MMSA's classes of it.

    Raises UnsafePickleError where the file is no mere data, and Refused, naming it, where it is not of the format.
    """

    def __init__(self, path: Path, task: Task | None) -> None:
        key = f"mmsa-{_FORMAT_VERSION}-{content_of(path)}"
        names = mapped_arrays(key, lambda: _prepared(path), (_NAMES,))[_NAMES].tolist()
        arrays = dict(mapped_arrays(key, lambda: _prepared(path), (*names, _NOTES)))
        present = [name for name in _LABELS if name in names]
        self.task: Task = task or (REGRESSION if _LABELS_OF[REGRESSION] in present else CLASSIFICATION)
        chosen = _LABELS_OF[self.task]
        if chosen not in present:
            raise Refused(f"{path}: expected {chosen} for --task {task}, found {present[0]} alone")
        labels = {name: arrays.pop(name) for name in present}
        others = [name for name in present if name != chosen]
        hint = f", not {others[0]}, which the other --task takes" if others else ""
        self._arrays = {**arrays, LABEL: labels[chosen]}
        self.notes: tuple[str, ...] = (
            f"the labels are {chosen}{hint}",
            *self._arrays.pop(_NOTES).tolist(),
        )
        self.headers: Mapping[str, ArrayHeader] = {
            name: ArrayHeader(shape=values.shape, dtype=values.dtype) for name, values in self._arrays.items()
        }

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """See `ArchiveArrays.read`."""
        return {name: self._arrays[name] for name in names if name in self._arrays}


def _prepared(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The archive's arrays, one after another, with the splits' rows behind one another."""
    parts = list(parts_by_split(read_pickle(path), str(path)).values())
    keys = set.intersection(*(set(part) if isinstance(part, Mapping) else set() for part in parts))
    if not keys & set(_LABELS):
        raise Refused(
            f"{path}: expected the keys of MMSA's files in each split, {' or '.join(_LABELS)} among them, found "
            f"{', '.join(sorted(map(str, keys))) or 'no common ones'}"
        )
    names, notes = [], []
    for name in _LABELS:
        if name in keys:
            yield name, _joined(parts, name, path)
            names.append(name)
    sizes = [len(parts[index][names[0]]) for index in range(len(parts))]
    yield SPLIT, np.repeat(np.arange(len(SPLIT_NAMES)), sizes)
    names.append(SPLIT)
    for name in _MODALITIES:
        if name not in keys:
            continue
        values = _joined(parts, name, path)
        if len(values) != sum(sizes) or values.ndim not in (2, 3) or 0 in values.shape:
            raise Refused(
                f"{path}: expected {name} of shape [{sum(sizes)}, steps, features], as there are labels, "
                f"found {list(values.shape)}"
            )
        values, num_missing = _single(values, name, path)
        if num_missing:
            notes.append(f"{name}: {num_missing} numbers that are not finite are read as 0, as MMSA reads them")
        if values.ndim == 3:
            lengths, how = _lengths(name, values, parts, keys, path)
            values[np.arange(values.shape[1]) >= lengths[:, None]] = 0
            notes.append(f"{name}: {how}, {lengths.min()} to {lengths.max()} of {values.shape[1]} steps")
            yield f"{name}{LENGTH_SUFFIX}", lengths
            names.append(f"{name}{LENGTH_SUFFIX}")
        yield name, values
        names.append(name)
    yield _NAMES, np.array(names)
    yield _NOTES, np.array(notes)


def _joined(parts: list[Mapping[str, Any]], name: str, path: Path) -> np.ndarray:
    """An array of all splits behind one another. Raises Refused where one is none, or they differ in their shapes."""
    arrays = [_numbers(part[name], name, path) for part in parts]
    if len({array.shape[1:] for array in arrays}) > 1:
        shapes = ", ".join(str(list(array.shape)) for array in arrays)
        raise Refused(f"{path}: expected {name} of the same steps and features in each split, found shapes {shapes}")
    return np.concatenate(arrays)


def _numbers(values: Any, name: str, path: Path) -> np.ndarray:
    """An array of numbers, which may be stored as a list of them; words are classes too."""
    array = np.asarray(values) if isinstance(values, np.ndarray | list | tuple) else np.empty(0, dtype=object)
    if array.dtype.kind not in ("iufU" if name in _LABELS else "iuf") or array.ndim == 0:
        found = array.dtype if isinstance(values, np.ndarray | list | tuple) else type(values).__name__
        raise Refused(f"{path}: expected {name} to be an array of numbers, found {found}")
    return array


def _single(values: np.ndarray, name: str, path: Path) -> tuple[np.ndarray, int]:
    """The values in float32, with 0 for those that are not finite, and how many these are."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    is_lost = ~np.isfinite(single)
    num_lost = int(is_lost.sum())
    if num_lost and (num_large := int(np.isfinite(values[is_lost]).sum())):
        raise Refused(
            f"{path}: expected numbers of {name} that float32 can hold, up to 3.4e38, found {num_large} larger"
        )
    single[is_lost] = 0
    return single, num_lost


def _lengths(
    name: str, values: np.ndarray, parts: list[Mapping[str, Any]], keys: set[Any], path: Path
) -> tuple[np.ndarray, str]:
    """How many steps of each sequence [n, t, d] are real, int64 [n], 1 to t, and a word on where that is from."""
    num_rows, num_steps = values.shape[:2]
    key = f"{name}_lengths"
    if key in keys:
        lengths, how = _joined(parts, key, path), f"lengths are {key}"
    elif name == "text" and (mask := _token_mask(parts, keys, path)) is not None and mask.shape == values.shape[:2]:
        lengths, how = _last_true(mask), "lengths are the mask of text_bert"
    else:
        lengths, how = _last_true(np.asarray(values.any(axis=2))), "lengths end with the last step that is not all 0"
    if lengths.shape != (num_rows,):
        raise Refused(f"{path}: expected {key} of shape [{num_rows}], found {list(lengths.shape)}")
    # Sequences may have been cut after they were counted, and a row without the modality has none.
    return np.clip(lengths.astype(np.int64), 1, num_steps), how


def _token_mask(parts: list[Mapping[str, Any]], keys: set[Any], path: Path) -> np.ndarray | None:
    """Which tokens are real [n, t], of `text_bert` [n, 3, t]: tokens, mask, segments; None where there is none."""
    if "text_bert" not in keys:
        return None
    tokens = _joined(parts, "text_bert", path)
    return tokens[:, 1] != 0 if tokens.ndim == 3 and tokens.shape[1] == 3 else None


def _last_true(marks: np.ndarray) -> np.ndarray:
    """One more than the place of the last true value in each row of [n, t], 0 where there is none."""
    return np.where(marks.any(axis=1), marks.shape[1] - marks[:, ::-1].argmax(axis=1), 0)
