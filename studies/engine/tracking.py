"""The only writer of MLflow: one parent run a study, one child run a trial, made to agree with the study's journal."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME
from ray.tune import Checkpoint

from studies.engine.halving import Outcome
from studies.engine.journal import TrialRecord
from studies.engine.study import CONFIRM
from trainables.config import OBJECTIVE
from trainables.trainable import ENCODERS_FILE

_STATUS = {Outcome.FINISHED: "FINISHED", Outcome.PRUNED: "KILLED", Outcome.FAILED: "FAILED"}
_BATCH = 900  # MLflow takes 1,000 metrics a request
_RETRY_SECONDS = (1, 2, 4, 8, 15, 30)
_LONGEST_TAG = 5000
_SUPERSEDED = "superseded"

# What the search maximises, under a name that comes first in the UI's lists, so that its charts start with it.
BEST_ACCURACY = "accuracy/best"


@dataclass
class _ChildRun:
    run_id: str
    status: str
    num_reports_sent: int = 0


class Tracking:
    """Writes one study to the tracking server at `uri`, from a thread of its own so that no trial waits for it.

    `publish` may be called again and again with growing records of a trial: equal metrics are not doubled, as each is
    sent with the time it was recorded. While the server is away the thread tries again; nothing is dropped, for the
    journal has all of it and the next run of the study publishes what is missing.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client: MlflowClient
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._children: dict[str, _ChildRun] = {}
        self._experiment_id = ""
        self._error: Exception | None = None
        self.parent_run_id = ""
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)

    def open(self, experiment: str, identity: str, tags: Mapping[str, str], *, fresh: bool) -> None:
        """Find or make the study's parent run, and find the child runs that it has.

        With `fresh`, runs of an earlier study of the same identity stay, marked as superseded.
        Raises MlflowException where the server cannot be reached or refuses.
        """
        self._client = MlflowClient(tracking_uri=self._uri)
        self._experiment_id = self._find_experiment(experiment)
        earlier = self._search(f"tags.role = 'study' and tags.identity = '{identity}'")
        current = [run for run in earlier if run.data.tags.get(_SUPERSEDED) != "true"]
        if fresh:
            for run in current:
                self._client.set_tag(run.info.run_id, _SUPERSEDED, "true")
            current = []
        if current:
            self.parent_run_id = current[0].info.run_id
            self._client.update_run(self.parent_run_id, status="RUNNING")
            for key, value in tags.items():
                self._client.set_tag(self.parent_run_id, key, value)
            for run in self._search(f"tags.{_quoted(MLFLOW_PARENT_RUN_ID)} = '{self.parent_run_id}'"):
                self._children[run.data.tags["trial"]] = _ChildRun(run.info.run_id, run.info.status)
        else:
            run = self._client.create_run(
                self._experiment_id, run_name=f"{experiment} {identity}", tags={"identity": identity, **tags}
            )
            self.parent_run_id = run.info.run_id
        self._thread.start()

    def publish(self, record: TrialRecord) -> None:
        """Make the trial's run agree with its record, soon."""
        self._jobs.put(lambda: self._publish(record))

    def is_settled(self, record: TrialRecord) -> bool:
        """Whether the run of an ended trial was closed with its outcome before this study was opened."""
        child = self._children.get(record.key)
        return child is not None and record.outcome is not None and child.status == _STATUS[record.outcome]

    def log_artifacts(self, folder: Path) -> None:
        """Store the files of `folder` with the study."""
        self._jobs.put(lambda: self._client.log_artifacts(self.parent_run_id, str(folder), folder.name))

    def log_study(self, metrics: Mapping[str, float]) -> None:
        """Log final figures of the study to its parent run."""
        now = time.time_ns() // 1_000_000
        values = [Metric(_permitted(name), value, now, 0) for name, value in metrics.items()]
        self._jobs.put(lambda: self._client.log_batch(self.parent_run_id, metrics=values))

    def tag_study(self, tags: Mapping[str, str]) -> None:
        """Tag the study's parent run."""
        values = [RunTag(_permitted(key), value) for key, value in tags.items()]
        self._jobs.put(lambda: self._client.log_batch(self.parent_run_id, tags=values))

    def flush(self) -> None:
        """Wait until all that was handed over has been sent; raises what the server answered where it was not."""
        self._jobs.join()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> "Tracking":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Send what is left, close every run that is still open, and end the study's with how it went."""
        if not self._thread.is_alive():
            return
        status = "FINISHED" if kind is None else "KILLED" if kind is KeyboardInterrupt else "FAILED"
        self._jobs.put(self._interrupt_open_runs)
        self._jobs.put(lambda: self._client.set_terminated(self.parent_run_id, status=status))
        self._jobs.put(None)
        self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._error = self._attempt(job) or self._error
            self._jobs.task_done()

    def _attempt(self, job: Callable[[], object]) -> Exception | None:
        """Do a job, again after a pause where it fails; returns the last failure where it never succeeded."""
        for pause in (*_RETRY_SECONDS, None):
            try:
                job()
                return None
            except (MlflowException, OSError) as error:
                is_refusal = isinstance(error, MlflowException) and error.get_http_status_code() < 500
                if is_refusal or pause is None:
                    return error
                time.sleep(pause)

    def _publish(self, record: TrialRecord) -> None:
        child = self._children.get(record.key)
        if child is None:
            child = self._create(record)
            self._children[record.key] = child
        elif record.outcome is None and child.status != "RUNNING":
            self._client.update_run(child.run_id, status="RUNNING")
            child.status = "RUNNING"
        metrics = [
            Metric(name, value, report.time, report.epoch)
            for report in record.reports[child.num_reports_sent :]
            for name, value in report.metrics.items()
        ]
        tags = []
        if record.outcome is not None and record.ended is not None:
            metrics += [
                Metric(name, value, record.ended, record.reports[-1].epoch if record.reports else 0)
                for name, value in _final_metrics(record).items()
            ]
            tags = [RunTag("outcome", record.outcome.value), RunTag("error", (record.error or "")[:_LONGEST_TAG])]
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(child.run_id, metrics=metrics[start : start + _BATCH])
        if tags:
            self._client.log_batch(child.run_id, tags=tags)
        child.num_reports_sent = len(record.reports)
        if record.outcome is not None:
            if record.stage == CONFIRM and record.checkpoint is not None:
                with Checkpoint(record.checkpoint).as_directory() as folder:
                    self._client.log_artifact(child.run_id, str(Path(folder) / ENCODERS_FILE))
            status = _STATUS[record.outcome]
            self._client.set_terminated(child.run_id, status=status, end_time=record.ended)
            child.status = status

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
        parameters = [Param(name, str(value)) for name, value in record.parameters.items() if value is not None]
        self._client.log_batch(run.info.run_id, params=parameters)
        return _ChildRun(run.info.run_id, "RUNNING")

    def _interrupt_open_runs(self) -> None:
        for child in self._children.values():
            if child.status == "RUNNING":
                self._client.set_tag(child.run_id, "outcome", "interrupted")
                self._client.set_terminated(child.run_id, status="KILLED")
                child.status = "KILLED"

    def _find_experiment(self, name: str) -> str:
        experiment = self._client.get_experiment_by_name(name)
        return self._client.create_experiment(name) if experiment is None else experiment.experiment_id

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
