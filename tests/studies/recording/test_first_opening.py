"""A new SQLite store that several processes open at once, and the experiments in it."""

import multiprocessing
import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # and so before the forks, once

from analysis.connection import TrackingServerError
from analysis.tracking_store import sqlite_uri
from studies.engine.recording import first_opening
from studies.engine.recording.first_opening import artifact_root, make_store
from studies.engine.recording.tracking import Tracking
from trainables.config import Refused

STORE = "sqlite:///mlflow.db"


def open_study(name: str) -> None:
    """What a driver does first."""
    with Tracking(STORE, "runs") as tracking:
        tracking.open(name, "identity", "recording", {})


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder in which nothing is kept yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "align-or-not"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose name a URI would decode."""
    folder = tmp_path / "50%20x"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_several_that_open_a_new_store_at_once_all_record_in_it(folder: Path) -> None:
    """MLflow alone fails in most tries; making the tables takes the seconds of this test."""
    names = ["first", "second", "third"]
    context = multiprocessing.get_context("fork")
    drivers = [context.Process(target=open_study, args=(name,)) for name in names]
    (folder / "mlflow.db.part").write_text("left by one that was killed")
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert [driver.exitcode for driver in drivers] == [0, 0, 0]
    assert [file.name for file in folder.iterdir()] == ["mlflow.db"]
    client = MlflowClient(STORE)
    found = {one.name: one for one in client.search_experiments()}
    assert set(names) <= set(found)
    for name in names:
        (run,) = client.search_runs([found[name].experiment_id])
        assert run.info.status == "FINISHED"
    client.log_text(run.info.run_id, "a figure", "figure.txt")
    assert list((folder / "mlruns" / "third").rglob("figure.txt"))
    assert [place.name for place in folder.parent.iterdir()] == ["50%20x"]
    delete_and_restore(client, found["first"].experiment_id)


def delete_and_restore(client: MlflowClient, experiment: str) -> None:
    """In the same store, as to make one takes seconds: a deleted experiment is refused until it is restored."""
    client.delete_experiment(experiment)
    with pytest.raises(Refused, match=f"'first' was deleted in MLflow .* --experiment-id {experiment}"):
        open_study("first")
    client.restore_experiment(experiment)
    open_study("first")


def test_who_waits_too_long_is_told_for_what(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_opening, "_PATIENCE", 0.1)
    with FileLock(folder / "mlflow.db.lock"), pytest.raises(Refused, match=r"another process has been making .*\.lock"):
        make_store(STORE)
    assert not (folder / "mlflow.db").exists()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "postgresql://host/d"])
def test_other_stores_are_not_made_here(folder: Path, uri: str) -> None:
    make_store(uri)
    assert not list(folder.iterdir())


def test_a_database_that_is_away_is_named_without_its_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg2", reason="the driver of PostgreSQL is not installed")
    monkeypatch.setattr("analysis.connection._PAUSES", ())
    uri = "postgresql+psycopg2://me:secret@127.0.0.1:9/mlflow"
    with (
        Tracking(uri, "runs") as tracking,
        pytest.raises(TrackingServerError, match="opened or used") as away,
    ):
        tracking.open("study", "identity", "recording", {})
    assert "refused" in str(away.value) and "secret" not in str(away.value)
    assert not list(folder.iterdir())


def test_a_store_that_is_there_is_left_as_it_is(folder: Path) -> None:
    sqlite3.connect(folder / "mlflow.db").execute("CREATE TABLE mine (id INT)")
    before = (folder / "mlflow.db").read_bytes()
    make_store(STORE)
    assert (folder / "mlflow.db").read_bytes() == before


def schema_and_rows(file: Path) -> tuple[list[list[str]], dict[str, list[tuple]]]:
    """A SQLite store: the lines of its schema, whose order MLflow changes, and its rows without their times."""
    with closing(sqlite3.connect(file)) as database:
        schema = database.execute("SELECT name, type, sql FROM sqlite_master ORDER BY name").fetchall()
        tables = [name for name, kind, _ in schema if kind == "table"]
        rows = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    rows["experiments"] = [(*row[:4], *row[6:]) for row in rows["experiments"]]
    return [sorted(line.strip(" \t,") for line in (sql or "").split("\n")) for *_, sql in schema], rows


def test_a_store_from_tables_that_were_kept_is_the_one_that_mlflow_makes(folder: Path, cache: Path) -> None:
    """Also where what was kept is damaged."""
    SqlAlchemyStore(sqlite_uri(folder / "mlflows.db"), artifact_root(STORE)).engine.dispose()
    by_mlflow = schema_and_rows(folder / "mlflows.db")
    assert by_mlflow[1]["experiments"][0][1:3] == ("Default", f"{(folder / 'mlruns').as_uri()}/0")
    make_store(STORE)
    (kept,) = cache.glob("mlflow-*.tables")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    make_store("sqlite:///after damage.db")
    make_store("sqlite:///of what was kept.db")
    for name in ("mlflow.db", "after damage.db", "of what was kept.db"):
        assert schema_and_rows(folder / name) == by_mlflow
    assert len(kept.read_bytes()) == len(whole)


def test_a_disk_that_is_full_is_named_and_the_store_is_made_when_there_is_room(folder: Path, repository: Path) -> None:
    """No file may grow to what MLflow's tables take, as on a disk that is full; the same command is a new process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(TrackingServerError, match="cannot be opened or used"):
            open_study("study")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (folder / "mlflow.db").exists()
    again = [sys.executable, "-c", f"from {make_store.__module__} import make_store; make_store({STORE!r})"]
    subprocess.run(again, env={**os.environ, "PYTHONPATH": str(repository)}, check=True)
    assert (folder / "mlflow.db").exists()
