"""What becomes of a trial's results and of what goes wrong while they are taken down; no Ray session is needed."""

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest
from ray.tune import Checkpoint
from ray.tune.experiment import Trial

from studies.engine import Study
from studies.engine.inputs.shared_data import DataFacts
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.recording.tracking import Tracking
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import strata
from studies.engine.search.queue import StudyQueue
from studies.engine.search.trial_packs import Pack
from studies.engine.tune.orders import Orders
from studies.engine.tune.recorder import Recorder
from trainables.data import shapes
from trainables.trainable import FAILURE


@pytest.fixture
def study(study: Study) -> Study:
    """Configurations one at a time; `together` has them four at a time."""
    return replace(study, concurrency=1)


@pytest.fixture
def together(study: Study, recording: Recording, orders: Orders) -> tuple[StudyQueue, Recorder, Trial]:
    """Four configurations that are trained together, in a queue of their own."""
    queue = StudyQueue(replace(study, concurrency=4), ("first", "second"), {})
    recorder = Recorder(queue, recording, {}, orders)
    pack = queue.take()
    assert len(pack) == 4
    return queue, recorder, Trial("any", config=recorder.order(pack), stub=True)


@pytest.fixture
def recording(study: Study, tmp_path: Path) -> Recording:
    """The study's records below the test's folder; what is for MLflow waits, as it is never connected to."""
    folder = StudyFolder(str(tmp_path), study)
    Path(folder.root).mkdir()
    return Recording(study, ("modality_1", "modality_2"), folder, Tracking("sqlite:///never-opened.db", folder.root))


@pytest.fixture
def queue(study: Study) -> StudyQueue:
    """All trials of the study, none of them run."""
    return StudyQueue(study, ("first", "second"), {})


@pytest.fixture
def orders(study: Study, tmp_path: Path) -> Orders:
    """What workers are told."""
    facts = {
        config: DataFacts(shapes=shapes(config, tmp_path), ceilings=None, population={}, content=None, warnings=())
        for config in study.variants.values()
    }
    return Orders(study=study, facts=facts, packs=True)


@pytest.fixture
def recorder(recording: Recording, queue: StudyQueue, orders: Orders) -> Recorder:
    """The recorder of all of the study's trials."""
    return Recorder(queue, recording, {}, orders)


@pytest.fixture
def trial(recorder: Recorder, queue: StudyQueue) -> Trial:
    """The first trial, as Ray Tune has it."""
    return begin(recorder, queue)


def begin(recorder: Recorder, queue: StudyQueue) -> Trial:
    """The next trial, which is alone."""
    pack = queue.take()
    assert len(pack) == 1
    return Trial("any", config=recorder.order(pack), stub=True)


def report(recorder: Recorder, trial: Trial, epoch: int, **metrics: Any) -> bool:
    """Have all trials that are trained together report the same; returns whether any goes on."""
    values = {name.replace("__", "/"): value for name, value in metrics.items()}
    return observe(recorder, trial, epoch, {key: values for key in trial.config["order"].trials})


def observe(recorder: Recorder, trial: Trial, epoch: int, reports: Mapping[str, Mapping[str, Any]]) -> bool:
    """Have each of the trials that are trained together report its own."""
    named = {f"trial/{key}/{name}": value for key, report in reports.items() for name, value in report.items()}
    return recorder.observe(trial.config["key"], {"epoch": epoch, **named})


def told(trial: Trial, **more: Any) -> dict[str, Any]:
    """What a callback is told."""
    return {"iteration": 0, "trials": [trial], "trial": trial, **more}


def end_step(recorder: Recorder) -> None:
    recorder.on_step_end(iteration=0, trials=[])


def test_a_metric_that_nobody_knows_is_no_result(recorder: Recorder, trial: Trial, recording: Recording) -> None:
    """It would be lost without a word: a fault of ours, which must not look like the trial's."""
    key = trial.config["key"]
    with pytest.raises(ValueError, match="test/f1"):
        report(recorder, trial, 1, valid__accuracy=0.5, test__f1=0.5)
    assert recorder.records[key].reports == () and recorder.records[key].outcome is None
    assert recording.journal.read() == {}


def test_a_trial_ends_by_its_failure_by_divergence_and_by_its_last_epoch(recorder: Recorder, queue: StudyQueue) -> None:
    failed, diverged, finished = (begin(recorder, queue) for _ in range(3))
    assert not recorder.observe(failed.config["key"], {FAILURE: "no memory"})
    assert not report(recorder, diverged, 1, valid__accuracy=nan)
    assert [report(recorder, finished, epoch, valid__accuracy=0.5) for epoch in range(1, 10)] == [True] * 8 + [False]
    for trial in (failed, diverged, finished):
        recorder.on_trial_complete(**told(trial))
    end_step(recorder)
    records = [recorder.records[trial.config["key"]] for trial in (failed, diverged, finished)]
    assert [one.outcome for one in records] == [TrialOutcome.FAILED, TrialOutcome.FAILED, TrialOutcome.FINISHED]
    assert records[0].error == "no memory" and "diverged" in str(records[1].error) and records[2].error is None


def test_what_a_restored_worker_repeats_is_taken_down_once(recorder: Recorder, trial: Trial) -> None:
    key = trial.config["key"]
    for epoch in (1, 2, 1, 2, 3):
        report(recorder, trial, epoch, valid__accuracy=epoch / 10)
    assert [report.metrics["valid/accuracy"] for report in recorder.records[key].reports] == [0.1, 0.2, 0.3]


def test_which_test_rows_were_right_is_recorded_with_the_trial(
    recorder: Recorder, trial: Trial, recording: Recording
) -> None:
    hits = {"hits/first": "/w==", "hits/second": "gA==", "hit_rows": 8, "hit_replicas": [0]}
    for epoch in range(1, 10):
        report(recorder, trial, epoch, valid__accuracy=0.5, **(hits if epoch == 9 else {}))
    recorder.on_trial_complete(**told(trial))
    end_step(recorder)
    (record,) = recording.journal.read().values()
    assert record.hits == hits
    assert set(record.reports[-1].metrics) == {"valid/accuracy"}


def test_a_checkpoint_is_recorded_with_the_one_before(recorder: Recorder, trial: Trial, recording: Recording) -> None:
    for place in ("one", "two", "three"):
        recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint(f"/trial/{place}")))
    end_step(recorder)
    (record,) = recording.journal.read().values()
    assert (record.checkpoint, record.older_checkpoint) == ("/trial/three", "/trial/two")


@pytest.mark.parametrize("event", ["checkpoint", "end"])
def test_a_record_that_cannot_be_written_ends_the_run(
    recorder: Recorder, trial: Trial, recording: Recording, event: str
) -> None:
    """At the end of the step, for Ray Tune would hide it from us any earlier."""
    (Path(recording.folder.root) / "journal").rmdir()
    recorder.observe(trial.config["key"], {FAILURE: "no memory"})
    if event == "checkpoint":
        recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint("/trial/one")))
    else:
        recorder.on_trial_complete(**told(trial))
    with pytest.raises(FileNotFoundError, match="journal"):
        end_step(recorder)


def test_a_fault_of_ours_ends_the_run_as_it_is(recorder: Recorder, trial: Trial) -> None:
    """A trial that is over, of which nobody said why."""
    recorder.on_trial_complete(**told(trial))
    with pytest.raises(KeyError, match=trial.config["key"]):
        end_step(recorder)


def test_a_trial_whose_process_is_lost_again_and_again_has_failed(
    recorder: Recorder, trial: Trial, queue: StudyQueue
) -> None:
    while queue.take():
        """All others are under way."""
    for _ in range(9):
        recorder.on_trial_error(**told(trial))
        (again,) = queue.take()
        assert again.key == trial.config["key"]
    recorder.on_trial_error(**told(trial))
    end_step(recorder)
    record = recorder.records[trial.config["key"]]
    assert record.outcome is TrialOutcome.FAILED and "was lost 10 times" in str(record.error)


def test_of_trials_that_are_trained_together_each_ends_by_itself(
    together: tuple[StudyQueue, Recorder, Trial], recording: Recording
) -> None:
    """What the others still need is not deleted with the first; what it is trained on with them is not recorded."""
    _, recorder, trial = together
    first, *others = trial.config["order"].trials
    place = Path(recording.folder.root) / "trial" / "checkpoint"
    place.mkdir(parents=True)
    recorder.on_trial_start(**told(trial))
    recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint(str(place))))
    for epoch in range(1, 10):
        reports = {key: {"valid/accuracy": nan if key == first and epoch == 3 else 0.5} for key in (first, *others)}
        goes_on = observe(recorder, trial, epoch, reports)
        assert goes_on == (epoch < 9) and place.is_dir()
        assert recorder.running == ({first, *others} if epoch < 3 else set(others))
    recorder.on_trial_complete(**told(trial))
    end_step(recorder)
    records = recording.journal.read()
    assert not place.exists() and not recorder.running
    assert {key: len(record.reports) for key, record in records.items()} == {first: 3} | dict.fromkeys(others, 9)
    assert records[first].outcome is TrialOutcome.FAILED
    assert {records[key].outcome for key in others} == {TrialOutcome.FINISHED}
    assert {record.trained_together for record in records.values()} == {4}


def test_trials_that_fail_together_are_tried_one_by_one(
    together: tuple[StudyQueue, Recorder, Trial], recording: Recording
) -> None:
    """So that the one at fault fails alone."""
    queue, recorder, trial = together
    place = Path(recording.folder.root) / "trial" / "checkpoint"
    place.mkdir(parents=True)
    while queue.take():
        """All others are under way."""
    recorder.on_trial_start(**told(trial))
    report(recorder, trial, 1, valid__accuracy=0.5)
    recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint(str(place))))
    recorder.observe(trial.config["key"], {FAILURE: "one of them"})
    recorder.on_trial_complete(**told(trial))
    end_step(recorder)
    assert not place.exists() and not recorder.running
    alone = [queue.take() for _ in range(4)]
    assert [[spec.key] for (spec,) in alone] == [[key] for key in trial.config["order"].trials] and not queue.take()
    at_fault, *others = (Trial("any", config=recorder.order(pack), stub=True) for pack in alone)
    assert not recorder.observe(at_fault.config["key"], {FAILURE: "this one"})
    for other in others:
        assert [report(recorder, other, epoch, valid__accuracy=0.5) for epoch in range(1, 10)] == [True] * 8 + [False]
    for each in (at_fault, *others):
        recorder.on_trial_complete(**told(each))
    end_step(recorder)
    records = recording.journal.read()
    assert [records[each.config["key"]].error for each in (at_fault, *others)] == ["this one", None, None, None]
    assert all(len(records[each.config["key"]].reports) == 9 for each in others)


def test_what_ended_before_an_interruption_is_trained_on_with_the_others_and_not_recorded_again(
    together: tuple[StudyQueue, Recorder, Trial], recording: Recording, study: Study, orders: Orders
) -> None:
    """Without it their checkpoint would be another training's."""
    _, recorder, trial = together
    first, *others = trial.config["order"].trials
    for epoch in range(1, 4):
        reports = {key: {"valid/accuracy": nan if key == first and epoch == 2 else 0.5} for key in (first, *others)}
        observe(recorder, trial, epoch, reports)
    recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint("/trial/one")))
    end_step(recorder)
    kept = recording.journal.read()
    queue = StudyQueue(replace(study, concurrency=4), ("first", "second"), kept)
    later = Recorder(queue, recording, kept, orders)
    again = Trial("any", config=later.order(queue.take()), stub=True)
    assert list(again.config["order"].trials) == [first, *others]
    for epoch in range(4, 10):
        report(later, again, epoch, valid__accuracy=0.5)
    later.on_trial_complete(**told(again))
    end_step(later)
    records = recording.journal.read()
    assert records[first] == kept[first]
    assert all(len(records[key].reports) == 9 for key in others)


def next_run(
    recording: Recording, study: Study, orders: Orders, records: Mapping[str, TrialRecord]
) -> tuple[StudyQueue, Recorder]:
    """The queue and the recorder of a run that goes on from these records."""
    queue = StudyQueue(study, ("first", "second"), records)
    return queue, Recorder(queue, recording, records, orders)


def test_records_of_which_some_are_a_checkpoint_ahead_go_on_from_the_one_behind(
    together: tuple[StudyQueue, Recorder, Trial], recording: Recording, study: Study, orders: Orders
) -> None:
    """Where a run is killed between the writes of one checkpoint's records."""
    _, recorder, trial = together
    first, *_ = trial.config["order"].trials
    places = [Path(recording.folder.root) / "trial" / name for name in ("one", "two")]
    kept: dict[str, TrialRecord] = {}
    for place, epochs in zip(places, ((1, 2), (3, 4)), strict=True):
        place.mkdir(parents=True)
        for epoch in epochs:
            report(recorder, trial, epoch, valid__accuracy=epoch / 10)
        recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint(str(place))))
        now = recording.journal.read()
        kept = {key: now[key] if key == first else kept.get(key, now[key]) for key in now}
    assert [len(record.reports) for record in kept.values()].count(4) == 1
    study = replace(study, concurrency=4)
    end_step(recorder)
    queue, later = next_run(recording, study, orders, kept)
    again = Trial("any", config=later.order(queue.take()), stub=True)
    assert [checkpoint.path for checkpoint in again.config["order"].checkpoints] == [str(places[0])]
    for epoch in range(3, 10):
        assert report(later, again, epoch, valid__accuracy=epoch / 10) == (epoch < 9)
    later.on_trial_complete(**told(again))
    end_step(later)
    for record in recording.journal.read().values():
        assert [each.epoch for each in record.reports] == list(range(1, 10))
        assert record.outcome is TrialOutcome.FINISHED


@pytest.mark.parametrize(
    ("accuracies", "outcome"),
    [
        ([0.5] * 9, TrialOutcome.FINISHED),
        ([0.5, nan], TrialOutcome.FAILED),
        ([0.1] * 6, TrialOutcome.PRUNED),
    ],
)
def test_what_had_ended_but_for_the_record_of_it_ends_as_it_would_have(
    recorder: Recorder,
    queue: StudyQueue,
    recording: Recording,
    study: Study,
    orders: Orders,
    accuracies: list[float],
    outcome: TrialOutcome,
) -> None:
    """Of the first data set's first λ; three configurations with .5 have ended before it, so that .1 is too low."""

    def next_of_stratum(queue: StudyQueue) -> Pack:
        return next(pack for pack in iter(queue.take, ()) if pack[0].stratum == strata(study)[0])

    for _ in range(3):
        earlier = Trial("any", config=recorder.order(next_of_stratum(queue)), stub=True)
        for epoch in range(1, 10):
            report(recorder, earlier, epoch, valid__accuracy=0.5)
        recorder.on_trial_complete(**told(earlier))
    pack = next_of_stratum(queue)
    trial = Trial("any", config=recorder.order(pack), stub=True)
    goes_on = [report(recorder, trial, epoch, valid__accuracy=value) for epoch, value in enumerate(accuracies, start=1)]
    assert goes_on == [True] * (len(accuracies) - 1) + [False]
    recorder.on_checkpoint(**told(trial, checkpoint=Checkpoint("/trial/last")))
    end_step(recorder)
    later_queue, later = next_run(recording, study, orders, recording.journal.read())
    again = next_of_stratum(later_queue)
    assert again == pack and later.order(again) is None and not later_queue.is_open(pack[0].key)
    end_step(later)
    record = recording.journal.read()[pack[0].key]
    assert (record.outcome, len(record.reports)) == (outcome, len(accuracies))
    assert (record.error is not None) == (outcome is TrialOutcome.FAILED)
    assert later_queue.searches[pack[0].stratum].is_over()  # the fourth was the last of its search


def test_a_worker_that_is_lost_over_its_last_checkpoint_ends_with_one_all_the_same(
    recorder: Recorder, queue: StudyQueue, trial: Trial, recording: Recording
) -> None:
    """It repeats what it had reported, and only its last report ends it again."""
    key = trial.config["key"]
    while queue.take():
        """All others are under way."""
    for epoch in range(1, 10):
        report(recorder, trial, epoch, valid__accuracy=0.5)
    recorder.on_trial_error(**told(trial))
    again = Trial("any", config=recorder.order(queue.take()), stub=True)
    assert [report(recorder, again, epoch, valid__accuracy=0.5) for epoch in (7, 8, 9)] == [True, True, False]
    recorder.on_checkpoint(**told(again, checkpoint=Checkpoint("/trial/last")))
    assert recording.journal.read()[key].checkpoint == "/trial/last"
    recorder.on_trial_complete(**told(again))
    end_step(recorder)
    record = recording.journal.read()[key]
    assert (record.outcome, len(record.reports)) == (TrialOutcome.FINISHED, 9)


def test_trials_that_are_tried_alone_stay_so_after_an_interruption(
    together: tuple[StudyQueue, Recorder, Trial], recording: Recording, study: Study, orders: Orders
) -> None:
    queue, recorder, trial = together
    keys = list(trial.config["order"].trials)
    while queue.take():
        """All others are under way."""
    report(recorder, trial, 1, valid__accuracy=0.5)
    recorder.observe(trial.config["key"], {FAILURE: "one of them"})
    recorder.on_trial_complete(**told(trial))
    alone = Trial("any", config=recorder.order(queue.take()), stub=True)
    place = Path(recording.folder.root) / "trial" / "alone"
    place.mkdir(parents=True)
    for epoch in (1, 2, 3):
        report(recorder, alone, epoch, valid__accuracy=0.5)
    recorder.on_checkpoint(**told(alone, checkpoint=Checkpoint(str(place))))
    end_step(recorder)
    queue, later = next_run(recording, replace(study, concurrency=4), orders, recording.journal.read())
    pack = queue.take()
    assert [spec.key for spec in pack] == keys and later.order(pack) is None
    waiting = list(iter(queue.take, ()))
    singles = [each for each in waiting if each[0].stratum == pack[0].stratum]
    assert [[spec.key for spec in each] for each in singles] == [[key] for key in keys]
    left = [[checkpoint.path for checkpoint in later.order(each)["order"].checkpoints] for each in singles]
    assert left == [[str(place)], [], [], []]
    assert {record.trained_together for record in recording.journal.read().values()} == {1}
