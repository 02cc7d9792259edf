"""What does a study cost on this platform, and what as a competent user writes it with stock Ray Tune?

    python benchmarks/study.py

The same search both times: synthetic data with R = 4, seven λ, four configurations each, two seeds, 30 epochs of 1,024
rows. Ours goes on to confirm the best of each λ with two more seeds, to test, to fit λ* and to draw the figures; all of
that is in its seconds. The training steps alone, in one process on one core, show what is left to gain.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import tyro
from harness import RESULTS, print_table, write_results

from studies.engine.search.plan import SEARCH, strata, trial_spec
from studies.synthetic import STUDY
from trainables.config import Hyperparameters
from trainables.data import Splits, load
from trainables.placement import PlacedSplits
from trainables.training import Training, draw_training_rows

REPOSITORY = Path(__file__).parents[1]
OPTIONS = {"configurations": 4, "seeds": 2, "max_epochs": 30, "train_samples": (1024,)}
SEARCHED = replace(STUDY, variants={"R=4": STUDY.variants["R=4"]}, **OPTIONS)
SPEC = trial_spec(SEARCHED, strata(SEARCHED)[0], SEARCH, 0, Hyperparameters(learning_rate=1e-2))


def ours(folder: Path) -> float:
    """Seconds of the whole command, from its start to its exit."""
    flags = "--variants R=4 --configurations 4 --seeds 2 --max-seeds 2 --max-epochs 30 --train-samples 1024".split()
    return _seconds([sys.executable, str(REPOSITORY / "studies" / "synthetic.py"), *flags], folder)


def stock(folder: Path, splits: Splits) -> float:
    """Seconds of the stock version's whole command."""
    rows = draw_training_rows(splits.train.y, SPEC.config, replica=0)
    data = {f"train_{name}": getattr(splits.train, name)[rows] for name in ("x1", "x2", "y")}
    data |= {f"valid_{name}": getattr(splits.valid, name) for name in ("x1", "x2", "y")}
    np.savez(folder / "data.npz", **data)
    script = REPOSITORY / "benchmarks" / "stock_study.py"
    return _seconds([sys.executable, str(script), "--data", "data.npz", "--work-dir", "."], folder)


def bare_training(splits: Splits) -> float:
    """Seconds of every training step of the search, none stopped early, two seeds at a time, on one core."""
    torch.set_num_threads(1)
    placed = PlacedSplits(splits)
    start = time.perf_counter()
    for stratum in strata(SEARCHED):
        for _ in range(SEARCHED.configurations):
            training = Training(replace(SPEC.config, lambda_=stratum.lambda_), placed)
            for _ in range(SEARCHED.max_epochs):
                training.run_epoch()
    return time.perf_counter() - start


def _seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stdout}\n{finished.stderr}")
    return seconds


def main(out: Path = RESULTS / "study.json", repeats: int = 3, stock_repeats: int = 1) -> None:
    """Print the table and write it as JSON.

    Args:
        out: The JSON file to write.
        repeats: Runs of ours and of the bare steps, of which the median counts.
        stock_repeats: Runs of the stock version, which takes minutes.

    """
    splits = load(SPEC.config.data)
    times: dict[str, list[float]] = {"bare training steps": [], "this platform": [], "stock Ray Tune": []}
    for repeat in range(max(repeats, stock_repeats)):
        with tempfile.TemporaryDirectory() as name:
            if repeat < repeats:
                times["bare training steps"].append(bare_training(splits))
                times["this platform"].append(ours(Path(name)))
            if repeat < stock_repeats:
                times["stock Ray Tune"].append(stock(Path(name), splits))
    medians = {name: statistics.median(values) for name, values in times.items() if values}
    ours_seconds = medians["this platform"]
    rows = [
        {"what": name, "runs": len(times[name]), "seconds": value, "relative to ours": value / ours_seconds}
        for name, value in medians.items()
    ]
    print_table(rows)
    write_results(out, rows)
    print(json.dumps({"this platform, each run": times["this platform"]}))


if __name__ == "__main__":
    tyro.cli(main)
