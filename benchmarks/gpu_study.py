"""A whole small study on the device, and the same on the CPU: it ends, and gives nearly the same scores."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from gpu_plan import Plan
from harness import Row

_STUDY = Path(__file__).parents[1] / "studies" / "synthetic.py"
_SMALL = "--quick --variants R=8 --lambdas 0 1 --configurations 1 --max-epochs 40".split()
_LAST_LINES = 20


def whole_study(plan: Plan) -> Iterator[Row]:
    """A row for each way to run the study: the seconds of the whole command, and how far its scores are from the CPU's.

    One configuration is tried at each λ, so that rounding cannot choose another.
    """
    ways = {"--num-gpus 0": ("--num-gpus", "0")}
    if plan.device.type == "cuda":
        ways |= {
            "--num-gpus 1": ("--num-gpus", "1"),
            "--num-gpus 1 --gpus-per-trial 0.25": ("--num-gpus", "1", "--gpus-per-trial", "0.25"),
        }
    expected: np.ndarray | None = None
    for name, arguments in plan.within_budget(ways.items()):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            scores = _scores(arguments, Path(folder), plan.seconds_left)
        seconds = time.perf_counter() - start
        expected = scores if expected is None else expected
        yield {
            "options": name,
            "seconds": seconds,
            "scores": len(scores),
            "largest difference of a score from the CPU's": float(np.abs(scores - expected).max()),
        }


def _scores(arguments: tuple[str, ...], folder: Path, seconds: float) -> np.ndarray:
    """The test accuracies of a study that ran in `folder`, in the order of its table.

    Raises RuntimeError where it fails, with its last lines, or is not over after so many seconds.
    """
    command = [sys.executable, str(_STUDY), *_SMALL, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(_STUDY.parents[1])}
    try:
        finished = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{' '.join(command)} was not over after {seconds:.0f} s") from None
    if finished.returncode != 0:
        last = "\n".join((finished.stdout + finished.stderr).splitlines()[-_LAST_LINES:])
        raise RuntimeError(f"{' '.join(command)} failed:\n{last}")
    (table,) = (folder / "runs").rglob("scores.csv")
    return pd.read_csv(table)["accuracy"].to_numpy()
