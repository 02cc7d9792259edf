"""Where MLflow's store is, and what is said, and how long is waited, where its server is out of reach or refuses."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from trainables.config import Refused

_Answer = TypeVar("_Answer")

_VARIABLE, _DEFAULT_STORE = "MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"

_PAUSES = (1.0, 2.0, 4.0, 8.0)
_PATIENCE = 15.0
_SECONDS_A_REQUEST = 20
_LONGEST_ANSWER = 300
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_CREDENTIALS = re.compile(r"://[^/\s'\"]*@")
# Answers that a restart, or an administrator, may put right: everything from 500 on is among them as well.
_UNAUTHENTICATED, _FORBIDDEN, _TIMED_OUT, _TOO_MANY, _SERVER_FAILED = 401, 403, 408, 429, 500


class TrackingServerError(Refused):
    """A tracking server is out of reach or refuses; the message says which, what came back, and what to check."""

    def __init__(self, uri: str, error: Exception) -> None:
        super().__init__(f"MLflow at {masked(uri)} {explained(error, uri)}")


def tracking_store(given: str | None) -> tuple[str, str]:
    """The address of MLflow's store, and where it is from: what was given, else MLflow's variable, else a file here."""
    if given is not None:
        return given, "--tracking-uri"
    named = os.environ.get(_VARIABLE)
    return (named, _VARIABLE) if named else (_DEFAULT_STORE, f"the default; {_VARIABLE} is not set")


def bound_requests() -> None:
    """Have MLflow give a failed request up within seconds, and print nothing, where the user has not said otherwise.

    It would try for minutes before it says anything, and a request that it sends twice may make two runs.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(_SECONDS_A_REQUEST))
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # It prints the address of every run that ends, with the credentials that are in it.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def is_database(uri: str) -> bool:
    """Whether a tracking URI names a database, which this process opens itself, and no server."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme.partition("+")[0] in _DATABASES


def masked(text: str) -> str:
    """The text with the credentials of every address in it replaced by asterisks."""
    return _CREDENTIALS.sub("://***@", text)


def is_away(error: Exception) -> bool:
    """Whether what failed may succeed later as it stands: no answer, a failure of the server, or a closed door."""
    status = _status(error)
    if status is None:
        return isinstance(error, OSError) or _library_of(error) == "sqlalchemy"
    return status >= _SERVER_FAILED or status in (_UNAUTHENTICATED, _FORBIDDEN, _TIMED_OUT, _TOO_MANY)


def is_answer(error: Exception) -> bool:
    """Whether the server, or the way to it, is behind an exception, and not a mistake of the caller's."""
    return _status(error) is not None or is_away(error) or _library_of(error) == "alembic"  # which brings tables along


def explained(error: Exception, uri: str) -> str:
    """What the server or database at `uri` did, and what to check: the rest of a sentence that begins with `uri`."""
    status = _status(error)
    answer = " ".join(masked(str(error)).split()).split("Caused by ")[-1].split("Response body: ")[-1][:_LONGEST_ANSWER]
    if is_database(uri):
        return (
            f"cannot be opened or used ({answer}). Check that the database is there, and that it belongs to this "
            "version of MLflow."
        )
    if status == _UNAUTHENTICATED:
        return (
            f"does not know this user or password (401: {answer}). "
            "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
        )
    if status == _FORBIDDEN:
        return (
            f"refuses (403: {answer}). Check that the server was started with this name among its --allowed-hosts, and "
            "that the user of MLFLOW_TRACKING_USERNAME may write to the experiment."
        )
    if status is not None and status < _SERVER_FAILED:
        return f"refuses ({status}: {answer})"
    return f"cannot be reached or does not answer ({answer}). Check the address, and that the server is up."


def asked(uri: str, question: Callable[[], _Answer]) -> _Answer:
    """What the server at `uri` answers to a question that changes nothing, asked again for a quarter of a minute.

    Raises TrackingServerError where it is away for longer, or refuses.
    """
    begun = time.monotonic()
    for pause in (*_PAUSES, None):
        try:
            return question()
        except Exception as error:
            if not is_answer(error):
                raise
            closed = _status(error) in (_UNAUTHENTICATED, _FORBIDDEN)
            if pause is None or closed or not is_away(error) or time.monotonic() - begun > _PATIENCE:
                raise TrackingServerError(uri, error) from error
            time.sleep(pause)
    raise AssertionError("unreachable")


@contextmanager
def answers_named(uri: str) -> Iterator[None]:
    """What the server at `uri`, or the way to it, raises meanwhile is a TrackingServerError; nothing is tried again."""
    try:
        yield
    except Exception as error:
        if not is_answer(error):
            raise
        raise TrackingServerError(uri, error) from error


def _status(error: Exception) -> int | None:
    """The HTTP status that an exception of MLflow carries; None for any other."""
    carried = getattr(error, "get_http_status_code", None)
    return None if carried is None else carried()


def _library_of(error: Exception) -> str:
    """The library that raised it; SQLAlchemy's and Alembic's come from a database with no server before it."""
    return type(error).__module__.split(".")[0]
