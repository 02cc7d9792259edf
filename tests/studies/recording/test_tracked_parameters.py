"""What MLflow has of a trial's parameters, which are sent once: all of them, also where the first sender was killed."""

from dataclasses import replace
from pathlib import Path

from mlflow import MlflowClient

from analysis.records.schema import ROLE, STUDY_ROLE
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.recording.tracking import Tracking
from studies.engine.search.candidates import TrialOutcome

RECORD = TrialRecord(
    key="search-00-abc",
    stage="search",
    variant="R=0",
    stratum="R=0 λ=0",
    index=0,
    parameters={"lambda": 0.0, "learning_rate": 0.1, "depth": None},
    host="here",
    started=1,
)


def grown(record: TrialRecord, epoch: int) -> TrialRecord:
    return record.with_report(Report(epoch=epoch, time=1000 + epoch, metrics={"valid/accuracy": epoch / 10}))


def opened(folder: Path) -> Tracking:
    tracking = Tracking(f"sqlite:///{folder}/mlflow.db", str(folder))
    tracking.open("parameters", "identity", "recording", {ROLE: STUDY_ROLE})
    return tracking


def test_parameters_are_there_once_a_trial_has_begun_and_after_it_has_ended(tmp_path: Path) -> None:
    tracking = opened(tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = [found for found in client.search_experiments() if found.name == "parameters"]

    def trial() -> dict[str, str]:
        (run,) = client.search_runs([experiment.experiment_id], "tags.trial = 'search-00-abc'")
        return run.data.params

    tracking._create(RECORD)  # the process is killed before it has sent what it knows of the trial
    assert trial() == {}
    tracking = opened(tmp_path)
    tracking.publish(RECORD)
    tracking.flush()
    expected = trial()
    assert {"lambda": "0.0", "learning_rate": "0.1"}.items() <= expected.items()
    tracking.publish(grown(RECORD, 1))
    tracking.publish(replace(grown(grown(RECORD, 1), 2), outcome=TrialOutcome.FINISHED, ended=2000))
    tracking.flush()
    assert trial() == expected
    (run,) = client.search_runs([experiment.experiment_id], "tags.trial = 'search-00-abc'")
    history = client.get_metric_history(run.info.run_id, "valid/accuracy")
    assert [(point.step, point.value) for point in history] == [(1, 0.1), (2, 0.2)]
    assert run.info.status == "FINISHED"
