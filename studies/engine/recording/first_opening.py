"""A new SQLite store of MLflow's, made by one process while the others wait, and never seen half made."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.connection import masked
from analysis.tracking_store import sqlite_file, sqlite_uri
from trainables.config import Refused

_PATIENCE = 300.0  # making the tables takes seconds, on a busy machine a minute


def make_store(uri: str) -> None:
    """Make the file of a SQLite store that is not there yet; nothing for any other store.

    MLflow makes its tables in many steps, and two processes that take them at once leave a store that nobody can open.
    Here the file gets its name once it is whole. Raises Refused where another process takes too long over it.
    """
    file = sqlite_file(uri)
    if file is None or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{file}.lock")
    try:
        with lock.acquire(timeout=_PATIENCE):
            if not file.exists():
                _make_whole(file, uri)
    except Timeout:
        raise Refused(
            f"another process has been making MLflow's store {file} for {_PATIENCE:.0f} s ({file}.lock is locked). "
            "Run the same command again once that has ended."
        ) from None
    Path(f"{file}.lock").unlink(missing_ok=True)  # who comes later finds the file, and needs no lock


def _make_whole(file: Path, uri: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    part = Path(f"{file}.part")
    part.unlink(missing_ok=True)  # what a process left that was ended meanwhile
    store = SqlAlchemyStore(sqlite_uri(part), artifact_root(uri))
    store.engine.dispose()
    part.replace(file)


def artifact_root(uri: str) -> str:
    """Where the artifacts of a database's runs lie: `mlruns` in the working folder, which is MLflow's own default.

    Where that cannot be written, it is beside a SQLite file. As a URI, because MLflow decodes a path as if it were one:
    in a folder named `50%20x` they would lie in `50 x`. Raises Refused where no folder is left.
    """
    folder, file = Path.cwd(), sqlite_file(uri)
    if not os.access(folder, os.W_OK):
        if file is None:
            raise Refused(
                f"the artifacts of {masked(uri)} lie in {folder}, which this user may not write to: start elsewhere"
            )
        folder = file.absolute().parent
    return (folder / "mlruns").as_uri()
