"""What a recording refuses: other data than those it began with, and a folder that another version wrote."""

import json
from pathlib import Path

import pytest

from analysis.records.schema import SCHEMA
from studies.engine import Study
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import JournalError, TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.recording.tracking import Tracking

RECORD = TrialRecord(
    key="search-00-abc",
    stage="search",
    variant="R=0",
    stratum="R=0 λ=0",
    index=0,
    parameters={"lambda": 0.0},
    host="here",
    started=1,
)


@pytest.fixture
def open_again(study: Study, tmp_path: Path):
    """Opens the recording of the study below the test's folder, as each command does."""

    def open_one() -> Recording:
        folder = StudyFolder(str(tmp_path), study)
        Path(folder.root).mkdir(exist_ok=True)
        return Recording(study, ("first", "second"), folder, Tracking("sqlite:///never-opened.db", folder.root))

    return open_one


def test_the_same_data_and_further_variants_are_taken(open_again) -> None:
    open_again().require_same_content({"a": "1", "generated": None})
    open_again().require_same_content({"a": "1", "b": "2", "generated": None})
    open_again().require_same_content({"b": "2"})
    tags = open_again().study_tags()
    assert {name: value for name, value in tags.items() if name.startswith("data/")} == {"data/a": "1", "data/b": "2"}


def test_other_data_are_refused_and_the_first_stay_recorded(open_again) -> None:
    open_again().require_same_content({"a": "1"})
    for _ in range(2):
        with pytest.raises(JournalError, match=r"a: expected the data that this study began with \(SHA-256 1\), got"):
            open_again().require_same_content({"a": "2"})


def test_what_the_study_is_lies_beside_its_journal(open_again, study: Study) -> None:
    recording = open_again()
    kept = json.loads((Path(recording.folder.root) / "study.json").read_text())
    assert kept.pop("schema") == SCHEMA
    assert kept == json.loads(json.dumps(recording.description))
    assert kept["definition"] == json.loads(json.dumps(study.describe()))


def test_a_folder_of_another_schema_is_refused_by_its_name(open_again) -> None:
    path = Path(open_again().folder.root) / "study.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": "1"}))
    with pytest.raises(JournalError, match=rf"{path.parent} was recorded under schema 1, .* writes {SCHEMA}.*--fresh"):
        open_again()


def test_trials_without_a_word_on_their_study_are_of_the_first_schema(open_again) -> None:
    """The first version kept no such file; an empty journal may belong to a study that was stopped before it."""
    recording = open_again()
    path = Path(recording.folder.root) / "study.json"
    path.unlink()
    open_again()
    assert path.is_file()
    path.unlink()
    recording.journal.write(RECORD)
    with pytest.raises(JournalError, match="was recorded under schema 1"):
        open_again()
    assert not path.exists()
