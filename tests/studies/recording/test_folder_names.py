"""The folder of a study: within its storage and taken by file systems and addresses, whatever the study is called."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pyarrow import fs

from studies.engine import Study
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import Journal
from trainables.config import ArchiveData, Refused

NAMES = ["small", "R=8, 256 rows", "x[/y]z", "a/b", "what?", "50%", "a#b", "ध्वनि λ", "back\\slash", "x" * 200]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_a_disk_takes_stay_as_they_are(study: Study, tmp_path: Path, name: str) -> None:
    study = replace(study, name=name)
    folder = StudyFolder(str(tmp_path), study)
    assert folder.root == f"{tmp_path}/{name}-{study.identity}"
    Journal(folder.root)
    assert (Path(folder.root) / "journal").is_dir() and folder.figures == Path(folder.root) / "figures"


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "..", "a//b", "a/../../b", ".", "x" * 900, "ध" * 300])
def test_other_names_lead_nowhere_else(study: Study, tmp_path: Path, name: str) -> None:
    study = replace(study, name=name)
    with StudyFolder(str(tmp_path / "runs"), study).claimed(fresh=False):
        (inside,) = (tmp_path / "runs").rglob(f"*{study.identity}")
    assert inside.is_dir() and inside.resolve().is_relative_to(tmp_path / "runs")


@pytest.mark.parametrize("name", NAMES)
def test_an_address_holds_what_addresses_may(study: Study, name: str) -> None:
    study = replace(study, name=name)
    root = StudyFolder("s3://bucket/runs?region=here", study).root
    assert root.startswith("s3://bucket/runs/") and root.endswith(f"-{study.identity}?region=here")
    local, path = fs.FileSystem.from_uri(root.replace("s3://bucket", "file:///bucket").partition("?")[0])
    assert local.type_name == "local" and path.endswith(study.identity)  # is read as one path
    if name in ("small", "a/b"):
        assert f"/{name}-" in root


def test_where_file_names_are_ascii_another_name_is_asked_for(repository: Path) -> None:
    program = """
from dataclasses import replace
from studies.engine.recording.folder import StudyFolder
from studies.synthetic import STUDY
try:
    StudyFolder("runs", replace(STUDY, name=chr(955)))
except ValueError as error:
    print(type(error).__name__, ascii(str(error)))
"""
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONUTF8": "0", "LC_ALL": "C"}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Refused") and "PYTHONUTF8=1" in said.stdout


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a", "half \ud800 a pair", "\u2028", "x" * 1001])
def test_names_that_cannot_be_read_are_refused_before_anything_is_done(study: Study, name: str) -> None:
    with pytest.raises(Refused, match="the name of a study"):
        replace(study, name=name)
    with pytest.raises(Refused, match="the label of a variant of 'small'"):
        replace(study, variants={name: study.variants["R=0"]})
    with pytest.raises(Refused, match="the name of a modality"):
        ArchiveData(content="0" * 64, modalities=("text", name))


def test_a_question_may_have_lines_and_no_half_characters(study: Study) -> None:
    assert replace(study, question="one\ntwo").question == "one\ntwo"
    with pytest.raises(Refused, match="the question of 'small'"):
        replace(study, question="half \ud800")
