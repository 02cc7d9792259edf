"""What does it cost that several workers train on one large data set, loaded once a node or once a worker?

    python benchmarks/sharing.py

Generated data of CMU-MOSEI's size (22,777 clips of 50 steps, vision 35 and audio 74 wide), so that nothing need be at
hand. Ours: one task loads them into Ray's object store, where all workers use them. The alternative: each worker loads
them itself, as a training script would. Each worker then trains a few steps of the study's smallest model.
"""

import re
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import ray
import torch
import tyro
from harness import RESULTS, print_table, write_results
from rich.console import Console

from studies import mosei_va
from studies.engine.cluster.session import Cluster
from studies.engine.inputs.shared_data import share
from studies.engine.options import Options
from studies.engine.search.plan import SEARCH, strata, trial_spec
from studies.engine.study import Study
from trainables.config import Hyperparameters, RehearsalData, TrialConfig
from trainables.data import Splits, has_known_shapes, load
from trainables.placement import PlacedSplits
from trainables.training import Training

NUM_TRAINED_ROWS = 512
MEBI = 2**20


@dataclass(frozen=True, kw_only=True)
class WorkerCost:
    """Seconds until a worker could train, seconds of a training step, and the worker's own memory in bytes after it."""

    ready: float
    step: float
    own_bytes: int


def rehearsed(study: Study) -> Study:
    """The study on generated data of the same shapes."""
    ((label, data),) = study.variants.items()
    if not has_known_shapes(data):
        raise ValueError(f"expected a data set that can be rehearsed, got {data}")
    return replace(study, variants={label: RehearsalData(original=data)})


def train_a_little(config: TrialConfig, splits: Splits | None) -> WorkerCost:
    """Place the splits, loaded here where none are given, and train one short epoch."""
    start = time.perf_counter()
    torch.set_num_threads(1)
    training = Training(config, PlacedSplits(load(config.data) if splits is None else splits))
    ready = time.perf_counter() - start
    training.run_epoch()
    step = (time.perf_counter() - start - ready) / (NUM_TRAINED_ROWS // config.batch_size)
    return WorkerCost(ready=ready, step=step, own_bytes=own_memory())


def own_memory() -> int:
    """Bytes that this process alone holds: what it shares with others, as the object store, is not counted."""
    kilobytes = re.findall(r"^Private_\w+:\s+(\d+) kB", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return 1024 * sum(map(int, kilobytes))


def stored_bytes() -> float:
    """Bytes in use in Ray's object store, once its report has settled."""
    time.sleep(3)
    total, free = ray.cluster_resources(), ray.available_resources()
    return total["object_store_memory"] - free.get("object_store_memory", 0.0)


def main(num_workers: int = 2, out: Path = RESULTS / "sharing.json") -> None:
    """Print the table and write it as JSON.

    Args:
        num_workers: Workers that train side by side.
        out: The JSON file to write.

    """
    study = rehearsed(mosei_va.STUDY)
    (data,) = study.variants.values()
    seconds = {}
    for name in ("loading, generated anew or from the cache", "loading from the cache"):
        start = time.perf_counter()
        splits = load(data)
        seconds[name] = time.perf_counter() - start
    num_bytes = sum(values.nbytes for split in splits.by_name.values() for values in (split.x1, split.x2))
    choice = Hyperparameters(learning_rate=1e-3, depth=2, projection_size=64)
    spec = trial_spec(study, strata(study)[-1], SEARCH, 0, choice)
    config = replace(spec.config, train_samples=NUM_TRAINED_ROWS)
    with Cluster(Options(num_cpus=num_workers)) as cluster:
        cluster.connect(Console())
        start = time.perf_counter()
        shared = share(study, Path(), {}, Console(quiet=True))
        seconds["loading, checking and sharing on Ray"] = time.perf_counter() - start
        work: Any = ray.remote(num_cpus=1)(train_a_little)
        used = stored_bytes()
        workers = {
            "shared": partial(work.remote, config, shared.references[data]),
            "a copy each": partial(work.remote, config, None),
        }
        rows = []
        for name, start_one in workers.items():
            costs: list[WorkerCost] = ray.get([start_one() for _ in range(num_workers)])
            rows.append(
                {
                    "workers": f"{num_workers}, {name}",
                    "s until ready": max(cost.ready for cost in costs),
                    "ms a step": 1000 * sum(cost.step for cost in costs) / num_workers,
                    "own MiB a worker": max(cost.own_bytes for cost in costs) / MEBI,
                    "MiB in the object store": used / MEBI,
                    "MiB of data": num_bytes / MEBI,
                }
            )
    for name, value in seconds.items():
        print(f"{name}: {value:.2f} s")
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
