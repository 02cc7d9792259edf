"""The only writer of MLflow: one parent run a study, one child run a trial, made to agree with the study's journal."""

import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from analysis.connection import TrackingServerError, asked, bound_requests, explained, is_answer, is_away, masked
from studies.engine.halving import Outcome
from studies.engine.journal import TrialRecord
from studies.engine.outbox import Outbox
from studies.engine.storage import stored_checkpoint
from studies.engine.study import CONFIRM
from trainables.config import OBJECTIVE
from trainables.trainable import ENCODERS_FILE

_STATUS = {Outcome.FINISHED: "FINISHED", Outcome.PRUNED: "KILLED", Outcome.FAILED: "FAILED"}
_BATCH = 900  # MLflow takes 1,000 metrics a request
# How long the end of a run waits for a server that is away; with Ctrl-C somebody waits for the end.
_PATIENCE, _PATIENCE_WHEN_STOPPED = 60.0, 5.0
_LONGEST_TAG = 5000
_SUPERSEDED = "superseded"

# What the search maximises, under a name that comes first in the UI's lists, so that its charts start with it.
BEST_ACCURACY = "accuracy/best"


class UnsentError(RuntimeError):
    """MLflow does not have all that was recorded, so nothing can be concluded yet; the message says how it will."""

    def __init__(self, uri: str, recorded_in: str, error: Exception) -> None:
        super().__init__(
            f"MLflow at {masked(uri)} {explained(error)}\nAll that was trained is recorded in {recorded_in}, and "
            "nothing is lost: the same command sends what is missing when the server is there again, and concludes."
        )


@dataclass
class _ChildRun:
    run_id: str
    status: str
    num_reports_sent: int = 0


class Tracking:
    """Writes one study to the tracking server at `uri`, from a thread of its own so that no trial waits for it.

    `publish` may be called again and again with growing records of a trial: equal metrics are not doubled, as each is
    sent with the time it was recorded. While the server is away the latest record of each trial waits; what a run could
    not send, the next run of the study does from the journal in `recorded_in`.
    """

    def __init__(self, uri: str, recorded_in: str) -> None:
        bound_requests()
        self._uri = uri
        self._recorded_in = recorded_in
        self._client: MlflowClient
        self._outbox = Outbox(f"MLflow at {masked(uri)}", is_away)
        self._children: dict[str, _ChildRun] = {}
        self._experiment_id = ""
        self.parent_run_id = ""

    def open(self, experiment: str, identity: str, recording: str, tags: Mapping[str, str]) -> int:
        """Find or make the parent run of the study's recording, and find the child runs that it has.

        Other recordings of the same study, which are in another storage or were put aside, stay, marked as superseded;
        returns how many were marked now.
        Raises TrackingServerError where the server cannot be reached or refuses.
        """
        known = asked(self._uri, lambda: self._connect(experiment))
        try:
            self._experiment_id = known or self._client.create_experiment(experiment)
            num_superseded = self._open_parent(experiment, identity, recording, tags)
            self._remove_twins()
        except Exception as error:
            if not is_answer(error):
                raise
            raise TrackingServerError(self._uri, error) from error
        self._outbox.start()
        return num_superseded

    def _connect(self, experiment: str) -> str | None:
        """The id of the experiment, None where there is none of that name."""
        self._client = MlflowClient(tracking_uri=self._uri)
        known = self._client.get_experiment_by_name(experiment)
        return None if known is None else known.experiment_id

    def _open_parent(self, experiment: str, identity: str, recording: str, tags: Mapping[str, str]) -> int:
        earlier = self._search(f"tags.role = 'study' and tags.identity = '{identity}'")
        ours = [run for run in earlier if run.data.tags.get("recording") == recording]
        others = [run for run in earlier if run not in ours and run.data.tags.get(_SUPERSEDED) != "true"]
        for run in others:
            self._client.set_tag(run.info.run_id, _SUPERSEDED, "true")
        tags = {"identity": identity, "recording": recording, **tags}
        if ours:
            self.parent_run_id = ours[0].info.run_id
            self._client.update_run(self.parent_run_id, status="RUNNING")
            for key, value in {**tags, _SUPERSEDED: "false"}.items():
                self._client.set_tag(self.parent_run_id, key, value)
            for run in sorted(self._search_children(), key=lambda run: len(run.data.metrics)):
                # Of a trial's twins the last, which has the most, is kept.
                self._children[run.data.tags["trial"]] = _ChildRun(run.info.run_id, run.info.status)
        else:
            run = self._client.create_run(self._experiment_id, run_name=f"{experiment} {identity}", tags=tags)
            self.parent_run_id = run.info.run_id
        return len(others)

    def publish(self, record: TrialRecord) -> None:
        """Make the trial's run agree with its record, soon."""
        self._outbox.put(lambda: self._publish(record), key=record.key)

    def forget_unrecorded(self, recorded: Collection[str]) -> None:
        """Delete the runs of trials that the journal does not have: they run again, and would count twice."""
        self._children = {trial: child for trial, child in self._children.items() if trial in recorded}
        self._outbox.put(self._remove_twins)

    def is_settled(self, record: TrialRecord) -> bool:
        """Whether the run of an ended trial was closed with its outcome before this study was opened."""
        child = self._children.get(record.key)
        return child is not None and record.outcome is not None and child.status == _STATUS[record.outcome]

    def log_artifacts(self, folder: Path) -> None:
        """Store the files of `folder` with the study."""
        self._outbox.put(lambda: self._client.log_artifacts(self.parent_run_id, str(folder), folder.name))

    def log_study(self, metrics: Mapping[str, float]) -> None:
        """Log final figures of the study to its parent run."""
        now = time.time_ns() // 1_000_000
        values = [Metric(_permitted(name), value, now, 0) for name, value in metrics.items()]
        self._outbox.put(lambda: self._client.log_batch(self.parent_run_id, metrics=values))

    def tag_study(self, tags: Mapping[str, str]) -> None:
        """Tag the study's parent run."""
        values = [RunTag(_permitted(key), value) for key, value in tags.items()]
        self._outbox.put(lambda: self._client.log_batch(self.parent_run_id, tags=values))

    def flush(self) -> None:
        """Wait until all that was handed over has been sent; raises UnsentError where a minute later it was not."""
        self._outbox.put(self._remove_twins)
        problem = self._outbox.wait(_PATIENCE)
        if problem is not None:
            raise self.unsent(problem)

    def unsent(self, error: Exception) -> UnsentError:
        """What is to be raised where the study needs the server and the server fails with `error`."""
        return UnsentError(self._uri, self._recorded_in, error)

    def __enter__(self) -> "Tracking":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Send what is left, close every run that is still open, and end the study's with how it went."""
        if not self._outbox.is_started:
            return
        status = "FINISHED" if kind is None else "KILLED" if kind is KeyboardInterrupt else "FAILED"
        self._outbox.put(self._interrupt_open_runs)
        self._outbox.put(lambda: self._client.set_terminated(self.parent_run_id, status=status))
        problem = self._outbox.close(_PATIENCE if kind is None else _PATIENCE_WHEN_STOPPED)
        if error is None and problem is not None:
            raise self.unsent(problem)

    def _publish(self, record: TrialRecord) -> None:
        child = self._children.get(record.key)
        if child is None:
            child = self._create(record)
        elif record.outcome is None and child.status != "RUNNING":
            self._client.update_run(child.run_id, status="RUNNING")
            child.status = "RUNNING"
        self._send(child.run_id, record, already_sent=child.num_reports_sent)
        child.num_reports_sent = len(record.reports)
        if record.outcome is not None:
            if record.stage == CONFIRM and record.checkpoint is not None:
                self._log_encoders(child.run_id, record.checkpoint)
            status = _STATUS[record.outcome]
            self._client.set_terminated(child.run_id, status=status, end_time=record.ended)
            child.status = status

    def _send(self, run_id: str, record: TrialRecord, already_sent: int) -> None:
        """Log what the run lacks of its record, in few requests: each is slow where a server has accounts."""
        metrics = [
            Metric(name, value, report.time, report.epoch)
            for report in record.reports[already_sent:]
            for name, value in report.metrics.items()
        ]
        parameters = [Param(name, str(value)) for name, value in record.parameters.items() if value is not None]
        tags = []
        if record.outcome is not None and record.ended is not None:
            metrics += [
                Metric(name, value, record.ended, record.reports[-1].epoch if record.reports else 0)
                for name, value in _final_metrics(record).items()
            ]
            tags = [RunTag("outcome", record.outcome.value), RunTag("error", (record.error or "")[:_LONGEST_TAG])]
        for start in range(_BATCH, len(metrics), _BATCH):
            self._client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
        self._client.log_batch(run_id, metrics=metrics[:_BATCH], params=parameters, tags=tags)

    def _log_encoders(self, run_id: str, checkpoint: str) -> None:
        # A study's checkpoints are deleted once it has concluded: what is sent later goes without them.
        with contextlib.suppress(FileNotFoundError), stored_checkpoint(checkpoint).as_directory() as folder:
            self._client.log_artifact(run_id, str(Path(folder) / ENCODERS_FILE))

    def _create(self, record: TrialRecord) -> _ChildRun:
        tags = {
            "role": "trial",
            "trial": record.key,
            "stage": record.stage,
            "variant": record.variant,
            "stratum": record.stratum,
            "configuration": str(record.index),
            "host": record.host,
            MLFLOW_PARENT_RUN_ID: self.parent_run_id,
            MLFLOW_RUN_NAME: f"{record.stratum} {record.stage} {record.index}",
        }
        run = self._client.create_run(self._experiment_id, start_time=record.started, tags=tags)
        child = self._children[record.key] = _ChildRun(run.info.run_id, "RUNNING")
        return child

    def _remove_twins(self) -> None:
        """Delete runs that a server made for a request which it seemed not to have answered, and which was repeated."""
        ours = {child.run_id for child in self._children.values()}
        for run in self._search_children():
            if run.info.run_id not in ours:
                self._client.delete_run(run.info.run_id)

    def _interrupt_open_runs(self) -> None:
        for child in self._children.values():
            if child.status == "RUNNING":
                self._client.set_tag(child.run_id, "outcome", "interrupted")
                self._client.set_terminated(child.run_id, status="KILLED")
                child.status = "KILLED"

    def _search_children(self) -> list[Run]:
        return self._search(f"tags.{_quoted(MLFLOW_PARENT_RUN_ID)} = '{self.parent_run_id}' and tags.role = 'trial'")

    def _search(self, condition: str) -> list[Run]:
        runs: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs([self._experiment_id], condition, max_results=1000, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs


def _final_metrics(record: TrialRecord) -> dict[str, float]:
    """The record's constants, and the best objective that it reported."""
    objectives = [report.metrics[OBJECTIVE] for report in record.reports if isfinite(report.metrics[OBJECTIVE])]
    return {**record.constants, **({BEST_ACCURACY: max(objectives)} if objectives else {})}


def _quoted(name: str) -> str:
    return f"`{name}`"


def _permitted(name: str) -> str:
    """`name` with the characters that MLflow does not take in a metric's name replaced by a hyphen."""
    return "".join(letter if letter.isalnum() or letter in "_-. :/" else "-" for letter in name)
