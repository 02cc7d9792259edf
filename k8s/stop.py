"""Ask the studies that run in this container to stop, and wait until they have: the head pod's preStop hook.

python -m k8s.stop --seconds 150

Ray would kill a driver that is in its pod when the pod ends; SIGTERM lets it end its trials and close its records.
"""

import argparse
import os
import signal
import time
from pathlib import Path

STUDIES = Path(__file__).resolve().parents[1] / "studies"
_PAUSE = 0.2


def running_studies(folder: Path) -> list[int]:
    """Process ids of the Python processes that run a script in `folder`."""
    processes = [process for process in Path("/proc").iterdir() if process.name.isdigit()]
    return [int(process.name) for process in processes if _runs_a_script_in(folder, process)]


def stop(folder: Path, seconds: float) -> list[int]:
    """Send SIGTERM to every running study of `folder` and wait; returns those that run on when the time is over."""
    asked = running_studies(folder)
    for pid in asked:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in running_studies(folder) if pid in asked]) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return left


def _runs_a_script_in(folder: Path, process: Path) -> bool:
    """Whether Python runs one of the folder's scripts; a shell, whose command is one argument, does not count."""
    try:
        interpreter, *arguments = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        working_folder = (process / "cwd").readlink()
    except OSError:  # it has ended, or is not ours to look at
        return False
    if not Path(interpreter).name.startswith("python"):
        return False
    script = next((argument for argument in arguments if argument and not argument.startswith("-")), None)
    return script is not None and (working_folder / script).parent == folder


def main() -> None:
    """Stop the studies as the command line asks."""
    parser = argparse.ArgumentParser(description="Stop the studies that run in this container.")
    parser.add_argument("--seconds", type=float, required=True, help="longest time to wait for them")
    if left := stop(STUDIES, parser.parse_args().seconds):
        print(f"still running: {left}")


if __name__ == "__main__":
    main()
