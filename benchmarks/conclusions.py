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
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np
import tyro
from harness import RESULTS, print_table, write_results
from mlflow import MlflowClient

from analysis.conclusions import conclude_records
from analysis.records import RecordedRun, read_study, schema, trial_as_run
from analysis.report import write_study

NAME = "benchmark"
MODALITIES = ("vision", "audio")
VARIANTS = tuple(f"V{number}" for number in range(20))
LAMBDAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0)
SEEDS = 5
MAX_EPOCHS = 90
SPACE = {
    "learning_rate": [1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    "weight_decay": [0.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
    "dropout_1": [0.0, 0.1, 0.2],
    "dropout_2": [0.0, 0.1, 0.2],
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A trial's last report."""

    epoch: int
    time: int
    metrics: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is recorded of one trial."""

    key: str
    stage: str
    variant: str
    stratum: str
    index: int
    parameters: dict[str, float]
    started: int
    ended: int
    reports: tuple[Report]
    outcome: str
    host: str = "node"
    constants: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    hits: None = None


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
        "rehearsal": False,
        "definition": {
            "variants": {variant: {"type": "ArchiveData"} for variant in VARIANTS},
            "train_samples": [None],
            "configurations": num_configurations,
            "seeds": SEEDS,
            "margin": 0.005,
            "max_epochs": MAX_EPOCHS,
            "search_space": SPACE,
            "objective": {"type": "InfoNce", "temperature": 0.1},
            "aligned_width": None,
        },
    }
    tags = {
        schema.ROLE: schema.STUDY_ROLE,
        schema.IDENTITY: "benchmark",
        schema.SCHEMA_TAG: schema.SCHEMA,
        schema.STUDY: json.dumps(study),
    }
    parent = client.create_run(experiment, tags=tags).info.run_id
    client.set_terminated(parent)
    template = client.create_run(experiment)  # whose row shows what a run's row needs
    count = 0
    with sqlite3.connect(path) as store:
        cursor = store.execute("SELECT * FROM runs WHERE run_uuid = ?", (template.info.run_id,))
        columns, row = [column[0] for column in cursor.description], cursor.fetchone()
        default = dict(zip(columns, row, strict=True))
        for count, trial in enumerate(_trials(num_configurations), start=1):
            _insert(store, default, trial_as_run(trial, is_stopped=False), f"{count:032x}", parent)
        store.execute("DELETE FROM runs WHERE run_uuid = ?", (template.info.run_id,))
    return count


def _trials(num_configurations: int) -> Iterator[Trial]:
    rng = np.random.default_rng(0)
    started = 1_700_000_000_000
    for variant in VARIANTS:
        for lambda_ in LAMBDAS:
            for index in range(num_configurations):
                share, outcome = ((1, schema.FINISHED), (9, schema.PRUNED), (3, schema.PRUNED))[index % 3]
                started += 1000
                yield _trial(rng, schema.SEARCH, variant, lambda_, index, outcome, MAX_EPOCHS // share, started)
            started += 1000
            yield _trial(rng, schema.CONFIRM, variant, lambda_, 0, schema.FINISHED, MAX_EPOCHS, started)


def _trial(
    rng: np.random.Generator,
    stage: str,
    variant: str,
    lambda_: float,
    index: int,
    outcome: str,
    epochs: int,
    started: int,
) -> Trial:
    parameters = {schema.hyperparameter(name, MODALITIES): float(rng.choice(values)) for name, values in SPACE.items()}
    parameters |= {schema.LAMBDA: lambda_, schema.MAX_EPOCHS: MAX_EPOCHS, schema.BATCH_SIZE: 128}
    metrics = {schema.VALID_ACCURACY: 0.5 + 0.1 * rng.random(), schema.ALIGNMENT_LOSS: 1.0}
    for encoder in MODALITIES:
        metrics |= {schema.valid_accuracy(encoder): rng.random(), schema.encoder_loss(encoder): rng.random()}
    for seed in range(SEEDS if stage == schema.CONFIRM else 0):
        for encoder in MODALITIES:
            name = schema.ScoreName(score=schema.ACCURACY, encoder=encoder, seed=seed)
            metrics[str(name)] = 0.6 + 0.05 * np.exp(-lambda_) + 0.01 * rng.random()
        for measure, is_projected in product(schema.MEASURES, (False, True)):
            name = schema.AlignmentName(measure=measure, is_projected=is_projected, seed=seed)
            metrics[str(name)] = rng.random()
            metrics[str(replace(name, figure=schema.CHANCE))] = 0.03
            metrics[str(replace(name, figure=schema.CHANCE_HIGH))] = 0.04
    return Trial(
        key=f"{stage}-{index}-{started}",
        stage=stage,
        variant=variant,
        stratum=f"{variant} λ={lambda_:g}",
        index=index,
        parameters={**parameters, schema.NUM_REPLICAS: SEEDS},
        started=started,
        ended=started + 500,
        reports=(Report(epoch=epochs, time=started, metrics=metrics),),
        outcome=outcome,
    )


def _insert(store: sqlite3.Connection, default: dict, recorded: RecordedRun, run_id: str, parent: str) -> None:
    times = {"start_time": recorded.start, "end_time": recorded.end}
    run = default | {"run_uuid": run_id, "status": recorded.status} | times
    store.execute(f"INSERT INTO runs ({', '.join(run)}) VALUES ({', '.join('?' * len(run))})", list(run.values()))
    tags = {"mlflow.parentRunId": parent, **recorded.tags}
    store.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", [(*tag, run_id) for tag in tags.items()]
    )
    parameters = [(name, value, run_id) for name, value in recorded.parameters.items()]
    store.executemany("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", parameters)
    store.executemany(
        "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
        [(name, float(value), recorded.end, recorded.last_step, run_id) for name, value in recorded.metrics.items()],
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
