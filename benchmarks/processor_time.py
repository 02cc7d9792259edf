"""What a command costs with all that it starts: seconds of the clock, and of processors."""

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds from a command's start to its exit, seconds of processors, and what it printed."""

    seconds: float
    processor_seconds: float
    output: str


def cost_of(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in `folder` and watch it with all its descendants.

    Of each process the time counts that it had when it was last seen, a quarter of a second before its end at most:
    those of Ray are nobody's children when they end, and no one could be asked afterwards.
    Raises RuntimeError, with all that was printed, where the command fails.
    """
    seen: dict[tuple[int, float], float] = {}
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        tree = psutil.Process(process.pid)
        while True:
            _look(tree, seen)
            try:
                code = process.wait(timeout=_SECONDS_BETWEEN_LOOKS)
                break
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - start
        output.seek(0)
        printed = output.read()
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{printed}")
    return Cost(seconds=seconds, processor_seconds=sum(seen.values()), output=printed)


def _look(tree: psutil.Process, seen: dict[tuple[int, float], float]) -> None:
    """Take down the processor time so far of a process and of all below it."""
    try:
        processes = [tree, *tree.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        try:
            times = process.cpu_times()
            seen[process.pid, process.create_time()] = times.user + times.system
        except psutil.NoSuchProcess:
            continue  # it has ended meanwhile, and counts as it was last seen
