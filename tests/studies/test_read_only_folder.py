"""A working folder that this user may not write to: a real user without rights, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODYS_NUMBER = 54321  # of no entry among the system's users
# All is done once with every right, for nobody may not read Python's own modules everywhere, and then without.
PROGRAM = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from analysis.tracking_store import check_store
from studies import synthetic
from studies.engine.recording.first_opening import artifact_root
from studies.engine.recording.folder import StudyFolder
from trainables.config import Refused

def said(action):
    try:
        return str(action())
    except Refused as error:
        return str(error)

def record(storage):
    with StudyFolder(str(storage), synthetic.STUDY).claimed(fresh=False):
        return "recorded"

def all_of_it(free):
    return [
        said(lambda: check_store("sqlite:///mlflow.db", writes=True)),
        said(lambda: check_store(f"sqlite:///{free}/mlflow.db", writes=True)),
        said(lambda: artifact_root(f"sqlite:///{free}/mlflow.db")),
        said(lambda: artifact_root("postgresql://me:secret@host/d")),
        said(lambda: record(Path("runs").absolute())),
        said(lambda: record(free / "runs")),
    ]

free, closed = Path(sys.argv[2], "free"), Path(sys.argv[2], "closed")
os.chdir(sys.argv[2])
all_of_it(Path("with every right").absolute())
if os.getuid() == 0:
    os.setgroups([])
    os.setuid(int(sys.argv[3]))
os.chdir(closed)
print(json.dumps(all_of_it(free)))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with one that every user may write to and one that nobody may; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="place-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        for folder, mode in (("free", 0o777), ("closed", 0o555)):
            (Path(name) / folder).mkdir()
            (Path(name) / folder).chmod(mode)
        yield Path(name)


def test_each_place_that_is_in_it_by_default_is_refused_in_one_sentence_and_another_is_taken(place: Path) -> None:
    arguments = [json.dumps(sys.path), str(place), str(NOBODYS_NUMBER)]
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={**os.environ, "HOME": str(place / "free"), "TMPDIR": str(place / "free")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    free, closed = place / "free", place / "closed"
    store, other_store, artifacts, artifacts_of_a_server, storage, other_storage = json.loads(finished.stdout)
    assert f"may not write to the folder {closed}" in store and "--tracking-uri names another" in store
    assert other_store == "None" and artifacts == f"file://{free}/mlruns"
    assert f"lie in {closed}, which this user may not write to" in artifacts_of_a_server
    assert "secret" not in artifacts_of_a_server
    assert f"nothing can be recorded in {closed}/runs/" in storage and "--storage names another place" in storage
    assert other_storage == "recorded" and not list(closed.iterdir())
