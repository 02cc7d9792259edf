"""A study's journal as the tables that conclusions are drawn from, made by the same code as those from MLflow."""

import json
from collections.abc import Collection, Mapping

from analysis.records import KILLED_STATUS, StudyRecords, study_records, trial_as_run
from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.recording import Recording


def journal_records(
    recording: Recording, records: Collection[TrialRecord], information: Mapping[str, str], *, status: str
) -> StudyRecords:
    """The records of a study, from those of its trials.

    `information`: its tags of what was estimated. `status`: its run's, in MLflow's words.
    """
    return study_records(
        json.loads(json.dumps(recording.description)),  # as MLflow has it: lists, no tuples
        (trial_as_run(record, is_stopped=status == KILLED_STATUS) for record in records),
        study_tags={**recording.study_tags(), **information},
        parent_run_id=recording.tracking.parent_run_id,
        status=status,
        started=min((record.started for record in records), default=None),
        ended=max((record.ended for record in records if record.ended is not None), default=None),
    )
