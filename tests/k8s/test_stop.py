import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8s.stop import STUDIES, running_studies, stop

SECONDS_ALLOWED = 30
OBEDIENT = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"

Start = Callable[[str, str], subprocess.Popen]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a script by its path and returns once it runs; what is left of it is ended with the test."""
    started = []

    def script(place: str, reaction: str) -> subprocess.Popen:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"import signal, sys, time\n{reaction}\nprint('ready', flush=True)\ntime.sleep({SECONDS_ALLOWED})\n"
        )
        # Through a shell, as Ray starts a job's entrypoint; `true` keeps it from becoming Python itself.
        command = f"{sys.executable} {path} --quick; code=$?; true; exit $code"
        process = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    yield script
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS_ALLOWED)
        process.stdout.close()


def test_a_study_is_asked_to_stop_and_waited_for(start: Start, tmp_path: Path) -> None:
    study = start("studies/synthetic.py", OBEDIENT)
    assert stop(tmp_path / "studies", SECONDS_ALLOWED) == []
    assert study.wait(SECONDS_ALLOWED) == 130


@pytest.mark.parametrize("place", ["studies_of_mine/synthetic.py", "studies/engine/part.py", "synthetic.py"])
def test_programs_elsewhere_are_left_alone(place: str, start: Start, tmp_path: Path) -> None:
    other = start(place, OBEDIENT)
    assert stop(tmp_path / "studies", 1) == []
    assert other.poll() is None


def test_a_study_that_does_not_stop_is_named_when_the_time_is_over(start: Start, tmp_path: Path) -> None:
    start("studies/stubborn.py", STUBBORN)
    began = time.monotonic()
    (left,) = stop(tmp_path / "studies", 0.5)
    assert time.monotonic() - began >= 0.5
    assert running_studies(tmp_path / "studies") == [left]


def test_the_hook_stops_the_studies_of_its_own_checkout(repository: Path) -> None:
    assert repository / "studies" == STUDIES
