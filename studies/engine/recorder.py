"""The one place where a trial's progress is taken down: in the queue, in the journal and in MLflow."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

from pyarrow import fs
from ray.tune import Callback, Checkpoint

from studies.engine.halving import Outcome
from studies.engine.journal import Journal, Report, TrialRecord
from studies.engine.queue import StudyQueue
from studies.engine.storage import address, open_storage, stored_checkpoint
from studies.engine.study import CONFIRM, SEARCH, TrialSpec
from studies.engine.tracking import Tracking
from studies.engine.unsaved import Unsaved
from trainables.config import OBJECTIVE
from trainables.trainable import FAILURE, TrialOrder

# A node that has died may be tried several times before that is noticed.
_MOST_LOST_PROCESSES = 10
METRIC_PREFIXES = ("valid/", "test/", "alignment/", "loss/")


class UnrecordedError(BaseException):
    """The journal could not be written, for the reason that caused this; the study must end.

    No Exception: Ray Tune would take it for a failure of the trial that has ended, and go on.
    """


class Recorder(Unsaved, Callback):
    """Follows every trial of a study through Ray Tune's events.

    `describe` gives the record with which a trial begins. A trial's record is written to the journal, and published to
    MLflow, when it starts, at each of its checkpoints and at its end: what is lost in a crash is what Ray would train
    again anyway.
    """

    def __init__(
        self,
        queue: StudyQueue,
        journal: Journal,
        tracking: Tracking,
        records: Mapping[str, TrialRecord],
        describe: Callable[[TrialSpec], TrialRecord],
        epochs_per_report: int,
    ) -> None:
        self.records = dict(records)
        self._queue = queue
        self._journal = journal
        self._tracking = tracking
        self._describe = describe
        self._epochs_per_report = epochs_per_report
        self._max_epochs: dict[str, int] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._times_lost: Counter[str] = Counter()
        self.running: set[str] = set()

    def order(self, spec: TrialSpec) -> dict[str, Any]:
        """Begin or continue a trial: the configuration that its worker is given."""
        record = self.records.get(spec.key) or self._describe(spec)
        self.records[spec.key] = record
        self._max_epochs[spec.key] = spec.config.max_epochs
        order = TrialOrder(
            config=spec.config,
            epochs_per_report=self._epochs_per_report,
            reads_test=spec.stage == CONFIRM,
            checkpoints=[stored_checkpoint(place) for place in _checkpoints(record) if _exists(place)],
        )
        return {"key": spec.key, "order": order}

    def observe(self, key: str, result: Mapping[str, Any]) -> Outcome | None:
        """Take down one result; returns the trial's outcome where this result ends it."""
        record = self.records[key]
        if FAILURE in result:
            self.records[key] = replace(record, error=result[FAILURE])
            self._outcomes[key] = Outcome.FAILED
            return Outcome.FAILED
        epoch = result["epoch"]
        if record.reports and epoch <= record.reports[-1].epoch:
            return None  # a worker that was lost and restored repeats what it had already reported
        metrics = {name: float(value) for name, value in result.items() if name.startswith(METRIC_PREFIXES)}
        report = Report(epoch=epoch, time=_now(), metrics=metrics)
        self.records[key] = record.with_report(report)
        goes_on = self._queue.report(key, metrics[OBJECTIVE])
        if record.stage == SEARCH and not isfinite(metrics[OBJECTIVE]):
            self.records[key] = replace(self.records[key], error=f"{OBJECTIVE} was not finite: the training diverged")
            self._outcomes[key] = Outcome.FAILED
        elif epoch >= self._max_epochs[key]:
            self._outcomes[key] = Outcome.FINISHED
        elif not goes_on:
            self._outcomes[key] = Outcome.PRUNED
        return self._outcomes.get(key)

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Show the trial in MLflow as running."""
        key = trial.config["key"]
        self.running.add(key)
        self._tracking.publish(self.records[key])

    def on_checkpoint(self, iteration: int, trials: list[Any], trial: Any, checkpoint: Checkpoint, **info: Any) -> None:
        """Keep what the trial has reported together with where it can continue from."""
        record, place = self.records[trial.config["key"]], address(checkpoint.filesystem, checkpoint.path)
        self._store(replace(record, checkpoint=place, older_checkpoint=record.checkpoint))
        # Ray Tune deletes what is too old in the trial's folder, but not what an interrupted run has left in another.
        if record.older_checkpoint is not None and _folder(record.older_checkpoint) != _folder(place):
            _delete(record.older_checkpoint)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Close the record of a trial that ended as `observe` said."""
        self._end(trial.config["key"], self._outcomes[trial.config["key"]])

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Have a trial whose process was lost begin again where it was, unless that has happened too often.

        Ray Tune is not asked to: it gives up at once a trial that it hands to a worker which has died meanwhile.
        """
        key = trial.config["key"]
        self.running.discard(key)
        self._times_lost[key] += 1
        if self._times_lost[key] < _MOST_LOST_PROCESSES:
            self._queue.again(key)
            return
        error = trial.get_error() or "no reason is known"
        text = f"the process that trained it was lost {_MOST_LOST_PROCESSES} times: {error}"
        self.records[key] = replace(self.records[key], error=text)
        self._end(key, Outcome.FAILED)

    def _end(self, key: str, outcome: Outcome) -> None:
        self.running.discard(key)
        record = self.records[key]
        kept = record.checkpoint if record.stage == CONFIRM else None  # the confirmed encoders are the study's artifact
        self._store(replace(record, outcome=outcome, ended=_now(), checkpoint=kept, older_checkpoint=None))
        for place in _checkpoints(record):
            if place != kept:
                _delete(place)
        self._queue.end(key, outcome)

    def _store(self, record: TrialRecord) -> None:
        self.records[record.key] = record
        try:
            self._journal.write(record)
        except OSError as error:
            raise UnrecordedError from error
        self._tracking.publish(record)


def _checkpoints(record: TrialRecord) -> list[str]:
    """From the latest on."""
    return [place for place in (record.checkpoint, record.older_checkpoint) if place is not None]


def _folder(checkpoint: str) -> str:
    """Of the trial, in which its checkpoints lie."""
    return str(PurePosixPath(checkpoint.partition("?")[0]).parent)


def _exists(checkpoint: str) -> bool:
    """Without any, a trial begins anew, to the same numbers."""
    filesystem, path = open_storage(checkpoint)
    return filesystem.get_file_info(path).type != fs.FileType.NotFound


def _delete(checkpoint: str) -> None:
    filesystem, path = open_storage(checkpoint)
    with suppress(FileNotFoundError):
        filesystem.delete_dir(path)


def _now() -> int:
    return time.time_ns() // 1_000_000
