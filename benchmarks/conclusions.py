"""How long do the conclusions of 10,000 recorded trials take, and how much memory?

    python benchmarks/conclusions.py

A study of 20 variants and 7 λ, 71 configurations and a confirmation with 5 seeds at each (the shape of the map of λ*
over redundancy and training rows, searched far more thoroughly), is written to an MLflow store on sqlite as rows of
its tables, with the parameters, metrics and tags that a study records; MLflow's own interface would take a quarter
of an hour. Reading it, drawing the conclusions, and writing figures, tables and the report are then timed in a
process of their own; and so is the same study with fewer configurations, which shows what the seconds and the
memory grow by.
"""

import json
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from harness import RESULTS, print_table, write_results
from mlflow import MlflowClient

from analysis.conclusions import conclude_records
from analysis.records import read_study
from analysis.report import write_study

NAME = "benchmark"
MODALITIES = ("vision", "audio")
VARIANTS = tuple(f"V{number}" for number in range(20))
LAMBDAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0)
SEEDS = 5
SPACE = {
    "learning_rate": [1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    "weight_decay": [0.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    "dropout_1": [0.0, 0.1, 0.2],
    "dropout_2": [0.0, 0.1, 0.2],
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is recorded of one trial."""

    stage: str
    variant: str
    lambda_: float
    index: int
    outcome: str
    epochs: int
    parameters: dict[str, float]
    metrics: dict[str, float]


def write_store(path: Path, num_configurations: int) -> int:
    """Write the study to a new store; returns how many trials it has."""
    client = MlflowClient(tracking_uri=f"sqlite:///{path}")  # makes the tables
    experiment = client.create_experiment(NAME)
    study = {
        "name": NAME,
        "question": "How long do its conclusions take?",
        "modalities": MODALITIES,
        "variants": VARIANTS,
        "lambdas": LAMBDAS,
        "definition": {"configurations": num_configurations, "seeds": SEEDS, "search_space": SPACE},
    }
    tags = {"role": "study", "identity": "benchmark", "study": json.dumps(study)}
    parent = client.create_run(experiment, tags=tags).info.run_id
    client.set_terminated(parent)
    template = client.create_run(experiment)  # whose row shows what a run's row needs
    count = 0
    with sqlite3.connect(path) as store:
        cursor = store.execute("SELECT * FROM runs WHERE run_uuid = ?", (template.info.run_id,))
        columns, row = [column[0] for column in cursor.description], cursor.fetchone()
        default = dict(zip(columns, row, strict=True))
        for count, trial in enumerate(_trials(num_configurations), start=1):
            _insert(store, default, trial, count, parent)
        store.execute("DELETE FROM runs WHERE run_uuid = ?", (template.info.run_id,))
    return count


def _trials(num_configurations: int) -> Iterator[Trial]:
    rng = np.random.default_rng(0)
    for variant in VARIANTS:
        for lambda_ in LAMBDAS:
            for index in range(num_configurations):
                outcome, epochs = (("finished", 90), ("pruned", 10), ("pruned", 30))[index % 3]
                yield _trial(rng, "search", variant, lambda_, index, outcome, epochs)
            yield _trial(rng, "confirm", variant, lambda_, 0, "finished", 90)


def _trial(
    rng: np.random.Generator, stage: str, variant: str, lambda_: float, index: int, outcome: str, epochs: int
) -> Trial:
    names = [name.replace("_1", "_vision").replace("_2", "_audio") for name in SPACE]
    parameters = {name: float(rng.choice(values)) for name, values in zip(names, SPACE.values(), strict=True)}
    metrics = {"accuracy/best": 0.5 + 0.1 * rng.random(), "valid/accuracy": 0.5, "loss/align": 1.0}
    confirms = stage == "confirm"
    for seed in range(SEEDS if confirms else 2):
        for name in MODALITIES:
            metrics[f"valid/accuracy/{name}/seed_{seed}"] = rng.random()
            metrics[f"loss/task/{name}/seed_{seed}"] = rng.random()
            if confirms:
                metrics[f"test/accuracy/{name}/seed_{seed}"] = 0.6 + 0.05 * np.exp(-lambda_) + 0.01 * rng.random()
        for name in ("cka", "svcca", "mutual_knn", "projected/cka", "projected/svcca", "projected/mutual_knn"):
            metrics[f"alignment/{name}/seed_{seed}"] = rng.random()
    return Trial(
        stage=stage,
        variant=variant,
        lambda_=lambda_,
        index=index,
        outcome=outcome,
        epochs=epochs,
        parameters={"lambda": lambda_, **parameters, "max_epochs": 90, "batch_size": 128, "num_replicas": SEEDS},
        metrics=metrics,
    )


def _insert(store: sqlite3.Connection, default: dict, trial: Trial, number: int, parent: str) -> None:
    run_id = f"{number:032x}"
    start = 1_700_000_000_000 + 1000 * number
    status = "FINISHED" if trial.outcome == "finished" else "KILLED"
    run = default | {"run_uuid": run_id, "start_time": start, "end_time": start + 500, "status": status}
    store.execute(f"INSERT INTO runs ({', '.join(run)}) VALUES ({', '.join('?' * len(run))})", list(run.values()))
    tags = {
        "mlflow.parentRunId": parent,
        "role": "trial",
        "trial": f"{trial.stage}-{trial.index}-{number}",
        "stage": trial.stage,
        "variant": trial.variant,
        "stratum": f"{trial.variant} λ={trial.lambda_:g}",
        "configuration": str(trial.index),
        "outcome": trial.outcome,
        "error": "",
    }
    store.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", [(*tag, run_id) for tag in tags.items()]
    )
    parameters = [(name, str(value), run_id) for name, value in trial.parameters.items()]
    store.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", parameters)
    store.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
        [(name, float(value), start, trial.epochs, run_id) for name, value in trial.metrics.items()],
    )


def _analyse(path: Path, folder: Path, results: "multiprocessing.Queue[dict[str, float]]") -> None:
    """Read, conclude and write, each with its seconds, and the peak memory of this process in MB.

    On a machine that others use, the seconds on the processor say more than those on the clock.
    """
    start, started = time.perf_counter(), time.process_time()
    records = read_study(f"sqlite:///{path}", NAME)
    read = time.perf_counter()
    conclusions = conclude_records(records)
    concluded = time.perf_counter()
    write_study(conclusions, folder)
    written = time.perf_counter()
    seconds = {"read": read - start, "conclude": concluded - read, "write": written - concluded}
    seconds |= {"all": written - start, "all, on the processor": time.process_time() - started}
    results.put({**seconds, "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


def main(configurations: int = 71, out: Path = RESULTS / "conclusions.json") -> None:
    """Print the table and write it as JSON.

    Args:
        configurations: Configurations at each of 140 λ; 71 and the confirmations make 10,080 trials.
        out: The JSON file to write.

    """
    rows = []
    context = multiprocessing.get_context("spawn")  # a fork would begin with the memory of this process
    for number in (max(1, configurations // 10), configurations):
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "mlflow.db"
            count = write_store(path, number)
            results = context.Queue()
            process = context.Process(target=_analyse, args=(path, Path(name) / "figures", results))
            process.start()
            measured = results.get()
            process.join()
            size = path.stat().st_size / 1e6
        rows.append({"trials": count, "store MB": size, **measured})
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
