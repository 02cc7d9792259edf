"""Trials and complete studies without Ray and MLflow, for simulations of many."""

from dataclasses import replace
from itertools import product
from math import isfinite
from time import process_time

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


def run_queue(study: Study, data: PlacedSplits, spent: dict[str, float] | None = None) -> StudyQueue:
    """Search, exchange and rounds of a study of one data set, a trial at a time; the queue that is returned is over.

    To `spent` the processor seconds of the trainings are added, by stage.
    """
    spent = {} if spent is None else spent
    queue = StudyQueue(study, data.modalities, {})
    while (spec := queue.take()) is not None:
        start = process_time()
        record = _trained(spec, queue, study.epochs_per_report, data)
        spent[spec.stage] = spent.get(spec.stage, 0.0) + process_time() - start
        queue.end(record)
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


def _trained(spec: TrialSpec, queue: StudyQueue, epochs_per_report: int, data: PlacedSplits) -> TrialRecord:
    """The record of a trial, trained as a worker trains it and judged as the recorder judges it."""
    training = Training(spec.config, data)
    record = first_record(spec, data.modalities, None)
    outcome = TrialOutcome.FINISHED
    while training.epoch < spec.config.max_epochs:
        for _ in range(min(epochs_per_report, spec.config.max_epochs - training.epoch)):
            training.run_epoch()
        score = float(np.mean(list(training.validate().values())))
        metrics = {schema.VALID_ACCURACY: score}
        if spec.stage == CONFIRM and training.epoch >= spec.config.max_epochs:
            metrics |= _tested(training)
        record = record.with_report(Report(epoch=training.epoch, time=0, metrics=metrics))
        goes_on = queue.report(spec.key, score)
        if spec.stage != CONFIRM and not isfinite(score):
            outcome = TrialOutcome.FAILED
            break
        if not goes_on and training.epoch < spec.config.max_epochs:
            outcome = TrialOutcome.PRUNED
            break
    return replace(record, outcome=outcome, ended=record.started)


def _tested(training: Training) -> dict[str, float]:
    """The accuracies of each replica on the test split, under their recorded names."""
    report = training.test().report()
    return {name: value for name, value in report.items() if schema.ScoreName.parse(name) is not None}
