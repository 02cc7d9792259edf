"""The only writer of MLflow: one parent run a study, one child run a trial, made to agree with the study's journal."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from analysis.connection import (
    answers_named,
    asked,
    bound_requests,
    explained,
    is_away,
    is_database,
    masked,
)
from analysis.environment import same_environment
from analysis.records import (
    FAILED_STATUS,
    FINISHED_STATUS,
    INTERRUPTED_TAGS,
    KILLED_STATUS,
    RUNNING_STATUS,
    RunContents,
    trial_contents,
)
from analysis.records.schema import (
    CONFIRM,
    ERROR,
    HITS_FILE,
    IDENTITY,
    RECORDING,
    ROLE,
    STUDY_ROLE,
    SUPERSEDED,
    TRIAL,
    TRIAL_ROLE,
    experiment_name,
    shortened,
)
from analysis.tracking_store import reach_database
from studies.engine.outcome import StudyFailed
from studies.engine.recording.first_opening import artifact_root, make_store
from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.outbox import Outbox
from studies.engine.recording.storage import open_storage
from trainables.config import ENCODERS_FILE, Refused

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow is imported where it is used, as it takes seconds, and a study has words to say before it needs it.

_PARENT_RUN, _RUN_NAME = "mlflow.parentRunId", "mlflow.runName"  # tags that MLflow gives a meaning
_BATCH = 900  # MLflow takes 1,000 metrics a request
# How long the end of a run waits for a server that is away; with Ctrl-C somebody waits for the end.
_PATIENCE, _PATIENCE_WHEN_STOPPED = 60.0, 5.0
_LONGEST_TAG = 5000
_LONGEST_RUN_NAME = 250  # of MLflow's databases


class UnsentError(StudyFailed):
    """MLflow does not have all that was recorded; the message says how it will."""

    def __init__(self, uri: str, recorded_in: str, error: Exception) -> None:
        super().__init__(
            [
                f"MLflow at {masked(uri)} {explained(error, uri)}",
                f"All that was trained is recorded in {recorded_in}, and nothing is lost: the same command sends what "
                "is missing when the server is there again.",
            ]
        )


@dataclass
class _ChildRun:
    run_id: str
    status: str
    num_reports_sent: int = 0
    has_parameters: bool = False


class Tracking:
    """Writes one study to the tracking server at `uri`, from a thread of its own so that no trial waits for it.

    `publish` may be called again and again with growing records of a trial: equal metrics are not doubled, as each is
    sent with the time it was recorded. While the server is away the latest record of each trial waits; what a run could
    not send, the next run of the study does from the journal in `recorded_in`.
    """

    def __init__(self, uri: str, recorded_in: str) -> None:
        self._uri = uri
        self._recorded_in = recorded_in
        self._client: MlflowClient
        self._outbox = Outbox(f"MLflow at {masked(uri)}", is_away)
        self._children: dict[str, _ChildRun] = {}
        self._experiment_id = ""
        self.parent_run_id = ""
        self._is_interrupted = False
        self._held = contextlib.ExitStack()
        self._opening = threading.Lock()  # another thread than that which leaves may be opening it
        self._is_left = False

    def open(self, experiment: str, identity: str, recording: str, tags: Mapping[str, str]) -> int:
        """Find or make the parent run of the study's recording, and find the child runs that it has.

        Other recordings of the same study, which are in another storage or were put aside, stay, marked as superseded;
        returns how many were marked now.
        Opens nothing where it was left meanwhile.
        Raises TrackingServerError where the server cannot be reached or refuses, and Refused for a deleted experiment.
        """
        experiment = experiment_name(experiment)
        with answers_named(self._uri):  # a full disk among them
            make_store(self._uri)
        if is_database(self._uri):
            asked(self._uri, lambda: reach_database(self._uri))
        known = asked(self._uri, lambda: self._connect(experiment))
        with self._opening:
            if self._is_left:
                return 0
            with answers_named(self._uri):
                self._experiment_id = known or self._create_experiment(experiment)
                num_superseded = self._open_parent(experiment, identity, recording, tags)
                self._remove_twins()
            self._outbox.start()
        return num_superseded

    def _connect(self, experiment: str) -> str | None:
        """The id of the experiment, None where there is none of that name."""
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=self._uri)
        known = self._client.get_experiment_by_name(experiment)
        if known is not None and known.lifecycle_stage == "deleted":
            raise Refused(
                f"the experiment {experiment!r} was deleted in MLflow at {masked(self._uri)}, which keeps its name. "
                f"Restore it: mlflow experiments restore --experiment-id {known.experiment_id}, with that address in "
                "MLFLOW_TRACKING_URI. Or name another store with --tracking-uri."
            )
        return None if known is None else known.experiment_id

    def _create_experiment(self, experiment: str) -> str:
        place = f"{artifact_root(self._uri)}/{quote(experiment)}" if is_database(self._uri) else None
        return self._client.create_experiment(experiment, artifact_location=place)

    def _open_parent(self, experiment: str, identity: str, recording: str, tags: Mapping[str, str]) -> int:
        earlier = self._search(f"tags.{ROLE} = '{STUDY_ROLE}' and tags.{IDENTITY} = '{identity}'")
        ours = [run for run in earlier if run.data.tags.get(RECORDING) == recording]
        others = [run for run in earlier if run not in ours and run.data.tags.get(SUPERSEDED) != "true"]
        for run in others:
            self._client.set_tag(run.info.run_id, SUPERSEDED, "true")
        tags = {IDENTITY: identity, RECORDING: recording, **tags}
        if ours:
            self.parent_run_id = ours[0].info.run_id
            self._client.update_run(self.parent_run_id, status=RUNNING_STATUS)
            for key, value in {**tags, SUPERSEDED: "false"}.items():
                self._client.set_tag(self.parent_run_id, key, value)
            if ERROR in ours[0].data.tags:
                self._client.delete_tag(self.parent_run_id, ERROR)
            for run in sorted(self._search_children(), key=lambda run: len(run.data.metrics)):
                # Of a trial's twins the last, which has the most, is kept.
                self._children[run.data.tags[TRIAL]] = _ChildRun(run.info.run_id, run.info.status)
        else:
            run = self._client.create_run(self._experiment_id, run_name=_run_name(experiment, identity), tags=tags)
            self.parent_run_id = run.info.run_id
        return len(others)

    def publish(self, record: TrialRecord) -> None:
        """Make the trial's run agree with its record, on the thread that sends."""
        self._outbox.put(lambda: self._publish(record), key=record.key)

    def forget_unrecorded(self, recorded: Collection[str]) -> None:
        """Delete the runs of trials that the journal does not have: they run again, and would count twice."""
        self._children = {trial: child for trial, child in self._children.items() if trial in recorded}
        self._outbox.put(self._remove_twins)

    def is_settled(self, record: TrialRecord) -> bool:
        """Whether the run of an ended trial was closed with its outcome before this study was opened."""
        child = self._children.get(record.key)
        return child is not None and record.outcome is not None and child.status == trial_contents(record).status

    def log_artifacts(self, folder: Path) -> None:
        """Store the files of `folder` with the study."""
        self._outbox.put(lambda: self._client.log_artifacts(self.parent_run_id, str(folder), folder.name))

    def log_study(self, metrics: Mapping[str, float]) -> None:
        """Log final figures of the study to its parent run."""
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        values = [Metric(name, value, now, 0) for name, value in metrics.items()]
        self._outbox.put(lambda: self._client.log_batch(self.parent_run_id, metrics=values))

    def tag_study(self, tags: Mapping[str, str]) -> None:
        """Tag the study's parent run."""
        from mlflow.entities import RunTag

        values = [RunTag(key, value) for key, value in tags.items()]
        self._outbox.put(lambda: self._client.log_batch(self.parent_run_id, tags=values))

    def note_failure(self, error: str) -> None:
        """Tag the study's run, where there is one yet, with the end of a traceback, which says most."""
        if self._outbox.is_started:
            self.tag_study({ERROR: error[-_LONGEST_TAG:]})

    def note_interruption(self) -> None:
        """Have the study's run closed as stopped by somebody, and a server that is away not waited for long."""
        self._is_interrupted = True

    def flush(self) -> None:
        """Wait until all that was handed over has been sent; raises UnsentError where a minute later it was not."""
        self._outbox.put(self._remove_twins)
        problem = self._outbox.wait(_PATIENCE)
        if problem is not None:
            raise UnsentError(self._uri, self._recorded_in, problem)

    def __enter__(self) -> "Tracking":
        self._held.enter_context(same_environment("MLFLOW_"))
        bound_requests()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Send what is left, close every run that is still open, and end the study's with how it went."""
        with self._held:
            held = self._opening.acquire(timeout=_PATIENCE_WHEN_STOPPED)  # a server may keep the other thread waiting
            self._is_left = True
            if held:
                self._opening.release()
            if self._outbox.is_started:
                self._close(kind, error)

    def _close(self, kind: type[BaseException] | None, error: BaseException | None) -> None:
        stopped = self._is_interrupted or kind is KeyboardInterrupt
        status = KILLED_STATUS if stopped else FINISHED_STATUS if kind is None else FAILED_STATUS
        self._outbox.put(self._interrupt_open_runs)
        self._outbox.put(lambda: self._client.set_terminated(self.parent_run_id, status=status))
        problem = self._outbox.close(_PATIENCE if status == FINISHED_STATUS else _PATIENCE_WHEN_STOPPED)
        if error is None and problem is not None and not stopped:
            raise UnsentError(self._uri, self._recorded_in, problem)

    def _publish(self, record: TrialRecord) -> None:
        child = self._children.get(record.key)
        if child is None:
            child = self._create(record)
        elif record.outcome is None and child.status != RUNNING_STATUS:
            self._client.update_run(child.run_id, status=RUNNING_STATUS)
            child.status = RUNNING_STATUS
        contents = trial_contents(record, reports_sent=child.num_reports_sent)
        # Parameters that are sent again MLflow compares with those that it has: as dear as storing them.
        self._send(child.run_id, contents, {} if child.has_parameters else contents.parameters)
        child.num_reports_sent, child.has_parameters = len(record.reports), True
        if record.outcome is not None:
            if record.stage == CONFIRM and record.checkpoint is not None:
                self._log_encoders(child.run_id, record.checkpoint)
            if record.hits is not None:
                self._client.log_dict(child.run_id, dict(record.hits), HITS_FILE)
            self._client.set_terminated(child.run_id, status=contents.status, end_time=record.ended)
            child.status = contents.status

    def _send(self, run_id: str, contents: RunContents, parameters: Mapping[str, str]) -> None:
        """Log these parameters, and metrics and tags, in few requests: each is slow where a server has accounts."""
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(value.name, value.value, value.time, value.step) for value in contents.values]
        params = [Param(name, value) for name, value in parameters.items()]
        tags = [RunTag(name, value) for name, value in contents.last_tags.items()]
        for start in range(_BATCH, len(metrics), _BATCH):
            self._client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
        self._client.log_batch(run_id, metrics=metrics[:_BATCH], params=params, tags=tags)

    def _log_encoders(self, run_id: str, checkpoint: str) -> None:
        # A study's checkpoints are deleted once it has concluded: what is sent later goes without them.
        with contextlib.suppress(FileNotFoundError), tempfile.TemporaryDirectory() as folder:
            filesystem, path = open_storage(checkpoint)
            with filesystem.open_input_stream(f"{path}/{ENCODERS_FILE}") as stored:
                copy = Path(folder) / ENCODERS_FILE
                copy.write_bytes(stored.read())
            self._client.log_artifact(run_id, str(copy))

    def _create(self, record: TrialRecord) -> _ChildRun:
        tags = {
            **trial_contents(record).first_tags,
            _PARENT_RUN: self.parent_run_id,
            _RUN_NAME: _run_name(record.stratum, f"{record.stage} {record.index}"),
        }
        run = self._client.create_run(self._experiment_id, start_time=record.started, tags=tags)
        child = self._children[record.key] = _ChildRun(run.info.run_id, RUNNING_STATUS)
        return child

    def _remove_twins(self) -> None:
        """Delete doubled runs: a request that seemed to fail was repeated, and the server carried out both."""
        ours = {child.run_id for child in self._children.values()}
        for run in self._search_children():
            if run.info.run_id not in ours:
                self._client.delete_run(run.info.run_id)

    def _interrupt_open_runs(self) -> None:
        for child in self._children.values():
            if child.status == RUNNING_STATUS:
                for name, value in INTERRUPTED_TAGS.items():
                    self._client.set_tag(child.run_id, name, value)
                self._client.set_terminated(child.run_id, status=KILLED_STATUS)
                child.status = KILLED_STATUS

    def _search_children(self) -> "list[Run]":
        return self._search(f"tags.{_quoted(_PARENT_RUN)} = '{self.parent_run_id}' and tags.{ROLE} = '{TRIAL_ROLE}'")

    def _search(self, condition: str) -> "list[Run]":
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs([self._experiment_id], condition, max_results=1000, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs


def _run_name(place: str, number: str) -> str:
    return f"{shortened(place, _LONGEST_RUN_NAME - 1 - len(number))} {number}"


def _quoted(name: str) -> str:
    return f"`{name}`"
