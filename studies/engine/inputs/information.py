"""What the modalities of a study's data tell about the label (PID), estimated and as it is recorded."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.records.schema import information_metric, information_tag, recorded_names
from studies.engine.inputs.information_size import MOST_CLASSES, merging_note, most_held_out_rows
from trainables.config import DataConfig, EncoderConfig
from trainables.data import Split, Splits, population_table
from trainables.data.splits import REGRESSION
from trainables.randomness import generator

if TYPE_CHECKING:
    from pid import Estimate

# Every study is estimated by this one: a law never mixes methods.
METHOD = "posterior"
_LEAST_HELD_OUT_ROWS = 100
# With fewer, whole groups can neither be held out nor permuted to any purpose.
_LEAST_GROUPS = 10
_VALUE_BINS = 4

Record = Mapping[str, Any]


def information_record(
    config: DataConfig,
    splits: Splits,
    encoder_1: EncoderConfig,
    encoder_2: EncoderConfig,
    *,
    most_rows: int,
    num_workers: int | None = 1,
) -> dict[str, Any]:
    """Estimate the atoms of the training split from at most `most_rows` of its rows, drawn once for all.

    Returns plain JSON values.

    The same is estimated on half as many held-out rows, of the validation split: where those tell otherwise, their
    figures count. Rows of one group are held out and permuted together; where training rows are of fewer than ten
    groups, they count as independent and a note says so, and too few held-out rows or groups are not compared.
    Of more than 32 classes, neighbouring ones are merged into 32 of about equally many rows.
    Where the population is known, its exact atoms stand beside them. Values to be regressed are decomposed twice: their
    sign, and under `value_bins` their quantile bins.
    """
    from pid import broja, estimate, on_held_out_rows, quantile_bins  # brings scikit-learn, no use to the driver

    def estimated(split: Split, rows: np.ndarray, labels: np.ndarray) -> "Estimate":
        lengths_1, lengths_2 = (
            None if lengths is None else lengths[rows] for lengths in (split.lengths_1, split.lengths_2)
        )
        return estimate(
            _features(split.x1[rows], encoder_1),
            _features(split.x2[rows], encoder_2),
            labels[rows],
            method=METHOD,
            lengths_1=lengths_1,
            lengths_2=lengths_2,
            groups=None if split.groups is None or _has_few_groups(split, rows) else split.groups[rows],
            num_workers=num_workers,
        )

    classes, held_out_classes = splits.classes(splits.train), splits.classes(splits.valid)
    if splits.num_classes > MOST_CLASSES:
        merged = merged_classes(classes, splits.num_classes)
        classes, held_out_classes = merged[classes], merged[held_out_classes]
    rows = _some_rows(splits.train, most_rows, "rows")
    found = estimated(splits.train, rows, classes)
    held_out_rows = _some_rows(splits.valid, most_held_out_rows(most_rows), "held-out rows")
    if (
        len(held_out_rows) >= _LEAST_HELD_OUT_ROWS
        and len(np.unique(held_out_classes[held_out_rows])) > 1
        and not _has_few_groups(splits.valid, held_out_rows)
    ):
        found = on_held_out_rows(found, estimated(splits.valid, held_out_rows, held_out_classes))
    table = population_table(config)
    exact = {} if table is None else asdict(broja(table).atoms)
    record = {"modalities": list(splits.modalities), **_figures(found, exact, splits.modalities)}
    for note in (merging_note(splits.num_classes), _few_groups_note(splits.train, rows)):
        if note:
            record["notes"].append(note)
            record["verdict"] += f" ({note})"
    if splits.task == REGRESSION:
        bins = estimated(splits.train, rows, quantile_bins(splits.train.y, _VALUE_BINS))
        record["value_bins"] = {"num_bins": bins.num_classes, **_figures(bins, {}, splits.modalities)}
    return record


def merged_classes(classes: np.ndarray, num_classes: int) -> np.ndarray:
    """The group, from 0 to at most 31, of each class [num_classes]: neighbours share one, of about equally many rows.

    `classes` int [n]: those of the training rows, in which each class occurs.
    """
    from pid import quantile_bins

    merged = np.zeros(num_classes, dtype=np.int64)
    merged[classes] = quantile_bins(classes, MOST_CLASSES)
    return merged


def _some_rows(split: Split, most: int, purpose: str) -> np.ndarray:
    num_rows = min(len(split), most)
    return np.sort(generator(0, "information", purpose).choice(len(split), size=num_rows, replace=False))


def _has_few_groups(split: Split, rows: np.ndarray) -> bool:
    return split.groups is not None and len(np.unique(split.groups[rows])) < _LEAST_GROUPS


def _few_groups_note(split: Split, rows: np.ndarray) -> str | None:
    if split.groups is None or not _has_few_groups(split, rows):
        return None
    return (
        f"the training rows are of only {len(np.unique(split.groups[rows]))} groups: they count as independent rows, "
        "so intervals are too short and p too small"
    )


def by_name(note: str, modalities: Sequence[str]) -> str:
    """A note of `pid` with the names of the modalities in place of x1 and x2."""
    return re.sub(r"\bx([12])\b", lambda match: modalities[int(match[1]) - 1], note)


def _figures(found: "Estimate", exact: Mapping[str, float], modalities: Sequence[str]) -> dict[str, Any]:
    return {
        "method": found.method,
        "definition": found.definition,
        "num_samples": found.num_samples,
        "p_independent": found.p_independent,
        "dominant": found.dominant,
        "verdict": found.verdict,
        "at_least": None if found.at_least is None else dict(found.at_least),
        "notes": [by_name(note, modalities) for note in found.notes],
        "atoms": {name: _atom(found, name) | {"exact": exact.get(name)} for name in asdict(found.atoms)},
    }


def information_metrics(records: Mapping[str, Record]) -> dict[str, float]:
    """The figures of all variants as metrics of the parent run."""
    names = recorded_names(records)
    return {
        information_metric(name, names[variant], f"{prefix}{figure}"): value
        for variant, record in records.items()
        for prefix, part in (("", record), ("value_bins/", record.get("value_bins", {"atoms": {}})))
        for name, figures in part["atoms"].items()
        for figure, value in figures.items()
        if value is not None
    }


def information_tags(records: Mapping[str, Record]) -> dict[str, str]:
    """Each variant's whole record, for those who read the parent run."""
    names = recorded_names(records)
    return {
        information_tag(names[variant]): json.dumps({"variant": variant, **record})
        for variant, record in records.items()
    }


def _atom(found: "Estimate", name: str) -> dict[str, float | None]:
    return {
        "raw": getattr(found.atoms, name),
        "corrected": getattr(found.corrected, name),
        "low": found.interval[name].lower,
        "high": found.interval[name].upper,
        "null_mean": None if found.null is None else getattr(found.null.mean, name),
        "p_value": found.p_value[name],
    }


def _features(rows: np.ndarray, encoder: EncoderConfig) -> np.ndarray:
    """Rows as the estimators take them: an image is one vector, not a sequence of its lines."""
    return rows.reshape(len(rows), -1) if encoder.reads_images else rows
