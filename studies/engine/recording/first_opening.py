"""A new SQLite store of MLflow's, made by one process while the others wait, and never seen half made."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from analysis.connection import masked
from analysis.tracking_store import sqlite_file, sqlite_uri
from trainables.config import Refused
from trainables.data.feature_cache import cache_folder, read_checked, write_checked

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
    part = Path(f"{file}.part")
    part.write_bytes(_tables())  # over what a process left that was ended meanwhile
    _open(part, uri)
    part.replace(file)


def _tables() -> bytes:
    """A store without an experiment, as this release of MLflow makes it; kept, since that takes it seconds."""
    from mlflow import __version__

    folder = cache_folder()
    kept = None if folder is None else folder / f"mlflow-{__version__}.tables"
    tables = None if kept is None else read_checked(kept)
    if tables is None:
        tables = _made_tables()
        if kept is not None:
            with suppress(OSError):
                write_checked(kept, tables)
    return tables


def _made_tables() -> bytes:
    with TemporaryDirectory(prefix="align-or-not-") as folder:
        file = Path(folder) / "mlflow.db"
        _open(file, sqlite_uri(file))
        with closing(sqlite3.connect(file)) as database:
            # MLflow makes it where there is none, and then for the artifacts' folder of that store.
            database.execute("DELETE FROM experiments")
            database.commit()
        return file.read_bytes()


def _open(file: Path, uri: str) -> None:
    """Have MLflow make what the store lacks; its artifacts lie where those of `uri` do."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(sqlite_uri(file), artifact_root(uri)).engine.dispose()


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
