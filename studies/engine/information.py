"""What the modalities of a study's data tell about the label (PID): estimated on Ray beside the training, and kept."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import ray

from studies.engine.study import Study
from trainables.config import DataConfig, EncoderConfig, VisionTransformer
from trainables.data import Splits, population_table
from trainables.randomness import generator

if TYPE_CHECKING:
    from pid import Estimate

# Estimates of more rows cost more and say the same: with so many, 20 × 20 clusters have next to no bias left.
_MOST_ROWS = 10_000

Record = Mapping[str, Any]


def begin_estimates(
    study: Study, known: Mapping[str, Record], references: Mapping[DataConfig, "ray.ObjectRef[Splits]"]
) -> "ray.ObjectRef[dict[str, Record]] | None":
    """Start to estimate the variants that are not `known` yet, one after the other; None where all are.

    The task asks Ray for no core: it would take one from a trial, where it only needs a share of one for a while.
    """
    missing = {label: config for label, config in study.variants.items() if label not in known}
    if not missing:
        return None
    task: Any = ray.remote(num_cpus=0)(_estimate_all)
    return task.remote(study, {label: (config, references[config]) for label, config in missing.items()})


def _estimate_all(
    study: Study, variants: Mapping[str, tuple[DataConfig, "ray.ObjectRef[Splits]"]]
) -> dict[str, Record]:
    return {
        label: information_record(config, ray.get(reference), study.encoder_1, study.encoder_2)
        for label, (config, reference) in variants.items()
    }


def information_record(
    config: DataConfig,
    splits: Splits,
    encoder_1: EncoderConfig,
    encoder_2: EncoderConfig,
    *,
    num_workers: int | None = 1,
) -> dict[str, Any]:
    """Estimate the atoms of the training split from at most 10,000 of its rows, drawn once for all; plain JSON values.

    Where the population is known, its exact atoms stand beside them.
    """
    from pid import broja, estimate  # brings scikit-learn along, for which the driver has no use

    train = splits.train
    num_rows = min(len(train), _MOST_ROWS)
    rows = np.sort(generator(0, "information", "rows").choice(len(train), size=num_rows, replace=False))
    lengths_1, lengths_2 = (
        None if lengths is None else lengths[rows] for lengths in (train.lengths_1, train.lengths_2)
    )
    found = estimate(
        _features(train.x1[rows], encoder_1),
        _features(train.x2[rows], encoder_2),
        splits.classes(train)[rows],
        lengths_1=lengths_1,
        lengths_2=lengths_2,
        num_workers=num_workers,
    )
    table = population_table(config)
    exact = {} if table is None else asdict(broja(table).atoms)
    return {
        "modalities": list(splits.modalities),
        "method": found.method,
        "definition": found.definition,
        "num_samples": found.num_samples,
        "p_independent": found.p_independent,
        "dominant": found.dominant,
        "verdict": found.verdict,
        "atoms": {name: _atom(found, name) | {"exact": exact.get(name)} for name in asdict(found.atoms)},
    }


def information_metrics(records: Mapping[str, Record]) -> dict[str, float]:
    """The figures of all variants as metrics of the parent run: pid/<atom>/<variant>/<figure>."""
    return {
        f"pid/{name}/{variant}/{figure}": value
        for variant, record in records.items()
        for name, figures in record["atoms"].items()
        for figure, value in figures.items()
        if value is not None
    }


def information_tags(records: Mapping[str, Record]) -> dict[str, str]:
    """Each variant's whole record, for those who read the parent run."""
    return {f"information/{variant}": json.dumps({"variant": variant, **record}) for variant, record in records.items()}


def _atom(found: "Estimate", name: str) -> dict[str, float | None]:
    return {
        "raw": getattr(found.atoms, name),
        "corrected": getattr(found.corrected, name),
        "low": found.interval[name].lower,
        "high": found.interval[name].upper,
        "null_mean": getattr(found.null.mean, name),
        "p_value": found.p_value[name],
    }


def _features(rows: np.ndarray, encoder: EncoderConfig) -> np.ndarray:
    """Rows as the estimators take them: an image is one vector, not a sequence of its lines."""
    return rows.reshape(len(rows), -1) if isinstance(encoder, VisionTransformer) else rows
