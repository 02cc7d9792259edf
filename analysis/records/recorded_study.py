"""A study's runs as tidy tables, wherever the runs come from: MLflow, or the study's own journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.records.confirmations import confirmed_runs, order_of_start
from analysis.records.record_tables import information_table, trial_row, trial_table
from analysis.records.row_hits import RowHits
from analysis.records.run_contents import RecordedRun
from analysis.records.schema import (
    DECISION,
    IDENTITY,
    INFORMATION,
    REHEARSAL,
    ROLE,
    SCHEMA_TAG,
    STUDY,
    SUPERSEDED,
)

# Tags of a study's run that say what it is, and not under which circumstances it ran.
_STRUCTURE = (ROLE, STUDY, SUPERSEDED, SCHEMA_TAG, REHEARSAL)
_STRUCTURE_PREFIXES = (INFORMATION, DECISION, "mlflow.")


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyRecords:
    """What is recorded of one study.

    `study` is the study as it was declared: name, question, modalities, variants, lambdas and more. `trials`
    has one row a trial: where it belongs, how it ended, its parameters and final metrics under their recorded
    names, with the modalities' own in them (`seconds` is how long it took, `epochs` how far it has reported).
    `scores` [variant, lambda, encoder, seed, accuracy, accuracy_nonzero, ceiling] and `alignment` [variant, lambda,
    seed, metric, value, chance, chance_high] have one row a replica, from the finished trials of the stage `confirm`;
    alignment only of the replicas that it was measured for. `chance` and `chance_high` are the mean and the 95 % point
    of what permutations of the rows give; metrics taken after the projection head are named `projected/…`. A ceiling
    that is not known is NaN, and so is `accuracy_nonzero` (without the rows whose value is 0) but for a regression.
    `hits` says which test rows the
    same replicas were right on. `information` has one row for
    each variant and atom (PID of the training features, in bits): raw, corrected by its null, its interval, and the
    population's where it is known. `status` is MLflow's of the study's run, `circumstances` its other tags: identity,
    command, commit, host and whatever else was noted down.
    """

    study: Mapping[str, Any]
    parent_run_id: str
    trials: pd.DataFrame
    scores: pd.DataFrame
    alignment: pd.DataFrame
    information: pd.DataFrame
    hits: RowHits = field(default_factory=RowHits)
    status: str = "FINISHED"
    started: pd.Timestamp | None = None
    ended: pd.Timestamp | None = None
    circumstances: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The study's name with its identity, which tells studies of one name apart."""
        return " ".join((self.study["name"], self.circumstances.get(IDENTITY, ""))).strip()

    @property
    def is_rehearsal(self) -> bool:
        """Whether the study's data were made up to try it out."""
        return self.study["rehearsal"]


def study_records(
    study: Mapping[str, Any],
    runs: Iterable[RecordedRun],
    *,
    study_tags: Mapping[str, str],
    parent_run_id: str,
    status: str,
    started: int | None,
    ended: int | None,
) -> StudyRecords:
    """The records of a study from the runs of its trials, in whatever order they come.

    `study` is the study as it was declared. Of its own run, `study_tags` are the tags, `status` is the status in
    MLflow's words, and `started` and `ended` are in milliseconds since 1970.
    """
    runs = sorted(runs, key=order_of_start)
    confirmed = confirmed_runs(runs, study["variants"], study["modalities"])
    return StudyRecords(
        study=study,
        parent_run_id=parent_run_id,
        trials=trial_table([trial_row(run) for run in runs], study["modalities"]),
        scores=confirmed.scores,
        alignment=confirmed.alignment,
        hits=confirmed.hits,
        information=information_table(study_tags),
        status=status,
        started=_time(started),
        ended=_time(ended),
        circumstances={
            name: value
            for name, value in sorted(study_tags.items())
            if name not in _STRUCTURE and not name.startswith(_STRUCTURE_PREFIXES)
        },
    )


def _time(milliseconds: int | None) -> pd.Timestamp | None:
    return None if milliseconds is None else pd.to_datetime(milliseconds, unit="ms", utc=True)
