"""How does a study's driver bear many trials on many nodes: what costs a trial, and does that grow with their number?

    python benchmarks/scale.py

Trainings that cost nothing, of 16 strata, on a simulated cluster of 32 nodes: what is measured is the platform itself.
Each size runs in a process of its own, on the same cluster. Seconds are the driver's: of the clock, and of its
processor (all its threads). A size is asked for by trials; successive halving and confirmation are any study's.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import ray
import tyro
from harness import RESULTS, print_table, write_results
from ray import tune
from ray.cluster_utils import Cluster
from rich.console import Console

from studies.engine.cluster.session import Cluster as StudyCluster
from studies.engine.grids import REAL_DATA_SEARCH_SPACE
from studies.engine.inputs.shared_data import DataFacts
from studies.engine.options import Options
from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.recording import open_recording
from studies.engine.search.plan import TrialSpec, strata
from studies.engine.search.queue import StudyQueue
from studies.engine.study import Study
from studies.engine.tune.live_table import Display
from studies.engine.tune.orders import Orders
from studies.engine.tune.recorder import Recorder
from studies.engine.tune.tuner import run_trials
from studies.synthetic import STUDY
from trainables.config import SEARCH_METRIC
from trainables.data import modalities, shapes

NUM_STRATA = 16
SIZES = (250, 500, 1000, 2000)
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Which sizes on which cluster."""

    trials: tuple[int, ...] = SIZES
    """Numbers of trials to run, each in a process of its own."""
    nodes: int = 32
    """Simulated nodes, of one core each."""
    out: Path = RESULTS / "scale.json"
    """Where the results go."""
    member: str | None = None
    """Run one size on the cluster at this address and print what it cost; the benchmark calls itself so."""


class Nothing(tune.Trainable):
    """A training that is over at once."""

    def setup(self, config: dict[str, Any]) -> None:
        """Begin the trial of this configuration."""
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin another."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Report what a training of two modalities reports."""
        self._epoch += self._epochs_per_report
        names = (SEARCH_METRIC, "valid/accuracy/modality_1", "valid/accuracy/modality_2", "loss/align")
        return {"epoch": self._epoch} | {name: self._score + 1e-3 * self._epoch for name in names}

    def _begin(self, config: dict[str, Any]) -> None:
        self._epoch, self._score, self._epochs_per_report = 0, config["score"], config["epochs_per_report"]


class PlainOrders(Orders):
    """Gives workers plain values, so that none need import PyTorch to be told what to do."""

    def worker_config(self, spec: TrialSpec, record: TrialRecord) -> dict[str, Any]:
        """The configuration of a trial that reaches a score of its learning rate's."""
        score = 0.5 - 100 * spec.config.hyperparameters.learning_rate
        return {"key": spec.key, "score": score, "epochs_per_report": self.study.epochs_per_report}


def study_of(num_trials: int) -> Study:
    """A study of 16 strata with about that many trials."""
    study = replace(
        STUDY,
        name="scale",
        variants={label: STUDY.variants[label] for label in ("R=0", "R=8")},
        lambdas=tuple(range(NUM_STRATA // 2)),
        search_space=REAL_DATA_SEARCH_SPACE,
        configurations=num_trials // NUM_STRATA - 1,
        max_epochs=9,
    )
    assert len(strata(study)) == NUM_STRATA
    return study


def run_size(num_trials: int, address: str) -> dict[str, float]:
    """What one study costs its driver."""
    study, console = study_of(num_trials), Console(quiet=True)
    data = next(iter(study.variants.values()))
    facts = DataFacts(shapes=shapes(data), ceilings=None, population={}, content=None, warnings=())
    orders = PlainOrders(study=study, facts=dict.fromkeys(study.variants.values(), facts), packs=True)
    with tempfile.TemporaryDirectory() as folder, StudyCluster(Options(address=address)) as cluster:
        uri = f"sqlite:///{folder}/mlflow.db"
        slots = cluster.connect(console).slots
        with open_recording(study, modalities(data), folder, uri, fresh=False) as recording:
            recording.connect()
            queue = StudyQueue(study, modalities(data), {})
            recorder = Recorder(queue, recording, {}, orders)
            process = psutil.Process()
            memory, busy, start = process.memory_info().rss, process.cpu_times(), time.perf_counter()
            with Display(study, queue, recorder, console) as display:
                run_trials(
                    tune.with_resources(Nothing, {"cpu": 1}),
                    queue,
                    recorder,
                    [display],
                    slots=slots,
                    grows=False,
                    storage=folder,
                    name="tune",
                )
            trained = time.perf_counter() - start
            recording.tracking.flush()
            sent = time.perf_counter() - start
            used = process.cpu_times()
            grown = process.memory_info().rss - memory
        count = len(recorder.records)
        assert queue.is_over and all(record.outcome is not None for record in recorder.records.values())
        return {
            "trials": count,
            "slots": slots,
            "seconds": trained,
            "ms a trial": 1e3 * trained / count,
            "driver's CPU ms a trial": 1e3 * (used.user + used.system - busy.user - busy.system) / count,
            "MiB grown": grown / MIB,
            "KiB a trial": grown / 1024 / count,
            "seconds until sent": sent,
            "MLflow writes a second": _num_writes(Path(folder) / "mlflow.db") / sent,
        }


def _num_writes(database: Path) -> int:
    """Metrics, parameters and tags that the store holds."""
    with closing(sqlite3.connect(database)) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}") for table in ("metrics", "params", "tags")]
        return sum(count.fetchone()[0] for count in counts)


def main(arguments: Arguments) -> None:
    """Measure each size and print the table; with `member`, measure one and print its row as JSON."""
    if arguments.member is not None:
        print(json.dumps(run_size(arguments.trials[0], arguments.member)))
        return
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(arguments.nodes):
            cluster.add_node(num_cpus=1, wait=False)
        cluster.wait_for_nodes(timeout=600)
        rows = []
        for num_trials in arguments.trials:
            command = [sys.executable, __file__, "--trials", str(num_trials), "--member", cluster.address]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append(json.loads(printed.splitlines()[-1]))
            print_table(rows[-1:])
    finally:
        ray.shutdown()
        cluster.shutdown()
    print_table(rows)
    first, last = rows[0], rows[-1]
    for name in ("ms a trial", "driver's CPU ms a trial", "KiB a trial"):
        print(
            f"{name}: {last[name] / first[name]:.2f} times as much at {last['trials']} as at {first['trials']} trials"
        )
    write_results(arguments.out, rows)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
