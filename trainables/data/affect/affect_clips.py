"""Affect data of MultiBench's format (Liang et al. 2021): clips as sequences of vision, audio and text, in one pickle.

`{"train", "valid", "test"}` → `{"vision", "audio", "text", "labels", "id"}`: features [n, t, d] with their padding in
front, labels [n, 1, 1] or [n, k] of which the first column counts. "dev" and "val" stand for "valid".
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trainables.config import AFFECT_MODALITIES, AffectData, Refused
from trainables.data.affect.affect_files import facts, locate_clips
from trainables.data.content import content_of
from trainables.data.mapped_cache import mapped_arrays
from trainables.data.pickles import read_pickle
from trainables.data.split_names import parts_by_split
from trainables.data.splits import CLASSIFICATION, SPLIT_NAMES, Split, Splits, Task
from trainables.data.standardisation import Standardisation, fit_standardisation, row_slices

FORMAT_VERSION = 1
LARGEST_SENTIMENT = 3.0
_STANDARDISED = ("vision", "audio")  # text is word vectors, whose lengths and directions have a meaning of their own


def read_clips(config: AffectData, data_dir: Path | None) -> Splits:
    """Read a file once, then map what was made of it: the two modalities of `config` alone.

    `x1`, `x2` are [n, t, d] with real steps first. MOSEI and MOSI: sentiment from −3 to 3, scored on its sign (above 0
    is positive, so neutral counts as negative); MUStARD and UR-FUNNY: two classes. Raises MissingDataError where the
    file is missing, UnsafePickleError where it is no mere data, and Refused, naming the file, where it is damaged.
    """
    path = locate_clips(config, data_dir)
    task = facts(config).task
    wanted = [_key(split, part) for split in SPLIT_NAMES for part in _parts(config.modalities)]
    arrays = mapped_arrays(f"affect-{FORMAT_VERSION}-{content_of(path)}", lambda: _prepared(path), wanted)

    def split(name: str) -> Split:
        first, second = config.modalities
        return Split(
            x1=arrays[_key(name, first)],
            x2=arrays[_key(name, second)],
            y=_labels(arrays[_key(name, "labels")], task, path),
            lengths_1=arrays[_key(name, f"{first}_length")],
            lengths_2=arrays[_key(name, f"{second}_length")],
        )

    train, valid, test = (split(name) for name in SPLIT_NAMES)
    return Splits(train=train, valid=valid, test=test, modalities=config.modalities, num_classes=2, task=task)


def front_padding_removed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequences [n, t, d] with their leading all-zero steps moved behind the others.

    Returns the sequences, how many steps of each are real (int64 [n], at least 1) and which have any (bool [n]).
    """
    num_steps = values.shape[1]
    has_content = np.asarray((values != 0).any(axis=2))
    present = np.asarray(has_content.any(axis=1))
    starts = np.where(present, has_content.argmax(axis=1), num_steps - 1)
    shifted = np.zeros_like(values)
    for row, start in enumerate(starts):
        shifted[row, : num_steps - start] = values[row, start:]
    return shifted, num_steps - starts.astype(np.int64), present


def _parts(modalities: tuple[str, ...]) -> Iterator[str]:
    for name in modalities:
        yield from (name, f"{name}_length")
    yield "labels"


def _key(split: str, part: str) -> str:
    return f"{split}-{part}"


def _prepared(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """All arrays of a file as they are trained on, one modality of one split at a time."""
    content = parts_by_split(read_pickle(path), str(path))
    raw = {split: _checked(content, split, path) for split in SPLIT_NAMES}
    kept = {split: _rows_with_content(parts["text"]) for split, parts in raw.items()}
    for split in SPLIT_NAMES:
        labels = raw[split]["labels"].reshape(len(raw[split]["labels"]), -1)
        yield _key(split, "labels"), labels[kept[split], 0].astype(np.float32)
    for name in AFFECT_MODALITIES:
        standardisation: Standardisation | None = None
        for split in SPLIT_NAMES:  # the training split comes first, and gives the statistics
            values, lengths, present = _sequences(raw[split][name], kept[split])
            if name in _STANDARDISED:
                # A row without the modality has no real step: it stays 0, the mean, and counts in no statistic.
                real = (np.arange(values.shape[1]) < lengths[:, None]) & present[:, None]
                standardisation = standardisation or _statistics(values, real, name, path)
                values = standardisation.apply(values, real)
            yield _key(split, name), values
            yield _key(split, f"{name}_length"), lengths


def _rows_with_content(values: np.ndarray) -> np.ndarray:
    """Numbers, int64, of the rows that are not all 0."""
    return np.flatnonzero([_finite(values[row]).any() for row in range(len(values))])


def _sequences(values: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`front_padding_removed` of the rows `kept`, in float32, a few rows at a time for the sake of memory."""
    shifted = np.empty((len(kept), *values.shape[1:]), dtype=np.float32)
    lengths, present = np.empty(len(kept), dtype=np.int64), np.empty(len(kept), dtype=bool)
    for rows in row_slices(len(kept)):
        shifted[rows], lengths[rows], present[rows] = front_padding_removed(_finite(values[kept[rows]]))
    return shifted, lengths, present


def _statistics(values: np.ndarray, real: np.ndarray, name: str, path: Path) -> Standardisation:
    if not real.any():
        raise Refused(f"{path}: expected {name} in some training row, found none")
    return fit_standardisation(values, real)


def _checked(content: Mapping[str, Any], split: str, path: Path) -> Mapping[str, np.ndarray]:
    """Arrays of one split; ids are left out, whatever they are."""
    parts = content[split]
    if not isinstance(parts, Mapping):
        raise Refused(f"{path}: expected a dictionary of arrays as {split}, found {type(parts).__name__}")
    arrays: dict[str, np.ndarray] = {}
    for name in (*AFFECT_MODALITIES, "labels"):
        values = parts.get(name)
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
            found = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise Refused(f"{path}: expected {split}/{name} to be an array of numbers, found {found}")
        if num_large := sum(_num_too_large(values[rows]) for rows in row_slices(len(values))):
            raise Refused(
                f"{path}: expected numbers of {split}/{name} that float32 can hold, up to 3.4e38, "
                f"found {num_large} larger"
            )
        arrays[name] = values
    for name in AFFECT_MODALITIES:
        shape = arrays[name].shape
        if len(shape) != 3 or 0 in shape or shape[0] != len(arrays["labels"]):
            raise Refused(
                f"{path}: expected {split}/{name} of shape [{len(arrays['labels'])}, steps, features], "
                f"as there are labels, found {list(shape)}"
            )
    if math.prod(arrays["labels"].shape[1:]) == 0:
        raise Refused(f"{path}: expected a label in each row of {split}, found shape {arrays['labels'].shape}")
    return arrays


def _num_too_large(values: np.ndarray) -> int:
    """How many finite numbers are infinite as float32."""
    with np.errstate(over="ignore"):
        return int(np.sum(np.isinf(values.astype(np.float32)) & np.isfinite(values)))


def _finite(values: np.ndarray) -> np.ndarray:
    """`values` as float32, with 0 for what is not a finite number (COVAREP gives −inf for silence)."""
    with np.errstate(over="ignore"):
        return np.nan_to_num(values.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _labels(values: np.ndarray, task: Task, path: Path) -> np.ndarray:
    """Sentiment as float32, or classes int64 of labels written as −1 and 1 or as 0 and 1."""
    if task == CLASSIFICATION:
        found = set(np.unique(values).tolist())
        if not (found <= {-1.0, 1.0} or found <= {0.0, 1.0}):
            raise Refused(f"{path}: expected labels −1 and 1, or 0 and 1, found {sorted(found)[:5]}")
        return (values > 0).astype(np.int64)
    if not (np.abs(values) <= LARGEST_SENTIMENT).all():  # not NaN either
        raise Refused(f"{path}: expected sentiment from −3 to 3, found {values.min()} to {values.max()}")
    return np.array(values)
