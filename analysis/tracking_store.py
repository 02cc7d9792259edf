"""What a tracking URI says, and what can be known of its database, before MLflow opens it."""

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analysis.connection import is_database, masked
from trainables.config import Refused

if TYPE_CHECKING:
    from sqlalchemy import URL

_EXPECTED = "expected a database (sqlite:///mlflow.db) or the address of a server (http://host:5000)"


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite store, as SQLAlchemy reads the URI; None for every other store.

    Raises Refused for a database's URI that it does not understand.
    """
    url = _database_url(uri) if is_database(uri) else None
    if url is None or url.get_backend_name() != "sqlite" or (url.database or "").startswith("file:"):
        return None
    return Path(url.database or "")


def sqlite_uri(file: Path) -> str:
    """The tracking URI of a SQLite file, whatever characters its path has."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(file)).render_as_string()


def check_store(uri: str, *, writes: bool) -> None:
    """Refuse a tracking URI that MLflow could not use, or a SQLite file that it could not open.

    `writes`: whether runs are to be recorded there. Raises Refused.
    """
    if uri.strip() != uri:
        raise Refused(f"the tracking URI {masked(uri)!r} has spaces or line breaks around it; {_EXPECTED}")
    file = sqlite_file(uri)
    if file is not None:
        if fault := _file_fault(file, writes=writes):
            raise Refused(f"MLflow's store {uri} cannot be used: {fault}. --tracking-uri names another.")
    elif is_database(uri):
        _require_driver(uri)
    elif uri.lower().startswith(("http://", "https://")):
        if fault := _address_fault(uri):
            raise Refused(f"the tracking URI {masked(uri)!r} {fault}; {_EXPECTED}")
    elif "://" not in uri and uri != "databricks":
        raise Refused(f"the tracking URI {uri!r} is a path or lacks its beginning; {_EXPECTED}")


def reach_database(uri: str) -> None:
    """Connect to a database once; raises SQLAlchemy's exception where it does not answer or lets nobody in.

    MLflow itself would try for two minutes, and print each attempt, before it says so.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    create_engine(uri, poolclass=NullPool).connect().close()


def _address_fault(uri: str) -> str:
    """What is wrong with the address of a server, or empty."""
    try:
        parts = urlsplit(uri)
        if not parts.hostname or parts.port == 0:
            return "names no host"
    except ValueError as error:  # half an IPv6 address, or a port that is none
        return f"names no host and port ({error})"
    return "is that of a page: leave out what comes after the host and port" if parts.fragment else ""


def _database_url(uri: str) -> "URL":
    from sqlalchemy import make_url  # late: no server needs it
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(uri)
        url.get_dialect()
    except (ArgumentError, ValueError) as error:  # the latter of a port that is no number
        raise Refused(f"the tracking URI {masked(uri)} is not understood: {masked(str(error))}") from error
    return url


def _require_driver(uri: str) -> None:
    """Refuse a database whose driver is not installed. Raises Refused."""
    try:
        _database_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        raise Refused(
            f"the database {masked(uri)} needs a driver that is not installed ({error}). Install it, or name another "
            "that is, as in postgresql+psycopg2://…"
        ) from error


def _file_fault(file: Path, *, writes: bool) -> str:
    """What keeps MLflow from using the file of a SQLite store, or empty."""
    if file.name in ("", ":memory:"):
        return "it would be lost with this process. Expected a file, as in sqlite:///mlflow.db"
    if file.parts[0] == "~":
        return "~ is no home there. Expected the whole path, as in sqlite:////home/me/mlflow.db"
    try:
        if file.is_dir():
            return "it is a folder; expected a file"
        if not file.exists():
            return folder_fault(file.absolute().parent) if writes else "there is none"
        if writes and not (os.access(file, os.W_OK) and os.access(file.absolute().parent, os.W_OK)):
            return "this user may not write the file and its folder, which SQLite needs both"
        if not os.access(file, os.R_OK):
            return "this user may not read it"
        return _content_fault(file)
    except OSError as error:
        return str(error)


def folder_fault(folder: Path) -> str:
    """What keeps a file from being made in a folder, which is made too, or empty."""
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:  # a name that is too long, or a folder that this user may not look into
        return str(error)
    if not there.is_dir():
        return f"{there} is no folder"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"this user may not write to the folder {there}"


def _content_fault(file: Path) -> str:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "experiments" not in tables or _has_rows(connection, tables, "alembic_version"):
            return ""
        if _has_rows(connection, tables, "runs"):
            return ""  # whatever it is, it holds records
        return (
            "an earlier start was broken off while it made the store. It holds no run: delete the file, and the same "
            "command makes it anew"
        )
    except sqlite3.DatabaseError as error:
        return "" if isinstance(error, sqlite3.OperationalError) else f"it is no SQLite database ({error})"
    finally:
        connection.close()


def _has_rows(connection: sqlite3.Connection, tables: set[str], table: str) -> bool:
    return table in tables and connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
