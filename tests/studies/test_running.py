"""What is said first when a study is run, and what is refused before anything is started."""

import io
from pathlib import Path

import pytest

from studies.engine import Study
from studies.engine.options import Options
from studies.engine.printing import terminal
from studies.engine.running import run_with
from trainables.config import Refused


def refused(study: Study, options: Options) -> tuple[str, str]:
    """What was printed, and the sentence of the refusal."""
    printed = io.StringIO()
    with pytest.raises(Refused) as error:
        run_with(study, options, terminal(file=printed, width=400))
    return printed.getvalue(), str(error.value)


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_storage_in_a_file_is_refused_by_name(study: Study, tmp_path: Path, below: str) -> None:
    file = tmp_path / "notes [1].txt"
    file.write_text("no folder")
    _, sentence = refused(study, Options(storage=str(file / below)))
    assert sentence.startswith("--storage must be a folder") and sentence.endswith(f"{file} is no folder")
    assert file.read_text() == "no folder"


def test_storage_that_cannot_be_looked_at_is_refused(study: Study, tmp_path: Path) -> None:
    _, sentence = refused(study, Options(storage=str(tmp_path / ("a" * 300))))
    assert sentence.startswith("--storage ") and "File name too long" in sentence
    _, sentence = refused(study, Options(storage="s3:/bucket"))
    assert sentence.startswith("--storage: expected a folder, or a URI such as s3://bucket/path; got 's3:/bucket'")


def test_it_is_said_where_the_runs_go_and_why(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = str(tmp_path / "file")
    Path(storage).touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@variable:2")
    printed, _ = refused(study, Options(storage=storage))
    assert printed == "MLflow: http://***@variable:2 (MLFLOW_TRACKING_URI)\n"
    printed, _ = refused(study, Options(storage=storage, tracking_uri="http://option:1"))
    assert printed == "MLflow: http://option:1 (--tracking-uri)\n"


def test_a_quick_study_says_that_it_means_nothing(study: Study, tmp_path: Path) -> None:
    storage = str(tmp_path / "file")
    Path(storage).touch()
    printed, _ = refused(study, Options(storage=storage, quick=True))
    assert "mean nothing" in printed.splitlines()[1]
