"""How long until a command says its first words, and until it ends, in this version and in an earlier one?

    python benchmarks/startup.py --before main

Each phase is a command in a fresh process, up to the first line that has the phase's words, or to its end. Both
versions take turns, so that a change in the machine's load falls on both. Processor time is that of the command's own
process, read from /proc; Linux only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tyro
from harness import RESULTS, print_table, write_results

REPOSITORY = Path(__file__).parents[1]
SMALL = "--quick --variants R=8 --lambdas 0 1".split()


@dataclass(frozen=True)
class Phase:
    """A command of a study's script, and words of the line that ends the phase; None: the end of the process."""

    name: str
    script: str
    arguments: Sequence[str]
    words: str | None
    prepared_by: Sequence[str] | None = None
    """Arguments of the same script, which is run with them once before anything is timed."""


PHASES = (
    Phase("help", "synthetic", ["--help"], "usage:"),
    Phase("a wrong option is refused", "synthetic", ["--wrong"], "--wrong"),
    Phase("a wrong value is refused", "synthetic", ["--seeds", "0"], "seeds must be at least 1"),
    Phase("missing files are named", "mosei_va", ["--data-dir", "nowhere"], "nowhere"),
    Phase("plan of a new study", "synthetic", ["--dry-run"], "core-seconds ("),
    Phase("plan of known data", "synthetic", ["--dry-run"], "core-seconds (", prepared_by=["--dry-run"]),
    Phase("a recorded study says so", "synthetic", SMALL, "nothing to train", prepared_by=SMALL),
    Phase("a recorded study is concluded", "synthetic", SMALL, "report: ", prepared_by=SMALL),
    Phase("a recorded study has ended", "synthetic", SMALL, None, prepared_by=SMALL),
    Phase("a study begun anew is about to train", "synthetic", [*SMALL, "--fresh"], "starting the", prepared_by=SMALL),
)


@dataclass(frozen=True)
class Contestant:
    """A checkout of some version, and the folder in which its commands run."""

    checkout: Path
    folder: Path

    def start(self, phase: Phase, arguments: Sequence[str], cache: Path) -> subprocess.Popen[str]:
        """Start the phase's script; what it keeps for later is kept in `cache`."""
        return subprocess.Popen(
            [sys.executable, "-u", str(self.checkout / "studies" / f"{phase.script}.py"), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.checkout), "COLUMNS": "200", "XDG_CACHE_HOME": str(cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def prepare(self, phase: Phase) -> None:
        """Do what the phase takes for granted."""
        if phase.prepared_by is not None:
            process = self.start(phase, phase.prepared_by, self.folder)
            output, _ = process.communicate()
            if process.returncode != 0:
                raise RuntimeError(f"{phase.name} cannot be prepared:\n{output}")

    def seconds(self, phase: Phase) -> tuple[float, float]:
        """Seconds of processor time, and of the clock, until the phase has ended."""
        with tempfile.TemporaryDirectory() as nothing_known:
            cache = Path(nothing_known) if phase.prepared_by is None else self.folder
            begun, said = time.perf_counter(), []
            process = self.start(phase, phase.arguments, cache)
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    said.append(line)
                    if phase.words is not None and phase.words.lower() in line.lower():
                        return _processor_seconds(process.pid), time.perf_counter() - begun
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its times can still be read
                if phase.words is None:
                    return _processor_seconds(process.pid), time.perf_counter() - begun
            finally:
                process.communicate()
        raise RuntimeError(f"{phase.name}: expected {phase.words!r}, got:\n{''.join(said)}")


def _processor_seconds(pid: int) -> float:
    """User and system time of a process so far; one that has just ended is still there, as nobody has waited for it."""
    # After the name in brackets, which may hold anything, the 12th and 13th field are the times, in ticks.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def checked_out(ref: str, folder: Path) -> Iterator[Path]:
    """A checkout of that git commit in `folder`, for a while."""
    git, place = ["git", "-C", str(REPOSITORY), "worktree"], folder / "before"
    subprocess.run([*git, "add", "--quiet", "--detach", str(place), ref], check=True)
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def measured(contestants: dict[str, Contestant], repeats: int) -> list[dict[str, str | float]]:
    """A row for each phase: median processor and wall seconds of each contestant, and the ratio where there are two."""
    rows = []
    for phase in PHASES:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        for contestant in contestants.values():
            contestant.prepare(phase)
        for _ in range(repeats):
            for name, contestant in contestants.items():
                times[name].append(contestant.seconds(phase))
        row: dict[str, str | float] = {"phase": phase.name}
        for name, pairs in times.items():
            row[f"{name}, processor s"], row[f"{name}, wall s"] = (
                statistics.median(values) for values in zip(*pairs, strict=True)
            )
        if "before" in contestants:
            row["before / now"] = float(row["before, processor s"]) / max(float(row["now, processor s"]), 0.01)
        rows.append(row)
    return rows


def main(before: str | None = None, out: Path = RESULTS / "startup.json", repeats: int = 5) -> None:
    """Print the table and write it as JSON.

    Args:
        before: A git commit or branch to compare with.
        out: The JSON file to write.
        repeats: Runs of each phase, of which the median counts.

    """
    with tempfile.TemporaryDirectory() as name:
        places = {version: Path(name) / f"runs of {version}" for version in ("now", "before")}
        for place in places.values():
            place.mkdir()
        now = Contestant(REPOSITORY, places["now"])
        if before is None:
            rows = measured({"now": now}, repeats)
        else:
            with checked_out(before, Path(name)) as checkout:
                rows = measured({"now": now, "before": Contestant(checkout, places["before"])}, repeats)
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
