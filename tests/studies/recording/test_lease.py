import json
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studies.engine.recording.journal import JournalError
from studies.engine.recording.lease import Lease

LIFETIME = 0.6
A_PROCESS_THAT_DIED = 2**22 + 1  # above the largest number that Linux gives


def holder(storage: Path) -> dict:
    return json.loads((storage / "study.lease.json").read_text())


def left_behind(storage: Path, *, host: str, pid: int) -> None:
    owner = {"token": "another", "host": host, "pid": pid, "renewals": 3}
    (storage / "study.lease.json").write_text(json.dumps(owner))


def test_it_names_its_owner_and_is_gone_at_the_end(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "study"):
        assert (holder(tmp_path)["host"], holder(tmp_path)["pid"]) == (platform.node(), os.getpid())
    assert not list(tmp_path.iterdir())


def test_it_is_renewed_while_it_is_held(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "study", lifetime=LIFETIME):
        first = holder(tmp_path)["renewals"]
        time.sleep(LIFETIME)
        assert holder(tmp_path)["renewals"] > first


def test_a_second_process_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "study", lifetime=LIFETIME):
        with pytest.raises(JournalError, match=f"process {os.getpid()} on {platform.node()} holds its lease"):
            Lease(str(tmp_path), "study", lifetime=LIFETIME).__enter__()
        assert holder(tmp_path)["pid"] == os.getpid()


def test_another_study_has_a_lease_of_its_own(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "study"), Lease(str(tmp_path), "other"):
        assert {path.name for path in tmp_path.iterdir()} == {"study.lease.json", "other.lease.json"}


def test_the_lease_of_a_silent_machine_is_taken_over_after_its_lifetime(tmp_path: Path) -> None:
    left_behind(tmp_path, host="elsewhere", pid=1)
    began = time.monotonic()
    with Lease(str(tmp_path), "study", lifetime=LIFETIME):
        assert time.monotonic() - began >= LIFETIME
        assert holder(tmp_path)["pid"] == os.getpid()


def test_the_lease_of_a_dead_process_of_this_machine_is_taken_over_at_once(tmp_path: Path) -> None:
    left_behind(tmp_path, host=platform.node(), pid=A_PROCESS_THAT_DIED)
    with Lease(str(tmp_path), "study", lifetime=3600):  # an hour's wait would show
        assert holder(tmp_path)["pid"] == os.getpid()


def test_who_has_lost_it_is_interrupted_and_leaves_it_to_the_successor(tmp_path: Path) -> None:
    program = f"""
import time
from studies.engine.recording.lease import Lease
with Lease({str(tmp_path)!r}, "study", lifetime={LIFETIME}):
    print("held", flush=True)
    time.sleep(3600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "held\n"
            process.send_signal(signal.SIGSTOP)  # cut off, as a machine that sleeps
            left_behind(tmp_path, host="elsewhere", pid=1)
            process.send_signal(signal.SIGCONT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # or a failure would be waited for an hour
    assert "process 1 on elsewhere has taken this study over" in errors
    assert holder(tmp_path)["host"] == "elsewhere"
