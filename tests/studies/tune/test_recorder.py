"""What becomes of a trial's results and of what goes wrong while they are taken down; no Ray session is needed."""

from math import nan
from pathlib import Path
from typing import Any

import pytest
from ray.tune import Checkpoint
from ray.tune.experiment import Trial

from studies.engine import Study
from studies.engine.inputs.shared_data import DataFacts
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.recording import Recording
from studies.engine.recording.tracking import Tracking
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.queue import StudyQueue
from studies.engine.tune.orders import Orders
from studies.engine.tune.recorder import Recorder
from trainables.data import shapes
from trainables.trainable import FAILURE


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
def recorder(study: Study, recording: Recording, queue: StudyQueue, tmp_path: Path) -> Recorder:
    """The recorder of all of the study's trials."""
    facts = {
        config: DataFacts(shapes=shapes(config, tmp_path), ceilings=None, population={}, content=None, warnings=())
        for config in study.variants.values()
    }
    return Recorder(queue, recording, {}, Orders(study=study, facts=facts, packs=True))


@pytest.fixture
def trial(recorder: Recorder, queue: StudyQueue) -> Trial:
    """The first trial, as Ray Tune has it."""
    return begin(recorder, queue)


def begin(recorder: Recorder, queue: StudyQueue) -> Trial:
    spec = queue.take()
    assert spec is not None
    return Trial("any", config=recorder.order(spec), stub=True)


def told(trial: Trial, **more: Any) -> dict[str, Any]:
    """What a callback is told."""
    return {"iteration": 0, "trials": [trial], "trial": trial, **more}


def end_step(recorder: Recorder) -> None:
    recorder.on_step_end(iteration=0, trials=[])


def test_a_metric_that_nobody_knows_is_no_result(recorder: Recorder, trial: Trial, recording: Recording) -> None:
    """It would be lost without a word: a fault of ours, which must not look like the trial's."""
    key = trial.config["key"]
    with pytest.raises(ValueError, match="test/f1"):
        recorder.observe(key, {"epoch": 1, "valid/accuracy": 0.5, "test/f1": 0.5})
    assert recorder.records[key].reports == () and recorder.records[key].outcome is None
    assert recording.journal.read() == {}


def test_a_trial_ends_by_its_failure_by_divergence_and_by_its_last_epoch(recorder: Recorder, queue: StudyQueue) -> None:
    failed, diverged, finished = (begin(recorder, queue).config["key"] for _ in range(3))
    assert recorder.observe(failed, {FAILURE: "no memory"}) is TrialOutcome.FAILED
    assert recorder.records[failed].error == "no memory"
    assert recorder.observe(diverged, {"epoch": 1, "valid/accuracy": nan}) is TrialOutcome.FAILED
    assert "diverged" in str(recorder.records[diverged].error)
    outcomes = [recorder.observe(finished, {"epoch": epoch, "valid/accuracy": 0.5}) for epoch in range(1, 10)]
    assert outcomes == [None] * 8 + [TrialOutcome.FINISHED]


def test_what_a_restored_worker_repeats_is_taken_down_once(recorder: Recorder, trial: Trial) -> None:
    key = trial.config["key"]
    for epoch in (1, 2, 1, 2, 3):
        recorder.observe(key, {"epoch": epoch, "valid/accuracy": epoch / 10})
    assert [report.metrics["valid/accuracy"] for report in recorder.records[key].reports] == [0.1, 0.2, 0.3]


def test_which_test_rows_were_right_is_recorded_with_the_trial(
    recorder: Recorder, trial: Trial, recording: Recording
) -> None:
    hits = {"hits/first": "/w==", "hits/second": "gA==", "hit_rows": 8, "hit_replicas": [0]}
    for epoch in range(1, 10):
        recorder.observe(trial.config["key"], {"epoch": epoch, "valid/accuracy": 0.5, **(hits if epoch == 9 else {})})
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
    while queue.take() is not None:
        """All others are under way."""
    for _ in range(9):
        recorder.on_trial_error(**told(trial))
        again = queue.take()
        assert again is not None and again.key == trial.config["key"]
    recorder.on_trial_error(**told(trial))
    end_step(recorder)
    record = recorder.records[trial.config["key"]]
    assert record.outcome is TrialOutcome.FAILED and "was lost 10 times" in str(record.error)
