"""What a command ends with: a sentence and a code for what the user can mend, a traceback for what is our fault."""

import io
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from analysis.connection import TrackingServerError
from studies.engine.cluster.resources import ResourceError
from studies.engine.commands.exit_codes import before_anything, command, exit_codes
from studies.engine.outcome import StudyFailed
from studies.engine.printing import terminal
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


def test_a_command_whose_working_folder_is_gone_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(SystemExit) as left, command("study"):
        raise AssertionError("it has begun")
    assert left.value.code == 2
    assert "study: the folder in which this runs is not there any more" in capsys.readouterr().out


def test_what_the_system_refuses_before_anything_is_done_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"^nothing was done: FileNotFoundError: .*none"), before_anything():
        (tmp_path / "none").read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_where_the_output_itself_is_full_it_is_said_on_the_other_one(capsys: pytest.CaptureFixture[str]) -> None:
    full = Path("/dev/full").open("w", buffering=1)
    with pytest.raises(SystemExit) as left, exit_codes("study", terminal(file=full)):
        terminal(file=full).print("a line")
    with suppress(OSError):
        full.close()
    assert left.value.code == 1
    assert "study: OSError: [Errno 28] No space left on device" in capsys.readouterr().err


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
