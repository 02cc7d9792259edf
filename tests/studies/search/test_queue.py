"""The queue by itself, with a made-up training: what it hands out, in which order, and what a restart changes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import nan

import numpy as np
import pytest

from analysis.records.schema import EXCHANGE, FINAL, SEARCH
from studies.engine import Study
from studies.engine.recording.first_record import first_record
from studies.engine.recording.journal import JournalError, Report, TrialRecord
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.halving import SuccessiveHalving
from studies.engine.search.plan import CONFIRM, TrialSpec
from studies.engine.search.queue import StudyQueue

NUM_REPORTS = 9  # of a full training of the study
NAMES = ("first", "second")
Gain = Callable[[float], float]


def objective(spec: TrialSpec, report: int) -> float:
    """Validation accuracy whose best learning rate grows with λ, from .0001 at 0 to .1 at 2."""
    choice = spec.config.hyperparameters
    distance = abs(np.log10(choice.learning_rate) + 4 - 1.5 * spec.config.lambda_)
    return float(0.5 - distance / 20 - choice.weight_decay + 0.01 * report)


def lucky(spec: TrialSpec, report: int) -> float:
    """The same, but with weight decay the first replica, which the search has, is better by two points."""
    is_lucky = spec.config.hyperparameters.weight_decay and 0 in spec.config.replicas
    return objective(spec, report) + (0.02 if is_lucky else 0)


def falling(lambda_: float) -> float:
    """Alignment that harms from the first λ on."""
    return -0.05 * lambda_


def uncertain(lambda_: float) -> float:
    """A gain at λ = .5 that few seeds cannot tell from the scatter."""
    return {0.0: 0.0, 0.5: 0.006, 2.0: -0.1}[lambda_]


def scores(spec: TrialSpec, gain: Gain) -> dict[str, float]:
    """What a confirmation reports: each seed at each λ has a score of its own, whatever it is trained with."""
    lambda_ = spec.config.lambda_
    found = {}
    for place, name in enumerate(NAMES):
        for seed in spec.config.replicas:
            draw = np.random.default_rng([seed, place, int(100 * lambda_)])
            found[f"test/accuracy/{name}/seed_{seed}"] = 0.6 + gain(lambda_) + 0.01 * draw.standard_normal()
    return found


def new_queue(study: Study, records: Mapping[str, TrialRecord]) -> StudyQueue:
    return StudyQueue(study, NAMES, records)


def drive(
    queue: StudyQueue,
    records: dict[str, TrialRecord],
    *,
    stop_after: int = 10**6,
    at_once: int = 1,
    gain: Gain = falling,
    accuracy: Callable[[TrialSpec, int], float] = objective,
) -> None:
    """Run the queue's trials until `stop_after` of them have ended; of `at_once` under way a random one ends next."""
    order = np.random.default_rng(at_once)
    running: list[TrialSpec] = []
    for _ in range(stop_after):
        while len(running) < at_once and (pack := queue.take()):
            running += [spec for spec in pack if queue.is_open(spec.key)]
        if not running:
            return
        spec = running.pop(order.integers(len(running)))
        record = records.get(spec.key) or replace(first_record(spec, NAMES, None), host="", started=0)
        outcome = TrialOutcome.FINISHED
        for report in range(len(record.reports) + 1, NUM_REPORTS + 1):
            value = accuracy(spec, report)
            last = spec.stage == CONFIRM and report == NUM_REPORTS
            metrics = {"valid/accuracy": value} | (scores(spec, gain) if last else {})
            record = record.with_report(Report(epoch=report, time=0, metrics=metrics))
            if not queue.report(spec.key, value) and report < NUM_REPORTS:
                outcome = TrialOutcome.PRUNED
                break
        records[spec.key] = replace(record, outcome=outcome, ended=1)
        queue.end(records[spec.key])


def all_specs(queue: StudyQueue) -> Iterator[TrialSpec]:
    """Each trial when it may start; what is done with one may let others start."""
    while pack := queue.take():
        yield from pack


@pytest.fixture
def rounds_study(study: Study) -> Study:
    """The study with rounds of 4, 8, 16 and 32 seeds."""
    return replace(study, seeds=4, max_seeds=32)


def stages(records: Mapping[str, TrialRecord], stratum: object, stage: str) -> list[TrialRecord]:
    return [record for record in records.values() if record.stratum == str(stratum) and record.stage == stage]


def num_seeds(records: Mapping[str, TrialRecord], stratum: object) -> int:
    return sum(int(record.parameters["num_replicas"] or 0) for record in stages(records, stratum, CONFIRM))


def test_every_stratum_gets_its_budget_and_its_confirmation(study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    queue = new_queue(study, records)
    drive(queue, records)
    assert queue.is_over and not queue.failed_strata
    for stratum in queue.searches:
        assert len(stages(records, stratum, SEARCH)) == study.configurations
        first, *_ = stages(records, stratum, CONFIRM)
        best = queue.winner(stratum)
        assert best is not None and first.index == best.index
        assert first.parameters["num_replicas"] == study.seeds


def test_the_final_has_the_best_once_more_with_other_seeds_and_its_winner_is_confirmed(study: Study) -> None:
    study = replace(study, configurations=8, final_seeds=6, halving=SuccessiveHalving(rungs=()))
    records: dict[str, TrialRecord] = {}
    queue = new_queue(study, records)
    drive(queue, records, accuracy=lucky)
    for stratum, search in queue.searches.items():
        finals = stages(records, stratum, FINAL)
        ordered = sorted(search.candidates, key=lambda one: -one.best_score)
        assert {one.index for one in finals} == {one.index for one in ordered[: study.finalists]}
        assert all(one.parameters["num_replicas"] == 6 and len(one.reports) == NUM_REPORTS for one in finals)
        leader, winner = search.best(study.exchange_sweeps), queue.winner(stratum)
        assert leader is not None and leader.hyperparameters.weight_decay > 0
        assert winner is not None and winner.hyperparameters.weight_decay == 0
        assert winner.hyperparameters.learning_rate == leader.hyperparameters.learning_rate
        assert {one.index for one in stages(records, stratum, CONFIRM)} == {winner.index}


def test_without_a_final_the_leader_of_the_search_is_confirmed(study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    queue = new_queue(replace(study, finalists=1), records)
    drive(queue, records, accuracy=lucky)
    assert not any(record.stage == FINAL for record in records.values())
    assert all(queue.winner(stratum) is search.best(2) for stratum, search in queue.searches.items())


def test_each_lambda_tries_the_best_of_its_neighbours_once(study: Study) -> None:
    rates = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
    study = replace(study, search_space={"learning_rate": rates, "weight_decay": (0, 1e-2)}, configurations=8)
    records: dict[str, TrialRecord] = {}
    queue = new_queue(study, records)
    drive(queue, records)
    for stratum, search in queue.searches.items():
        exchanged = [candidate for candidate in search.candidates if candidate.sweep]
        assert len(exchanged) == len(stages(records, stratum, EXCHANGE))
        tried = [candidate.hyperparameters for candidate in search.candidates]
        assert len(set(tried)) == len(tried)
        neighbours = [
            other
            for known, other in queue.searches.items()
            if known.variant == stratum.variant
            and abs(study.lambdas.index(known.lambda_) - study.lambdas.index(stratum.lambda_)) == 1
        ]
        for sweep in range(study.exchange_sweeps):
            for neighbour in neighbours:
                best = neighbour.best(sweep)
                assert best is not None and best.hyperparameters in tried
    without = new_queue(replace(study, exchange_sweeps=0), {})
    plain: dict[str, TrialRecord] = {}
    drive(without, plain)
    assert not any(record.stage == EXCHANGE for record in plain.values())
    assert any(record.stage == EXCHANGE for record in records.values())


def test_rounds_add_seeds_only_where_they_can_change_a_decision(rounds_study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    queue = new_queue(rounds_study, records)
    drive(queue, records, gain=uncertain)
    for variant, rounds in queue.rounds.items():
        seeds = {
            stratum.lambda_: num_seeds(records, stratum) for stratum in queue.searches if stratum.variant == variant
        }
        assert seeds == rounds.seeds
        assert seeds[0] == seeds[0.5] > 4  # .6 points among a scatter of 1 is not seen with four seeds
        assert seeds[2] == 4  # ten points less are
        assert rounds.decided.keys() == set(NAMES)


def test_rounds_end_where_all_is_decided(rounds_study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, records), records, gain=lambda lambda_: -lambda_ / 4)
    confirmed = [record for record in records.values() if record.stage == CONFIRM]
    assert len(confirmed) == 6 and all(record.parameters["num_replicas"] == 4 for record in confirmed)


def test_no_round_begins_when_time_is_up_and_the_same_command_goes_on_later(rounds_study: Study) -> None:
    whole: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, {}), whole, gain=uncertain)
    records: dict[str, TrialRecord] = {}
    queue = StudyQueue(rounds_study, NAMES, {}, opens_rounds=lambda: False)
    drive(queue, records, gain=uncertain)
    assert queue.is_over and all(seeds == 4 for rounds in queue.rounds.values() for seeds in rounds.seeds.values())
    assert all(rounds.decided for rounds in queue.rounds.values())
    assert len(records) < len(whole)
    drive(new_queue(rounds_study, dict(records)), records, gain=uncertain)
    assert records == whole


def test_a_round_is_cut_into_trials_of_no_more_replicas_than_are_packed(study: Study) -> None:
    study = replace(study, seeds=70, max_seeds=70)
    records: dict[str, TrialRecord] = {}
    drive(new_queue(study, {}), records)
    confirmed = [record.parameters["num_replicas"] for record in stages(records, "R=0 λ=0", CONFIRM)]
    assert sorted(map(int, filter(None, confirmed))) == [23, 23, 24]


def test_a_confirmation_that_fails_ends_the_rounds_of_its_variant(rounds_study: Study) -> None:
    queue = new_queue(replace(rounds_study, lambdas=(0, 0.5)), {})
    for spec in all_specs(queue):
        record = replace(first_record(spec, NAMES, None), ended=1)
        fails = spec.stage == CONFIRM and spec.stratum.lambda_ == 0
        metrics = {"valid/accuracy": 0.5} | (scores(spec, uncertain) if spec.stage == CONFIRM else {})
        queue.report(spec.key, 0.5)
        record = record.with_report(Report(epoch=9, time=0, metrics=metrics))
        queue.end(replace(record, outcome=TrialOutcome.FAILED if fails else TrialOutcome.FINISHED))
    assert queue.is_over and not queue.failed_strata
    assert all(rounds.seeds == {0: 4, 0.5: 4} and not rounds.decided for rounds in queue.rounds.values())


@pytest.mark.parametrize("at_once", [2, 5, 30])
def test_who_ends_first_changes_nothing(rounds_study: Study, at_once: int) -> None:
    one_by_one: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, {}), one_by_one, gain=uncertain)
    side_by_side: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, {}), side_by_side, at_once=at_once, gain=uncertain)
    assert side_by_side == one_by_one


@pytest.mark.parametrize("stop_after", range(1, 45, 4))
def test_interrupted_anywhere_it_comes_to_the_same_records(rounds_study: Study, stop_after: int) -> None:
    whole: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, {}), whole, gain=uncertain)
    records: dict[str, TrialRecord] = {}
    drive(new_queue(rounds_study, {}), records, stop_after=stop_after, gain=uncertain)
    assert len(records) == stop_after < len(whole)
    before = set(records)
    handed_out: dict[str, TrialRecord] = dict(records)
    drive(new_queue(rounds_study, dict(records)), handed_out, gain=uncertain)
    assert handed_out == whole
    assert all(handed_out[key] is records[key] for key in before)  # nothing that had ended ran again


def test_a_trial_under_way_goes_on_from_what_it_had_reported(study: Study) -> None:
    whole: dict[str, TrialRecord] = {}
    drive(new_queue(study, {}), whole)
    spec, *_ = new_queue(study, {}).take()
    begun = replace(whole[spec.key], reports=whole[spec.key].reports[:4], outcome=None)
    records = {spec.key: begun}
    drive(new_queue(study, records), records)
    assert records == whole


def test_a_recorded_trial_that_would_not_be_drawn_is_refused(study: Study) -> None:
    records: dict[str, TrialRecord] = {}
    drive(new_queue(study, {}), records, stop_after=1)
    (record,) = records.values()
    foreign = replace(record, key="search-00-000000000000")
    with pytest.raises(JournalError, match="was recorded as search-00-000000000000"):
        new_queue(study, {foreign.key: foreign})


def test_a_stratum_whose_trials_all_fail_is_named_and_stops_no_other(study: Study) -> None:
    queue = new_queue(study, {})
    confirmed: set[str] = set()
    for spec in all_specs(queue):
        fails = spec.stratum.lambda_ == 2 and spec.stratum.variant == "R=0"
        score = nan if fails else 0.5
        queue.report(spec.key, score)
        metrics = {"valid/accuracy": score} | (scores(spec, falling) if spec.stage == CONFIRM else {})
        record = first_record(spec, NAMES, None).with_report(Report(epoch=9, time=0, metrics=metrics))
        queue.end(replace(record, outcome=TrialOutcome.FAILED if fails else TrialOutcome.FINISHED, ended=1))
        confirmed |= {str(spec.stratum)} if spec.stage == CONFIRM else set()
    assert queue.is_over
    assert [str(stratum) for stratum in queue.failed_strata] == ["R=0 λ=2"]
    assert len(confirmed) == 5


def test_of_confirmations_that_wait_the_longest_starts_first(study: Study) -> None:
    study = replace(study, train_samples=(64, 512), lambdas=(0, 1))
    records: dict[str, TrialRecord] = {}
    drive(new_queue(study, {}), records)
    queue = new_queue(study, {key: record for key, record in records.items() if record.stage != CONFIRM})
    waiting = [spec for _ in range(8) for spec in queue.take()]
    assert [spec.stratum.train_samples for spec in waiting] == [512] * 4 + [64] * 4
    assert queue.take() == ()


def test_a_trial_whose_process_was_lost_is_handed_out_again(study: Study) -> None:
    queue = new_queue(study, {})
    first = queue.take()
    others = [queue.take() for _ in range(100)]
    assert first and not others[-1] and not queue.is_over
    queue.again(first)
    assert queue.take() == first and queue.take() == ()
