"""What is recorded of studies: what a trial's run holds, and tidy tables from MLflow or a journal.

Every name that is recorded stands in `analysis.records.schema`, which writers import directly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.records.confirmations import ConfirmedRuns, confirmed_runs
    from analysis.records.hits import Hits, read_hits, unpack_hits
    from analysis.records.left_out import LeftOut
    from analysis.records.mlflow_reader import experiments_with_studies, read_studies, read_study, unreadable_studies
    from analysis.records.recorded_study import StudyRecords, study_records
    from analysis.records.run_contents import (
        FAILED_STATUS,
        FINISHED_STATUS,
        INTERRUPTED_TAGS,
        KILLED_STATUS,
        RUNNING_STATUS,
        JournalTrial,
        MetricValue,
        RecordedRun,
        RunContents,
        trial_as_run,
        trial_contents,
    )

__all__ = [
    "FAILED_STATUS",
    "FINISHED_STATUS",
    "INTERRUPTED_TAGS",
    "KILLED_STATUS",
    "RUNNING_STATUS",
    "ConfirmedRuns",
    "Hits",
    "JournalTrial",
    "LeftOut",
    "MetricValue",
    "RecordedRun",
    "RunContents",
    "StudyRecords",
    "confirmed_runs",
    "experiments_with_studies",
    "read_hits",
    "read_studies",
    "read_study",
    "study_records",
    "trial_as_run",
    "trial_contents",
    "unpack_hits",
    "unreadable_studies",
]

# These bring pandas along, and `schema.py` is imported by many who do not need it: they are imported when they are
# first asked for.
_LATE = {
    "ConfirmedRuns": "analysis.records.confirmations",
    "FAILED_STATUS": "analysis.records.run_contents",
    "FINISHED_STATUS": "analysis.records.run_contents",
    "INTERRUPTED_TAGS": "analysis.records.run_contents",
    "Hits": "analysis.records.hits",
    "JournalTrial": "analysis.records.run_contents",
    "KILLED_STATUS": "analysis.records.run_contents",
    "LeftOut": "analysis.records.left_out",
    "MetricValue": "analysis.records.run_contents",
    "RUNNING_STATUS": "analysis.records.run_contents",
    "RecordedRun": "analysis.records.run_contents",
    "RunContents": "analysis.records.run_contents",
    "StudyRecords": "analysis.records.recorded_study",
    "confirmed_runs": "analysis.records.confirmations",
    "experiments_with_studies": "analysis.records.mlflow_reader",
    "read_hits": "analysis.records.hits",
    "read_studies": "analysis.records.mlflow_reader",
    "read_study": "analysis.records.mlflow_reader",
    "study_records": "analysis.records.recorded_study",
    "trial_as_run": "analysis.records.run_contents",
    "trial_contents": "analysis.records.run_contents",
    "unpack_hits": "analysis.records.hits",
    "unreadable_studies": "analysis.records.mlflow_reader",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return __all__
