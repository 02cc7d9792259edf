"""What a command ends with: a sentence and a code for what the user can mend, a traceback for what is our fault."""

import io

import pytest
from rich.console import Console

from analysis.connection import TrackingServerError
from studies.engine.cluster.resources import ResourceError
from studies.engine.commands.exit_codes import exit_codes
from studies.engine.outcome import StudyFailed
from studies.engine.recording.journal import JournalError
from studies.engine.recording.storage import StorageError
from studies.engine.recording.tracking import UnsentError
from trainables.config import Refused
from trainables.data import MissingDataError

GOES_ON = "the same command goes on from there"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Refused("expected this, got that"), 2, ["study: expected this, got that"]),
        (Refused("expected [n] or [n, d], got [/red]"), 2, ["study: expected [n] or [n, d], got [/red]"]),
        (MissingDataError("no data"), 2, ["study: no data"]),
        (JournalError("held"), 2, ["study: held"]),
        (ResourceError("no node"), 2, ["study: no node"]),
        (TrackingServerError("http://a:b@host", OSError("no")), 2, ["MLflow at http://***@host cannot be reached"]),
        (StudyFailed(["this failed", "that too"]), 1, ["study: this failed\nthat too"]),
        (UnsentError("http://host", "runs", OSError("no")), 1, ["MLflow at http://host", "nothing is lost"]),
        (OSError(28, "No space left"), 1, ["study: OSError: [Errno 28] No space left", GOES_ON]),
        (StorageError("away"), 1, ["study: StorageError: away", GOES_ON]),
        (KeyboardInterrupt(), 130, ["Stopped.", GOES_ON, "python study.py --seeds 3\n"]),
    ],
)
def test_what_the_user_can_mend_is_one_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: list[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["study.py", "--fresh", "--seeds", "3"])
    printed = io.StringIO()
    with pytest.raises(SystemExit) as left, exit_codes("study", Console(file=printed, width=400)):
        raise error
    assert left.value.code == code
    for word in words:
        assert word in printed.getvalue()


@pytest.mark.parametrize("error", [ValueError("a bug"), RuntimeError("a bug"), KeyError("a bug"), AssertionError()])
def test_a_fault_of_ours_keeps_its_traceback(error: Exception) -> None:
    printed = io.StringIO()
    with pytest.raises(type(error)) as caught, exit_codes("study", Console(file=printed)):
        raise error
    assert caught.value is error
    assert printed.getvalue() == ""


def test_what_went_well_ends_nothing() -> None:
    with exit_codes("study", Console(quiet=True)):
        """Nothing is raised."""
