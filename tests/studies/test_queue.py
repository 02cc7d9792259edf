"""The queue by itself, with a made-up training: what it hands out, in which order, and what a restart changes."""

from dataclasses import replace
from math import nan

import pytest

from studies.engine import Study
from studies.engine.halving import Outcome
from studies.engine.journal import JournalError, Report, TrialRecord
from studies.engine.queue import StudyQueue
from studies.engine.study import CONFIRM, REDUCTION_FACTOR, TrialSpec

NUM_REPORTS = REDUCTION_FACTOR**2


def objective(spec: TrialSpec, report: int) -> float:
    choice = spec.config.hyperparameters
    return 0.5 - choice.learning_rate - choice.weight_decay + 0.01 * report - 0.1 * spec.config.lambda_


def drive(queue: StudyQueue, records: dict[str, TrialRecord], *, stop_after: int = 10**6) -> None:
    """Run the queue's trials one after the other, until `stop_after` of them have ended."""
    for _ in range(stop_after):
        spec = queue.take()
        if spec is None:
            return
        record = records.get(spec.key) or TrialRecord(
            key=spec.key,
            stage=spec.stage,
            variant=spec.stratum.variant,
            stratum=str(spec.stratum),
            index=spec.index,
            parameters={},
            host="",
            started=0,
        )
        outcome = Outcome.FINISHED
        for report in range(len(record.reports) + 1, NUM_REPORTS + 1):
            value = objective(spec, report)
            record = record.with_report(Report(epoch=report, time=0, metrics={"valid/accuracy": value}))
            if not queue.report(spec.key, value) and report < NUM_REPORTS:
                outcome = Outcome.PRUNED
                break
        records[spec.key] = replace(record, outcome=outcome)
        queue.end(spec.key, outcome)


def test_every_stratum_gets_its_budget_and_its_confirmation(study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    queue = StudyQueue(study, records)
    drive(queue, records)
    assert queue.is_over and not queue.failed_strata
    for stratum, search in queue.searches.items():
        mine = [record for record in records.values() if record.stratum == str(stratum)]
        assert len(mine) == study.configurations + 1
        (confirmed,) = [record for record in mine if record.stage == CONFIRM]
        assert search.best is not None and confirmed.index == search.best.index


@pytest.mark.parametrize("stop_after", range(1, 30, 4))
def test_interrupted_anywhere_it_comes_to_the_same_records(study: Study, stop_after: int) -> None:
    whole: dict[str, TrialRecord] = {}
    drive(StudyQueue(study, {}), whole)
    records: dict[str, TrialRecord] = {}
    drive(StudyQueue(study, {}), records, stop_after=stop_after)
    assert len(records) == stop_after
    rest = StudyQueue(study, dict(records))
    before = set(records)
    handed_out: dict[str, TrialRecord] = dict(records)
    drive(rest, handed_out)
    assert handed_out == whole
    assert all(handed_out[key] is records[key] for key in before)  # nothing that had ended ran again


def test_a_trial_under_way_goes_on_from_what_it_had_reported(study: Study) -> None:
    whole: dict[str, TrialRecord] = {}
    drive(StudyQueue(study, {}), whole)
    spec = StudyQueue(study, {}).take()
    assert spec is not None
    begun = replace(whole[spec.key], reports=whole[spec.key].reports[:4], outcome=None)
    records = {spec.key: begun}
    drive(StudyQueue(study, records), records)
    assert records == whole


def test_a_recorded_trial_that_would_not_be_drawn_is_refused(study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    drive(StudyQueue(study, {}), records, stop_after=1)
    (record,) = records.values()
    foreign = replace(record, key="search-00-000000000000")
    with pytest.raises(JournalError, match="was recorded as search-00-000000000000"):
        StudyQueue(study, {foreign.key: foreign})


def test_a_stratum_whose_trials_all_fail_is_named_and_stops_no_other(study: Study) -> None:
    queue = StudyQueue(study, {})
    confirmed = []
    while (spec := queue.take()) is not None:
        fails = spec.stratum.lambda_ == 2 and spec.stratum.variant == "R=0"
        queue.report(spec.key, nan if fails else 0.5)
        queue.end(spec.key, Outcome.FAILED if fails else Outcome.FINISHED)
        confirmed += [str(spec.stratum)] if spec.stage == CONFIRM else []
    assert queue.is_over
    assert [str(stratum) for stratum in queue.failed_strata] == ["R=0 λ=2"]
    assert len(confirmed) == 5


def test_of_confirmations_that_wait_the_longest_starts_first(study: Study) -> None:
    study = replace(study, train_samples=(64, 512), lambdas=(0, 1))
    records: dict[str, TrialRecord] = {}
    drive(StudyQueue(study, {}), records)
    queue = StudyQueue(study, {key: record for key, record in records.items() if record.stage != CONFIRM})
    waiting = [queue.take() for _ in range(8)]
    assert [spec and spec.stratum.train_samples for spec in waiting] == [512] * 4 + [64] * 4
    assert queue.take() is None


def test_a_trial_whose_process_was_lost_is_handed_out_again(study: Study) -> None:
    queue = StudyQueue(study, {})
    first = queue.take()
    assert first is not None
    others = [queue.take() for _ in range(100)]
    assert others[-1] is None and not queue.is_over
    queue.again(first.key)
    assert queue.take() == first and queue.take() is None
