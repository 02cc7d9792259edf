"""From the contents of recorded runs to tidy tables: one row a trial, one a replica, one an atom."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

_OF_SEED = re.compile(r"(?P<name>.+)/seed_(?P<seed>\d+)")
_SCORE_COLUMNS = ["variant", "lambda", "encoder", "seed", "accuracy", "accuracy_nonzero", "ceiling"]
_ALIGNMENT_COLUMNS = ["variant", "lambda", "seed", "metric", "value"]
# What is a number, also in a table without rows.
_SCORE_NUMBERS = {"lambda": float, "seed": int, "accuracy": float, "accuracy_nonzero": float, "ceiling": float}
_ALIGNMENT_NUMBERS = {"lambda": float, "seed": int, "value": float}
_INFORMATION_COLUMNS = (
    "variant definition method num_samples p_independent dominant atom raw corrected low high null_mean p_value exact"
).split()
_TRIAL_COLUMNS = "run_id stage variant trial configuration outcome error status start seconds epochs lambda".split()
_WORDS = ("outcome", "error")


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """What one run holds. Times are in milliseconds; `last_step` is the last one that a metric was recorded at."""

    run_id: str
    status: str
    start: int
    end: int | None
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    last_step: int | None


Confirmed = Mapping[tuple[str, float], RecordedRun]
"""The finished confirmation of each variant and λ."""


def trial_row(run: RecordedRun) -> dict[str, Any]:
    """A run's parameters and means over replicas; the values of single replicas are in the other tables."""
    metrics = {name: value for name, value in run.metrics.items() if "/seed_" not in name}
    row = {
        "run_id": run.run_id,
        "stage": run.tags["stage"],
        "variant": run.tags["variant"],
        "trial": run.tags["trial"],
        "configuration": run.tags.get("configuration"),
        "outcome": run.tags.get("outcome"),
        "error": run.tags.get("error") or None,
        "status": run.status,
        "start": run.start,
        "seconds": None if run.end is None else (run.end - run.start) / 1000,
        "epochs": run.last_step,
    }
    return {**run.parameters, **metrics, **row}


def trial_table(trials: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a trial; parameters and metrics that are numbers throughout as numbers."""
    table = pd.DataFrame(list(trials))
    recorded = sorted(set(table.columns) - set(_TRIAL_COLUMNS))
    table = table.reindex(columns=[*_TRIAL_COLUMNS, *recorded])
    for name in ("configuration", "seconds", "epochs", "lambda", *recorded):
        try:
            table[name] = pd.to_numeric(table[name])
        except ValueError:
            continue  # a parameter in words
    table["start"] = pd.to_datetime(table["start"], unit="ms", utc=True)
    for name in _WORDS:
        # What has not ended has no outcome; the NaN of a column of strings would count as true.
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    return table


def score_table(confirmed: Confirmed, variants: Sequence[str], modalities: Sequence[str]) -> pd.DataFrame:
    """Test accuracy of each replica; variants and encoders in the study's order, not the alphabet's."""
    rows = []
    for (variant, strength), run in confirmed.items():
        for encoder, seed, accuracy in _of_seeds(run, "test/accuracy/"):
            nonzero = run.metrics.get(f"test/accuracy_nonzero/{encoder}/seed_{seed}", float("nan"))
            ceiling = run.metrics.get(f"ceiling/accuracy/{encoder}", float("nan"))
            rows.append((variant, strength, encoder, seed, accuracy, nonzero, ceiling))
    rows.sort(key=lambda row: (variants.index(row[0]), modalities.index(row[2]), row[1], row[3]))
    return pd.DataFrame(rows, columns=_SCORE_COLUMNS).astype(_SCORE_NUMBERS)


def alignment_table(confirmed: Confirmed, variants: Sequence[str]) -> pd.DataFrame:
    """Alignment of each replica, before and after the projection head."""
    rows = [
        (variant, strength, seed, metric, value)
        for (variant, strength), run in confirmed.items()
        for metric, seed, value in _of_seeds(run, "alignment/")
    ]
    rows.sort(key=lambda row: (variants.index(row[0]), row[3], row[1], row[2]))
    return pd.DataFrame(rows, columns=_ALIGNMENT_COLUMNS).astype(_ALIGNMENT_NUMBERS)


def information_table(tags: Mapping[str, str]) -> pd.DataFrame:
    """The estimates that a study's run is tagged with, in the order of its variants."""
    rows = []
    for tag in sorted(name for name in tags if name.startswith("information/")):
        record = json.loads(tags[tag])
        for atom, figures in record["atoms"].items():
            row = record | figures | {"atom": atom}
            rows.append([row[name] for name in _INFORMATION_COLUMNS])
    return pd.DataFrame(rows, columns=_INFORMATION_COLUMNS)


def _of_seeds(run: RecordedRun, prefix: str) -> Iterator[tuple[str, int, float]]:
    """Name (without the prefix), seed and value of each metric of a single replica."""
    for key, value in run.metrics.items():
        match = _OF_SEED.fullmatch(key) if key.startswith(prefix) else None
        if match:
            yield match["name"].removeprefix(prefix), int(match["seed"]), value
