"""The one place where a trial's progress is recorded: in the queue, in the journal and in MLflow."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from typing import Any

from ray.tune import Callback, Checkpoint

from analysis.records.schema import recorded_hits, recorded_metrics
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import CONFIRM, TrialSpec
from studies.engine.search.queue import StudyQueue
from studies.engine.tune.checkpoints import checkpoint_address, delete_checkpoint, recorded_checkpoints, trial_folder
from studies.engine.tune.orders import Orders
from studies.engine.tune.unsaved import Unsaved
from trainables.config import SEARCH_METRIC
from trainables.trainable import FAILURE

# Trials may be sent to a dead node several times before Ray notices that it is dead.
_MOST_LOST_PROCESSES = 10


class Recorder(Unsaved, Callback):
    """Follows every trial of a study through Ray Tune's events.

    A trial's record is published to MLflow when the trial starts. At each of its checkpoints and at its end the record
    is written to the journal first: what is lost in a crash is what Ray would train again anyway. Where an event cannot
    be taken down, as where the journal cannot be written, the study ends with that exception.
    """

    def __init__(
        self, queue: StudyQueue, recording: Recording, records: Mapping[str, TrialRecord], orders: Orders
    ) -> None:
        self.records = dict(records)
        self._queue = queue
        self._journal = recording.journal
        self._tracking = recording.tracking
        self._orders = orders
        self._max_epochs: dict[str, int] = {}
        self._outcomes: dict[str, TrialOutcome] = {}
        self._times_lost: Counter[str] = Counter()
        self._problem: Exception | None = None
        self.running: set[str] = set()

    def order(self, spec: TrialSpec) -> dict[str, Any]:
        """Begin or continue a trial: the configuration that its worker is given."""
        record = self.records.get(spec.key) or self._orders.first_record(spec)
        self.records[spec.key] = record
        self._max_epochs[spec.key] = spec.config.max_epochs
        return self._orders.worker_config(spec, record)

    def observe(self, key: str, result: Mapping[str, Any]) -> TrialOutcome | None:
        """Record one result; returns the trial's outcome where this result ends it, else None."""
        record = self.records[key]
        if FAILURE in result:
            self.records[key] = replace(record, error=result[FAILURE])
            self._outcomes[key] = TrialOutcome.FAILED
            return TrialOutcome.FAILED
        epoch = result["epoch"]
        if record.reports and epoch <= record.reports[-1].epoch:
            return None  # a worker that was lost and restored repeats what it had already reported
        metrics = recorded_metrics(result)
        report = Report(epoch=epoch, time=_now(), metrics=metrics)
        self.records[key] = replace(record.with_report(report), hits=recorded_hits(result))
        goes_on = self._queue.report(key, metrics[SEARCH_METRIC])
        if record.stage != CONFIRM and not isfinite(metrics[SEARCH_METRIC]):
            self.records[key] = replace(
                self.records[key], error=f"{SEARCH_METRIC} was not finite: the training diverged"
            )
            self._outcomes[key] = TrialOutcome.FAILED
        elif epoch >= self._max_epochs[key]:
            self._outcomes[key] = TrialOutcome.FINISHED
        elif not goes_on:
            self._outcomes[key] = TrialOutcome.PRUNED
        return self._outcomes.get(key)

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Show the trial in MLflow as running."""
        key = trial.config["key"]
        self.running.add(key)
        self._tracking.publish(self.records[key])

    def on_checkpoint(self, iteration: int, trials: list[Any], trial: Any, checkpoint: Checkpoint, **info: Any) -> None:
        """Write the trial's reports to the journal, together with the checkpoint from which it can continue."""
        with self._problems_kept():
            record, place = self.records[trial.config["key"]], checkpoint_address(checkpoint)
            self._store(replace(record, checkpoint=place, older_checkpoint=record.checkpoint))
            # Ray Tune deletes what is too old in the trial's folder, but not what an interrupted run left in another.
            if record.older_checkpoint is not None and trial_folder(record.older_checkpoint) != trial_folder(place):
                delete_checkpoint(record.older_checkpoint)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Close the record of a trial that ended as `observe` said."""
        with self._problems_kept():
            self._end(trial.config["key"], self._outcomes[trial.config["key"]])

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Have a trial whose process was lost begin again where it was, unless that has happened too often.

        Ray Tune is not asked to: it gives up at once a trial that it hands to a worker which has died meanwhile.
        """
        with self._problems_kept():
            key = trial.config["key"]
            self.running.discard(key)
            self._times_lost[key] += 1
            if self._times_lost[key] < _MOST_LOST_PROCESSES:
                self._queue.again(key)
                return
            error = trial.get_error() or "no reason is known"
            text = f"the process that trained it was lost {_MOST_LOST_PROCESSES} times: {error}"
            self.records[key] = replace(self.records[key], error=text)
            self._end(key, TrialOutcome.FAILED)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """End the run where an event could not be taken down."""
        if self._problem is not None:
            raise self._problem

    @contextmanager
    def _problems_kept(self) -> Iterator[None]:
        """Keep an exception until the step's end: Ray Tune would log it, or take it for the trial's, and go on."""
        try:
            yield
        except Exception as error:
            self._problem = self._problem or error

    def _end(self, key: str, outcome: TrialOutcome) -> None:
        self.running.discard(key)
        record = self.records[key]
        kept = record.checkpoint if record.stage == CONFIRM else None  # the confirmed encoders are the study's artifact
        ended = replace(record, outcome=outcome, ended=_now(), checkpoint=kept, older_checkpoint=None)
        self._store(ended)
        for place in recorded_checkpoints(record):
            if place != kept:
                delete_checkpoint(place)
        self._queue.end(ended)

    def _store(self, record: TrialRecord) -> None:
        self.records[record.key] = record
        self._journal.write(record)
        self._tracking.publish(record)


def _now() -> int:
    return time.time_ns() // 1_000_000
