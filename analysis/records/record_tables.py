"""From the contents of recorded runs to tidy tables: one row a trial, one a replica, one an atom."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from analysis.records.run_contents import RUNNING_STATUS, STATUS_BY_OUTCOME, RecordedRun
from analysis.records.schema import (
    ACCURACY,
    ACCURACY_NONZERO,
    CHANCE,
    CHANCE_HIGH,
    CONFIGURATION,
    ERROR,
    INFORMATION,
    LAMBDA,
    OUTCOME,
    STAGE,
    TRIAL,
    VALUE,
    VARIANT,
    AlignmentName,
    ScoreName,
    ceiling,
    encoder_loss,
    encoder_names,
    hyperparameter,
    is_of_one_replica,
    valid_accuracy,
)

_SCORE_COLUMNS = [VARIANT, LAMBDA, "encoder", "seed", ACCURACY, ACCURACY_NONZERO, "ceiling"]
_ALIGNMENT_COLUMNS = [VARIANT, LAMBDA, "seed", "metric", VALUE, CHANCE, CHANCE_HIGH]
# What is a number, also in a table without rows.
_SCORE_NUMBERS = {LAMBDA: float, "seed": int, ACCURACY: float, ACCURACY_NONZERO: float, "ceiling": float}
_ALIGNMENT_NUMBERS = {LAMBDA: float, "seed": int, VALUE: float, CHANCE: float, CHANCE_HIGH: float}
_INFORMATION_COLUMNS = (
    "variant definition method num_samples p_independent dominant atom raw corrected low high null_mean p_value exact "
    "notes"
).split()
_TRIAL_COLUMNS = [STAGE, VARIANT, TRIAL, CONFIGURATION, OUTCOME, ERROR, "status", "start", "seconds", "epochs", LAMBDA]
_WORDS = (OUTCOME, ERROR)

Confirmed = Mapping[tuple[str, float], RecordedRun]
"""The finished confirmation of each variant and λ."""


def trial_row(run: RecordedRun) -> dict[str, Any]:
    """A run's parameters and means over replicas; the values of single replicas are in the other tables."""
    metrics = {name: value for name, value in run.metrics.items() if not is_of_one_replica(name)}
    # A trial that goes on after an interruption still has that as its outcome.
    outcome = None if run.status == RUNNING_STATUS else run.tags.get(OUTCOME)
    seconds = None if run.end is None or outcome not in STATUS_BY_OUTCOME else (run.end - run.start) / 1000
    row = {
        STAGE: run.tags[STAGE],
        VARIANT: run.tags[VARIANT],
        TRIAL: run.tags[TRIAL],
        CONFIGURATION: run.tags[CONFIGURATION],
        OUTCOME: outcome,
        ERROR: run.tags.get(ERROR) or None,
        "status": run.status,
        "start": run.start,
        "seconds": seconds,
        "epochs": run.last_step,
    }
    return {**run.parameters, **metrics, **row}


def trial_table(trials: Sequence[Mapping[str, Any]], modalities: Sequence[str]) -> pd.DataFrame:
    """One row a trial; its columns have the modalities' own names, and are numbers where all of them are."""
    table = pd.DataFrame(list(trials)).rename(columns=_in_real_names(modalities))
    recorded = sorted(set(table.columns) - set(_TRIAL_COLUMNS))
    table = table.reindex(columns=[*_TRIAL_COLUMNS, *recorded])
    for name in (CONFIGURATION, "seconds", "epochs", LAMBDA, *recorded):
        numbers = pd.Series(pd.to_numeric(table[name], errors="coerce"))
        if numbers.notna().equals(table[name].notna()):  # otherwise it is in words
            table[name] = numbers
    table["start"] = pd.to_datetime(table["start"], unit="ms", utc=True)
    for name in _WORDS:
        # What has not ended has no outcome; the NaN of a column of strings would count as true.
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    return table


def score_table(confirmed: Confirmed, variants: Sequence[str], modalities: Sequence[str]) -> pd.DataFrame:
    """Test accuracy of each replica; variants and encoders in the study's order, not the alphabet's."""
    modality_of = {name: modality for modality, name in encoder_names(modalities).items()}
    rows = []
    for (variant, lambda_), run in confirmed.items():
        for name, accuracy in _scores(run):
            nonzero = ScoreName(score=ACCURACY_NONZERO, encoder=name.encoder, seed=name.seed)
            values = (
                accuracy,
                *(run.metrics.get(other, float("nan")) for other in (str(nonzero), ceiling(name.encoder))),
            )
            rows.append((variant, lambda_, modality_of[name.encoder], name.seed, *values))
    rows.sort(key=lambda row: (variants.index(row[0]), modalities.index(row[2]), row[1], row[3]))
    return pd.DataFrame(rows, columns=_SCORE_COLUMNS).astype(_SCORE_NUMBERS)


def alignment_table(confirmed: Confirmed, variants: Sequence[str]) -> pd.DataFrame:
    """Alignment of each measured replica with its chance level, before and after the projection head."""
    rows = []
    for (variant, lambda_), run in confirmed.items():
        for name, value in _alignments(run):
            by_chance = (
                run.metrics.get(str(replace(name, figure=figure)), float("nan")) for figure in (CHANCE, CHANCE_HIGH)
            )
            rows.append((variant, lambda_, name.seed, name.column, value, *by_chance))
    rows.sort(key=lambda row: (variants.index(row[0]), row[3], row[1], row[2]))
    return pd.DataFrame(rows, columns=_ALIGNMENT_COLUMNS).astype(_ALIGNMENT_NUMBERS)


def information_table(tags: Mapping[str, str]) -> pd.DataFrame:
    """The estimates that a study's run is tagged with, in the order of their tags."""
    rows = []
    for tag in sorted(name for name in tags if name.startswith(INFORMATION)):
        record = json.loads(tags[tag])
        for atom, figures in record["atoms"].items():
            row = record | figures | {"atom": atom, "notes": ". ".join(record.get("notes", ()))}
            rows.append([row[name] for name in _INFORMATION_COLUMNS])
    return pd.DataFrame(rows, columns=_INFORMATION_COLUMNS)


def _in_real_names(modalities: Sequence[str]) -> dict[str, str]:
    """The columns of trials that are named by a modality: as recorded, and as people read them."""
    first, second = modalities
    names = encoder_names(modalities)
    recorded_first, recorded_second = names.values()
    found = {
        hyperparameter(field, (recorded_first, recorded_second)): hyperparameter(field, (first, second))
        for field in ("dropout_1", "dropout_2")
    }
    for modality, name in names.items():
        found |= {metric(name): metric(modality) for metric in (valid_accuracy, encoder_loss, ceiling)}
        for score in (ACCURACY, ACCURACY_NONZERO):
            found[str(ScoreName(score=score, encoder=name))] = str(ScoreName(score=score, encoder=modality))
    return found


def _scores(run: RecordedRun) -> Iterator[tuple[ScoreName, float]]:
    """The accuracy of each encoder and replica."""
    for metric, value in run.metrics.items():
        name = ScoreName.parse(metric)
        if name is not None and name.score == ACCURACY and name.seed is not None:
            yield name, value


def _alignments(run: RecordedRun) -> Iterator[tuple[AlignmentName, float]]:
    """The value of each measure of each replica."""
    for metric, value in run.metrics.items():
        name = AlignmentName.parse(metric)
        if name is not None and name.figure == VALUE and name.seed is not None:
            yield name, value
