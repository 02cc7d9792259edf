"""What a server that is away or refuses leads to: a real refused connection, and MLflow's own exceptions."""

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException, RestException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, PERMISSION_DENIED, UNAUTHENTICATED

from analysis.connection import (
    TrackingServerError,
    asked,
    bound_requests,
    explained,
    is_answer,
    is_away,
    masked,
    tracking_store,
)

UNREACHABLE = "http://someone:secret@127.0.0.1:9"  # the port `discard`, at which nobody listens


@pytest.mark.parametrize(
    ("given", "named", "found", "origin"),
    [
        ("http://option:1", "http://variable:2", "http://option:1", "--tracking-uri"),
        ("http://option:1", None, "http://option:1", "--tracking-uri"),
        ("sqlite:///mlflow.db", "http://variable:2", "sqlite:///mlflow.db", "--tracking-uri"),
        (None, "http://variable:2", "http://variable:2", "MLFLOW_TRACKING_URI"),
        (None, "", "sqlite:///mlflow.db", "the default; MLFLOW_TRACKING_URI is not set"),
        (None, None, "sqlite:///mlflow.db", "the default; MLFLOW_TRACKING_URI is not set"),
    ],
)
def test_the_option_goes_before_the_variable(
    given: str | None, named: str | None, found: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if named is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    assert tracking_store(given) == (found, origin)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:password@host:5000/path", "http://***@host:5000/path"),
        ("https://user@host", "https://***@host"),
        ("--tracking-uri http://a:p@ss@host --storage s3://b/c", "--tracking-uri http://***@host --storage s3://b/c"),
        ("postgresql://u:p@h/d and http://v:q@i", "postgresql://***@h/d and http://***@i"),
        ("http://host/path@version", "http://host/path@version"),
        ("someone@example.org sqlite:///mlflow.db", "someone@example.org sqlite:///mlflow.db"),
    ],
)
def test_credentials_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    ("error", "away", "words"),
    [
        (MlflowException("no", error_code=UNAUTHENTICATED), True, "MLFLOW_TRACKING_PASSWORD"),
        (MlflowException("no", error_code=PERMISSION_DENIED), True, "--allowed-hosts"),
        (MlflowException("no", error_code=BAD_REQUEST), False, "refuses (400"),
        (MlflowException("failed with exception"), True, "Check the address"),
        (RestException({"error_code": "TEMPORARILY_UNAVAILABLE"}), True, "Check the address"),
        (ConnectionResetError("gone"), True, "gone"),
    ],
)
def test_each_answer_is_explained(error: Exception, away: bool, words: str) -> None:
    assert is_away(error) is away
    assert is_answer(error)
    assert words in explained(error, "http://host")


def test_a_mistake_of_ours_is_not_the_servers() -> None:
    assert not is_answer(KeyError("trial")) and not is_away(KeyError("trial"))

    def mistake() -> None:
        raise KeyError("trial")

    with pytest.raises(KeyError):
        asked("http://host", mistake)


def test_what_refuses_is_asked_once_and_what_is_away_again() -> None:
    answers: list[Exception | int] = [ConnectionResetError("restarting"), 3]

    def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert asked("http://host", ask) == 3
    answers[:] = [MlflowException("no", error_code=UNAUTHENTICATED), 3]
    with pytest.raises(TrackingServerError, match="http://host does not know this user"):
        asked("http://host", ask)
    assert answers == [3]


def test_a_server_that_is_not_there_is_named_without_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAX_RETRIES", "TIMEOUT"):
        monkeypatch.delenv(f"MLFLOW_HTTP_REQUEST_{name}", raising=False)
    monkeypatch.setattr("analysis.connection._PAUSES", ())
    bound_requests()
    client = MlflowClient(UNREACHABLE)
    with pytest.raises(TrackingServerError) as caught:
        asked(UNREACHABLE, lambda: client.get_experiment_by_name("any"))
    assert "http://***@127.0.0.1:9 cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)
