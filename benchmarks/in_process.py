"""Trials and complete studies without Ray and MLflow, for simulations of many."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import isfinite
from time import process_time
from typing import Protocol

import numpy as np

from analysis.records import schema
from studies.engine.recording.first_record import first_record
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import CONFIRM, TrialSpec
from studies.engine.search.queue import StudyQueue
from studies.engine.study import Study
from trainables.config import Hyperparameters, TrialConfig
from trainables.placement import PlacedSplits
from trainables.training import Training


class Trial(Protocol):
    """A trial that goes from one report to the next, up to its last epoch."""

    @property
    def epoch(self) -> int:
        """The epochs that are over."""
        ...

    def next_score(self) -> float:
        """Go on to the next report; the mean validation accuracy there."""
        ...

    def tested(self) -> dict[str, float]:
        """The accuracies of each replica on the test split, under their recorded names."""
        ...


class TrainedTrial:
    """A trial that is trained here, as a worker trains it; to `spent` its processor seconds are added, by stage."""

    def __init__(self, spec: TrialSpec, epochs_per_report: int, data: PlacedSplits, spent: dict[str, float]) -> None:
        self._stage, self._spent, self._max_epochs = spec.stage, spent, spec.config.max_epochs
        self._epochs_per_report = epochs_per_report
        start = process_time()
        self._training = Training(spec.config, data)
        self._spend(start)

    @property
    def epoch(self) -> int:
        """The epochs that are over."""
        return self._training.epoch

    def next_score(self) -> float:
        """Train up to the next report; the mean validation accuracy there."""
        start = process_time()
        for _ in range(min(self._epochs_per_report, self._max_epochs - self.epoch)):
            self._training.run_epoch()
        score = float(np.mean(list(self._training.validate().values())))
        self._spend(start)
        return score

    def tested(self) -> dict[str, float]:
        """The accuracies of each replica on the test split, under their recorded names."""
        start = process_time()
        report = self._training.test().report()
        self._spend(start)
        return {name: value for name, value in report.items() if schema.ScoreName.parse(name) is not None}

    def _spend(self, start: float) -> None:
        self._spent[self._stage] = self._spent.get(self._stage, 0.0) + process_time() - start


def run_queue(study: Study, modalities: tuple[str, str], begin: Callable[[TrialSpec], Trial]) -> StudyQueue:
    """All of a study of one data set, a trial at a time; the queue that is returned is over.

    `begin` makes a trial that has not reported yet.
    """
    queue = StudyQueue(study, modalities, {})
    while pack := queue.take():
        for spec in pack:
            queue.end(run_trial(spec, queue, begin(spec), modalities))
    return queue


def configurations(study: Study) -> list[Hyperparameters]:
    """All configurations of a study's search space."""
    space = study.search_space
    return [Hyperparameters(**dict(zip(space, values, strict=True))) for values in product(*space.values())]


def full_training(config: TrialConfig, epochs_per_report: int, data: PlacedSplits) -> tuple[np.ndarray, np.ndarray]:
    """Validation accuracies [T, S, 2] at the reports of a whole training of S seeds, and test accuracies [S, 2]."""
    training = Training(config, data)
    curve = []
    while training.epoch < config.max_epochs:
        for _ in range(min(epochs_per_report, config.max_epochs - training.epoch)):
            training.run_epoch()
        curve.append(np.stack(list(training.validate().values()), axis=1))
    tested = training.test().scores
    return np.array(curve), np.stack([tested[f"accuracy/{name}"] for name in data.modalities], axis=1)


def run_trial(spec: TrialSpec, queue: StudyQueue, trial: Trial, modalities: tuple[str, str]) -> TrialRecord:
    """The record of a trial that is run to its end, judged as the recorder judges it."""
    record = first_record(spec, modalities, None)
    outcome = TrialOutcome.FINISHED
    while trial.epoch < spec.config.max_epochs:
        score = trial.next_score()
        metrics = {schema.VALID_ACCURACY: score}
        if spec.stage == CONFIRM and trial.epoch >= spec.config.max_epochs:
            metrics |= trial.tested()
        record = record.with_report(Report(epoch=trial.epoch, time=0, metrics=metrics))
        goes_on = queue.report(spec.key, score)
        if spec.stage != CONFIRM and not isfinite(score):
            outcome = TrialOutcome.FAILED
            break
        if not goes_on and trial.epoch < spec.config.max_epochs:
            outcome = TrialOutcome.PRUNED
            break
    return replace(record, outcome=outcome, ended=record.started)
