"""The one place where progress is recorded: in the queue, in the journal and in MLflow."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from typing import Any

from ray.tune import Callback, Checkpoint

from analysis.records.schema import CONFIRM, recorded_hits, recorded_metrics
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.queue import StudyQueue
from studies.engine.search.trial_packs import Pack
from studies.engine.tune.checkpoints import checkpoint_address, delete_checkpoint, recorded_checkpoints, trial_folder
from studies.engine.tune.orders import Orders
from studies.engine.tune.unsaved import Unsaved
from trainables.config import SEARCH_METRIC
from trainables.trainable import FAILURE, report_of

# Trials may be sent to a dead node several times before Ray notices that it is dead.
_MOST_LOST_PROCESSES = 10


class Recorder(Unsaved, Callback):
    """Follows every trial of a study through Ray Tune's events, each of which is about one pack of trials.

    A pack has the key of its first trial. A trial's record is published to MLflow when the trial starts. At each of its
    checkpoints and at its end the record is written to the journal first: what is lost in a crash is what Ray would
    train again anyway. Where an event cannot be taken down, as where the journal cannot be written, the study ends with
    that exception.
    """

    def __init__(
        self, queue: StudyQueue, recording: Recording, records: Mapping[str, TrialRecord], orders: Orders
    ) -> None:
        self.records = dict(records)
        self._queue = queue
        self._journal = recording.journal
        self._tracking = recording.tracking
        self._orders = orders
        self._packs: dict[str, Pack] = {}
        self._max_epochs = recording.study.max_epochs
        self._outcomes: dict[str, TrialOutcome] = {}
        self._failures: dict[str, str] = {}
        self._times_lost: Counter[str] = Counter()
        self._problem: Exception | None = None
        self.running: set[str] = set()

    def order(self, pack: Pack) -> dict[str, Any] | None:
        """Begin or continue the trials of a pack: the configuration that their worker is given.

        None where there is nothing to train together: an earlier run trained all of them to their ends, or came to try
        each alone, and so does this one.
        """
        key = pack[0].key
        is_new = key not in self._packs
        self._packs[key] = pack
        for spec in pack:
            if spec.key not in self.records:
                self.records[spec.key] = replace(self._orders.first_record(spec), trained_together=len(pack))
        if is_new:
            with self._problems_kept():
                self._end_what_has_ended(key)
        under_way = [self.records[each] for each in self._open(key)]
        if len(pack) > 1 and any(record.trained_together == 1 for record in under_way):
            for spec in pack:
                if self._queue.is_open(spec.key):
                    self._again((spec,))
            return None
        if not under_way:
            return None
        # Where a run ended between the writes of their records, some are a checkpoint ahead of the others.
        return self._orders.worker_config(pack, min(under_way, key=lambda record: len(record.reports)))

    def observe(self, key: str, result: Mapping[str, Any]) -> bool:
        """Record one result of a pack; returns whether any of its trials goes on.

        A trial that ends before the others is closed at once. It is trained on with them, but that is not recorded.
        """
        if FAILURE in result:
            self._failures[key] = result[FAILURE]
            return False
        epoch, under_way = result["epoch"], self._open(key)
        for each in under_way:
            self._take_down(each, epoch, report_of(each, result))
        ended = [each for each in under_way if each in self._outcomes and self.records[each].reports[-1].epoch <= epoch]
        goes_on = len(ended) < len(under_way)
        if goes_on:
            with self._problems_kept():
                self._end(key, ended)
        return goes_on

    def _take_down(self, key: str, epoch: int, metrics_and_hits: Mapping[str, Any]) -> None:
        """Record one result of a trial, and its outcome where this result ends it."""
        record = self.records[key]
        if record.reports and epoch <= record.reports[-1].epoch:
            return  # a worker that was lost and restored repeats what it had already reported
        metrics = recorded_metrics(metrics_and_hits)
        report = Report(epoch=epoch, time=_now(), metrics=metrics)
        self.records[key] = replace(record.with_report(report), hits=recorded_hits(metrics_and_hits))
        self._judge(key, goes_on=self._queue.report(key, metrics[SEARCH_METRIC]))

    def _judge(self, key: str, *, goes_on: bool) -> None:
        """Note how the trial's last report ends it, if it does; `goes_on`: by the study's halving."""
        record = self.records[key]
        last = record.reports[-1]
        if record.stage != CONFIRM and not isfinite(last.metrics[SEARCH_METRIC]):
            self.records[key] = replace(record, error=f"{SEARCH_METRIC} was not finite: the training diverged")
            self._outcomes[key] = TrialOutcome.FAILED
        elif last.epoch >= self._max_epochs:
            self._outcomes[key] = TrialOutcome.FINISHED
        elif not goes_on:
            self._outcomes[key] = TrialOutcome.PRUNED

    def _end_what_has_ended(self, key: str) -> None:
        """Close trials of a pack that came to their ends in an earlier run, which was stopped before it said so."""
        for each in self._open(key):
            if self.records[each].reports:
                self._judge(each, goes_on=self._queue.goes_on(each))
        self._end(key, [each for each in self._open(key) if each in self._outcomes])

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Show the trials in MLflow as running."""
        for key in self._open(trial.config["key"]):
            self.running.add(key)
            self._tracking.publish(self.records[key])

    def on_checkpoint(self, iteration: int, trials: list[Any], trial: Any, checkpoint: Checkpoint, **info: Any) -> None:
        """Write the trials' reports to the journal, together with the checkpoint from which they can continue."""
        with self._problems_kept():
            place = checkpoint_address(checkpoint)
            left: set[str] = set()
            for key in self._open(trial.config["key"]):
                record = self.records[key]
                self._store(replace(record, checkpoint=place, older_checkpoint=record.checkpoint))
                if record.older_checkpoint is not None:
                    left.add(record.older_checkpoint)
            # Ray Tune deletes what is too old in the trial's folder, but not what an interrupted run left in another.
            for older in left:
                if trial_folder(older) != trial_folder(place):
                    delete_checkpoint(older)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Close the records of trials that ended as `observe` said; each tries alone what failed together."""
        with self._problems_kept():
            key = trial.config["key"]
            failure = self._failures.pop(key, None)
            if failure is not None and len(self._packs[key]) > 1:
                self._try_alone(key)
                return
            if failure is not None:
                self._fail(key, failure)
            self._end(key, self._open(key))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Have trials whose process was lost begin again where they were, unless that has happened too often.

        Ray Tune is not asked to: it gives up at once a trial that it hands to a worker which has died meanwhile.
        """
        with self._problems_kept():
            key = trial.config["key"]
            self._times_lost[key] += 1
            if self._times_lost[key] < _MOST_LOST_PROCESSES:
                self._again(self._packs[key])
                return
            error = trial.get_error() or "no reason is known"
            self._fail(key, f"the process that trained it was lost {_MOST_LOST_PROCESSES} times: {error}")
            self._end(key, self._open(key))

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

    def _open(self, key: str) -> list[str]:
        """The keys of a pack's trials that have not ended."""
        return [spec.key for spec in self._packs[key] if self._queue.is_open(spec.key)]

    def _again(self, pack: Pack) -> None:
        self.running -= {spec.key for spec in pack}
        self._queue.again(pack)

    def _try_alone(self, key: str) -> None:
        """Begin each trial of a pack anew, alone, as its checkpoints are of all of them."""
        left: set[str] = set()
        for spec in self._packs[key]:
            if self._queue.is_open(spec.key):
                record = self.records[spec.key]
                left.update(recorded_checkpoints(record))
                self._store(replace(record, trained_together=1, checkpoint=None, older_checkpoint=None))
                self._again((spec,))
        for place in left:
            delete_checkpoint(place)

    def _fail(self, key: str, error: str) -> None:
        """Let all of a pack that is open fail."""
        for each in self._open(key):
            self.records[each] = replace(self.records[each], error=error)
            self._outcomes[each] = TrialOutcome.FAILED

    def _end(self, key: str, ended: Sequence[str]) -> None:
        """Close the records of these trials of a pack; the last of them leave no checkpoints but confirmed encoders."""
        left: set[str] = set()
        for each in ended:
            self.running.discard(each)
            record = self.records[each]
            kept = record.checkpoint if record.stage == CONFIRM else None
            closed = replace(record, outcome=self._outcomes[each], ended=_now(), checkpoint=kept, older_checkpoint=None)
            self._store(closed)
            left.update(place for place in recorded_checkpoints(record) if place != kept)
            self._queue.end(closed)
        if not self._open(key):
            for place in left:
                delete_checkpoint(place)

    def _store(self, record: TrialRecord) -> None:
        self.records[record.key] = record
        self._journal.write(record)
        self._tracking.publish(record)


def _now() -> int:
    return time.time_ns() // 1_000_000
