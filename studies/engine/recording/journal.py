"""The study's own record on disk: one small JSON file a trial, replaced whole, from which a study resumes.

Ray Tune's state files are pickles that are written without atomicity, and MLflow may be out of reach for a while; what
a study has done is therefore kept here first. Resuming reads these files, and MLflow is made to agree with them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from pyarrow import fs

from studies.engine.recording.storage import open_storage, replace_file
from studies.engine.search.candidates import TrialOutcome
from trainables.config import Refused


class JournalError(Refused):
    """A study's journal cannot be read or does not fit the study; the message says which file, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a trial reported after `epoch` epochs, at `time` (milliseconds since 1970)."""

    epoch: int
    time: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """What is known of one trial. `outcome` is None while it is under way.

    `parameters`: flat values for comparison (`lambda`, `learning_rate`, …). `checkpoint`: where its latest checkpoint
    lies, if any, and `older_checkpoint` the one before. `trained_together`: how many trials, itself among them, were
    one training. `constants`: figures to record beside its metrics. `hits`: which test rows each of its replicas got
    right, as `analysis.records` reads it; None where rows are not kept. `host`, `started`, `ended` (milliseconds since
    1970) and `error` say how it went.
    """

    key: str
    stage: str
    variant: str
    stratum: str
    index: int
    parameters: Mapping[str, float | int | str | None]
    host: str
    started: int
    trained_together: int = 1
    constants: Mapping[str, float] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    hits: Mapping[str, Any] | None = None
    outcome: TrialOutcome | None = None
    checkpoint: str | None = None
    older_checkpoint: str | None = None
    ended: int | None = None
    error: str | None = None

    def with_report(self, report: Report) -> "TrialRecord":
        """The record with one more report."""
        return replace(self, reports=(*self.reports, report))


class Journal:
    """The records of one study under `storage` (a folder or a URI such as s3://bucket/path).

    Raises JournalError where a record cannot be read.
    """

    def __init__(self, storage: str) -> None:
        self._filesystem, path = open_storage(storage)
        self._folder = PurePosixPath(path) / "journal"
        self._filesystem.create_dir(str(self._folder), recursive=True)

    def read(self) -> dict[str, TrialRecord]:
        """All records by the trial's key."""
        files = self._filesystem.get_file_info(fs.FileSelector(str(self._folder)))
        records = [self._read_record(info.path) for info in files if info.extension == "json"]
        return {record.key: record for record in records}

    def write(self, record: TrialRecord) -> None:
        """Store a record, replacing the trial's last one in a single step."""
        path = str(self._folder / f"{record.key}.json")
        replace_file(self._filesystem, path, json.dumps(asdict(record)).encode())

    def _read_record(self, path: str) -> TrialRecord:
        try:
            with self._filesystem.open_input_stream(path) as stream:
                values: dict[str, Any] = json.loads(stream.read())
            values["reports"] = tuple(Report(**report) for report in values["reports"])
            values["outcome"] = None if values["outcome"] is None else TrialOutcome(values["outcome"])
            return TrialRecord(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise JournalError(
                f"{path} is not a trial's record ({error}). Remove that file and its trial runs again, "
                "or start the study over with --fresh."
            ) from error
