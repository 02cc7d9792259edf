"""What is refused of a tracking URI before MLflow is asked: real files, real drivers that are missing."""

import sqlite3
from pathlib import Path

import pytest

from analysis.connection import is_database
from analysis.tracking_store import check_store, sqlite_file, sqlite_uri
from trainables.config import Refused

MISSING_DRIVER = "postgresql+pg8000://someone:secret@host/mlflow"


def make_database(file: Path, *statements: str) -> str:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return sqlite_uri(file)


@pytest.mark.parametrize(
    ("uri", "database", "file"),
    [
        ("sqlite:///mlflow.db", True, "mlflow.db"),
        ("sqlite:////home/me/50%2520x/mlflow.db", True, "/home/me/50%20x/mlflow.db"),
        ("sqlite+pysqlite:///mlflow.db?timeout=5", True, "mlflow.db"),
        ("sqlite:///file:/a%3Fb/mlflow.db?uri=true", True, None),
        ("postgresql+psycopg2://a:b@host/d", True, None),
        ("http://host:5000", False, None),
        ("sqlite.db", False, None),
        ("databricks", False, None),
    ],
)
def test_a_uri_says_whether_it_is_a_database_and_which_file(uri: str, database: bool, file: str | None) -> None:
    assert is_database(uri) is database
    assert sqlite_file(uri) == (None if file is None else Path(file))


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("mlflow.db", "is a path or lacks its beginning; expected a database"),
        ("/home/me/mlruns", "is a path or lacks its beginning"),
        ("localhost:5000", "is a path or lacks its beginning"),
        ("", "is a path or lacks its beginning"),
        (" ", "has spaces or line breaks around it"),
        ("http://a:secret@host:5000\n", "has spaces or line breaks around it"),
        ("http://host:port", "names no host and port"),
        ("HTTPS://a:secret@host:99999", "names no host and port"),
        ("http://host:5000/#/experiments/1", "is that of a page: leave out what comes after"),
        ("sqlite:///~/mlflow.db", "~ is no home there"),
        ("http://", "names no host"),
        ("http://[::1", "names no host"),
        ("sqlite://", "it would be lost with this process"),
        ("sqlite:///:memory:", "it would be lost with this process"),
        (MISSING_DRIVER, "needs a driver that is not installed (No module named 'pg8000')"),
        ("mysql+nothing://a:b@host/d", "is not understood"),
        (f"sqlite:///{'a' * 300}.db", "File name too long"),
        ("sqlite:////dev/null/mlflow.db", "/dev/null is no folder"),
        ("sqlite:////proc/version/x/mlflow.db", "/proc/version is no folder"),
    ],
)
def test_what_mlflow_could_not_use_is_refused(uri: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        check_store(uri, writes=True)
    assert words in str(refused.value) and "secret" not in str(refused.value)


def test_a_folder_and_a_file_of_another_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it is a folder; expected a file"):
        check_store(f"sqlite:///{tmp_path}", writes=True)
    (tmp_path / "notes.db").write_text("no database at all " * 100)
    with pytest.raises(Refused, match="it is no SQLite database"):
        check_store(f"sqlite:///{tmp_path}/notes.db", writes=True)


def test_a_store_that_is_not_there_can_be_made_but_not_read(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/new/mlflow.db"
    check_store(uri, writes=True)
    with pytest.raises(Refused, match="there is none"):
        check_store(uri, writes=False)
    assert not list(tmp_path.iterdir())


def test_a_store_that_was_left_half_made_is_recognised(tmp_path: Path) -> None:
    uri = make_database(tmp_path / "50%20x", "CREATE TABLE experiments (id INT)", "CREATE TABLE runs (id INT)")
    with pytest.raises(Refused, match="broken off while it made the store"):
        check_store(uri, writes=True)


@pytest.mark.parametrize(
    "statements",
    [
        [],
        ["CREATE TABLE of_somebody_else (id INT)"],
        ["CREATE TABLE experiments (id INT)", "CREATE TABLE runs (id INT)", "INSERT INTO runs VALUES (1)"],
        [
            "CREATE TABLE experiments (id INT)",
            "CREATE TABLE alembic_version (v TEXT)",
            "INSERT INTO alembic_version VALUES (1)",
        ],
    ],
)
def test_what_may_hold_records_is_left_to_mlflow(tmp_path: Path, statements: list[str]) -> None:
    check_store(make_database(tmp_path / "mlflow.db", *statements), writes=True)


@pytest.mark.parametrize("path", ["mlflow.db", "/home/me/50%20x/why?/a#b.db", "/ünï/a b/mlflow.db"])
def test_a_files_uri_leads_back_to_it(path: str) -> None:
    assert sqlite_file(sqlite_uri(Path(path))) == Path(path)


@pytest.mark.parametrize(
    "uri", ["http://host:5000", "https://me:secret@host/path", "databricks", "databricks://profile"]
)
def test_addresses_of_servers_are_taken(uri: str) -> None:
    check_store(uri, writes=True)
