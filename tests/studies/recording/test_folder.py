"""Storage in which nothing can be recorded is refused, with what is in the way; no trial is needed to find it out."""

from pathlib import Path

import pytest

from studies.engine import Study
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import JournalError
from studies.engine.recording.recording import open_recording

MODALITIES = ("first", "second")


@pytest.mark.parametrize(
    ("place", "words"),
    [("file/runs", "Not a directory"), ("a" * 300, "File name too long"), ("file", ""), ("locked", "Is a directory")],
)
def test_what_cannot_hold_a_study_is_refused(study: Study, tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "locked" / f"{study.name}-{study.identity}.lock").mkdir(parents=True)
    folder = StudyFolder(str(tmp_path / place), study)
    with pytest.raises(JournalError, match=f"nothing can be recorded in .*{words}"), folder.claimed(fresh=False):
        pytest.fail("it was claimed")


@pytest.mark.parametrize("name", ["why?", "50%20x", "a#b", "s3:"])
def test_a_study_lies_where_it_is_told_to(study: Study, tmp_path: Path, name: str) -> None:
    storage = tmp_path / name / "runs"
    with open_recording(study, MODALITIES, str(storage), "sqlite:///never-opened.db", fresh=False) as recording:
        assert recording.folder.figures == storage / f"{study.name}-{study.identity}" / "figures"
    assert [place.name for place in tmp_path.iterdir()] == [name]
    assert (storage / f"{study.name}-{study.identity}" / "study.json").is_file()


def test_a_journal_that_cannot_be_read_is_refused(study: Study, tmp_path: Path) -> None:
    journal = tmp_path / f"{study.name}-{study.identity}" / "journal"
    journal.parent.mkdir()
    journal.write_text("")
    with (
        pytest.raises(JournalError, match=f"what {journal.parent} holds cannot be read or added to"),
        open_recording(study, MODALITIES, str(tmp_path), "sqlite:///never-opened.db", fresh=False),
    ):
        pytest.fail("it was opened")
