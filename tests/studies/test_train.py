"""What becomes of a study whose confirmation fails."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from studies.engine import Study
from studies.engine.recording.first_record import first_record
from studies.engine.recording.recording import open_recording
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import CONFIRM, strata, trial_spec
from studies.engine.train import train
from trainables.config import Hyperparameters


def test_a_confirmation_that_failed_is_a_failure_of_the_study(study: Study, tmp_path: Path) -> None:
    names = ("modality_1", "modality_2")
    choice = Hyperparameters(learning_rate=0.1, weight_decay=0)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with open_recording(study, names, str(tmp_path), uri, fresh=False) as recording:
        for stratum, outcome in zip(strata(study), (TrialOutcome.FAILED, TrialOutcome.FINISHED), strict=False):
            record = first_record(trial_spec(study, stratum, CONFIRM, 0, choice), names, None)
            recording.journal.write(replace(record, outcome=outcome))
    with open_recording(study, names, str(tmp_path), uri, fresh=False) as recording:
        trained = train(recording, None, None, Console(quiet=True))
    assert not trained.is_interrupted
    (failure,) = trained.failures
    assert failure.startswith(f"the confirmation failed at {strata(study)[0]};")
