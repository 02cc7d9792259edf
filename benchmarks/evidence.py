"""What does evidence cost: a replica that is trained, tested and recorded, and a decision?

    python benchmarks/evidence.py

A replica: the synthetic study with R = 8 on 256 rows, 300 steps, at three λ of the paper's grid, with 8 and with 32
seeds, here and with stock Ray Tune (`stock_evidence.py`). Both search two configurations a λ with four seeds each, then
confirm the best. Ours also draws its conclusions, in its seconds. What 24 more seeds a λ cost says what a replica costs
where a study is large. Processor time is that of the command with all processes that it starts.

A decision: the rounds, from 8 seeds to at most 32, against 32 seeds at each λ of the paper's grid. Both search
alike, so that both confirm the same configurations; the search is not in their seconds. Without Ray, on one core.
"""

import itertools
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import tyro
from harness import RESULTS, Row, print_table, write_results
from in_process import TrainedTrial, run_queue
from processor_time import Cost, cost_of

from studies.engine.search.plan import CONFIRM
from studies.engine.search.queue import StudyQueue
from studies.synthetic import STUDY
from trainables.data import load
from trainables.placement import PlacedSplits

REPOSITORY = Path(__file__).parents[1]
VARIANT = "R=8"
FIRST_SEEDS = 8


def ours(folder: Path, lambdas: Sequence[float], seeds: int, configurations: int) -> tuple[Cost, int]:
    """What the whole command costs, and the replicas that it tested."""
    budget = ("--seeds", seeds, "--max-seeds", seeds, "--configurations", configurations)
    script = REPOSITORY / "studies" / "synthetic.py"
    command = [sys.executable, str(script), "--variants", VARIANT, "--lambdas", *map(str, lambdas), *map(str, budget)]
    cost = cost_of(command, folder, _environment())
    (table,) = (folder / "runs").rglob("scores.csv")
    return cost, len(pd.read_csv(table)) // 2  # a row for each of two encoders


def stock(folder: Path, lambdas: Sequence[float], seeds: int, configurations: int) -> tuple[Cost, int]:
    """The same of stock Ray Tune."""
    splits = load(STUDY.variants[VARIANT]).by_name
    arrays = {f"{name}_{field}": getattr(split, field) for name, split in splits.items() for field in ("x1", "x2", "y")}
    np.savez(folder / "data.npz", **arrays)
    budget = {"seeds": seeds, "configurations": configurations, "search-seeds": STUDY.search_seeds}
    budget["epochs"] = STUDY.max_epochs
    options = itertools.chain.from_iterable((f"--{name}", str(value)) for name, value in budget.items())
    script = REPOSITORY / "benchmarks" / "stock_evidence.py"
    places = ("--data", "data.npz", "--work-dir", ".")
    command = [sys.executable, str(script), *places, *options, "--lambdas", *map(str, lambdas)]
    cost = cost_of(command, folder, _environment())
    return cost, json.loads(cost.output.splitlines()[-1])["tested"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def replica_rows(lambdas: Sequence[float], seeds: Sequence[int], configurations: int) -> list[Row]:
    """A row for each contestant and number of seeds, and one for what the seeds beyond the first number cost."""
    found: dict[tuple[str, int], tuple[Cost, int]] = {}
    for count in seeds:
        for contestant in (ours, stock):
            with tempfile.TemporaryDirectory() as folder:
                cost, tested = contestant(Path(folder), lambdas, count, configurations)
            expected = len(lambdas) * count
            if tested != expected:
                raise RuntimeError(f"{contestant.__name__} tested {tested} replicas, expected {expected}")
            found[contestant.__name__, count] = (cost, tested)
    rows = [_replica_row(str(count), *(found[name, count] for name in ("ours", "stock"))) for count in seeds]
    if len(seeds) > 1:
        more = [_difference(found[name, seeds[0]], found[name, seeds[-1]]) for name in ("ours", "stock")]
        rows.append(_replica_row(f"from {seeds[0]} to {seeds[-1]}", *more))
    return rows


def _difference(few: tuple[Cost, int], many: tuple[Cost, int]) -> tuple[Cost, int]:
    cost = Cost(
        seconds=many[0].seconds - few[0].seconds,
        processor_seconds=many[0].processor_seconds - few[0].processor_seconds,
        output="",
    )
    return cost, many[1] - few[1]


def _replica_row(seeds: str, ours: tuple[Cost, int], stock: tuple[Cost, int]) -> Row:
    of_ours, of_stock = (
        {"s": 1000 * cost.seconds / replicas, "CPU": 1000 * cost.processor_seconds / replicas}
        for cost, replicas in (ours, stock)
    )
    return {
        "seeds": seeds,
        "replicas": ours[1],
        "ours, s": ours[0].seconds,
        "stock, s": stock[0].seconds,
        "ours, ms a replica": of_ours["s"],
        "stock, ms a replica": of_stock["s"],
        "times cheaper": of_stock["s"] / of_ours["s"],
        "ours, processor ms": of_ours["CPU"],
        "stock, processor ms": of_stock["CPU"],
        "times cheaper, processor": of_stock["CPU"] / of_ours["CPU"],
    }


def decision_rows(variants: Sequence[str], seeds: int, configurations: int) -> list[Row]:
    """A row for each variant: what both designs decide, how many replicas confirm it, and their processor seconds."""
    torch.set_num_threads(1)
    return [_decision_row(variant, seeds, configurations) for variant in variants]


def _decision_row(variant: str, seeds: int, configurations: int) -> Row:
    data = PlacedSplits(load(STUDY.variants[variant]))
    fixed = replace(
        STUDY, variants={variant: STUDY.variants[variant]}, configurations=configurations, max_seeds=seeds, seeds=seeds
    )
    studies = {"rounds": replace(fixed, seeds=FIRST_SEEDS), "fixed": fixed}
    spent: dict[str, dict[str, float]] = {name: {} for name in studies}
    queues = {}
    for name, study in studies.items():
        begin = partial(TrainedTrial, epochs_per_report=study.epochs_per_report, data=data, spent=spent[name])
        queues[name] = run_queue(study, data.modalities, begin)
    replicas = {name: _num_replicas(queue) for name, queue in queues.items()}
    seconds = {name: of_stages[CONFIRM] for name, of_stages in spent.items()}
    return {
        "variant": variant,
        **{f"{name}: decisions": _words(queue) for name, queue in queues.items()},
        **{f"{name}: replicas": number for name, number in replicas.items()},
        "share of replicas": replicas["rounds"] / replicas["fixed"],
        **{f"{name}: s": value for name, value in seconds.items()},
        "share of seconds": seconds["rounds"] / seconds["fixed"],
        "either search: s": sum(spent["fixed"].values()) - seconds["fixed"],
    }


def _num_replicas(queue: StudyQueue) -> int:
    return sum(sum(rounds.seeds.values()) for rounds in queue.rounds.values())


def _words(queue: StudyQueue) -> str:
    (rounds,) = queue.rounds.values()
    return ", ".join(decision.word for decision in rounds.decided.values())


def main(
    out: Path = RESULTS / "evidence.json",
    lambdas: tuple[float, ...] = (0, 0.8, 4),
    seeds: tuple[int, ...] = (8, 32),
    configurations: int = 2,
    variants: tuple[str, ...] = ("R=0", "R=8"),
) -> None:
    """Print both tables and write them as JSON.

    Args:
        out: The JSON file to write.
        lambdas: The λ at which a replica's cost is measured.
        seeds: How many seeds confirm each of them; the last number is the fixed design's.
        configurations: How many configurations are tried at each λ.
        variants: Variants of the synthetic study that are decided.

    """
    decided = decision_rows(variants, seeds[-1], configurations)
    print("What a decision costs: rounds, and the same number of seeds at every λ:")
    print_table(decided)
    replicas = replica_rows(lambdas, seeds, configurations)
    print("What a replica costs that is trained, tested and recorded:")
    print_table(replicas)
    write_results(out, [*decided, *replicas])


if __name__ == "__main__":
    tyro.cli(main)
