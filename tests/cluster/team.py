"""A team's services, and a folder in which its researcher runs a study on them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from pyarrow import fs

from tests.cluster.services import RESEARCHER, Database, ObjectStore, RayNodes, TrackingServer
from tests.studies.workspace import SECONDS_ALLOWED

ARGUMENTS = "--variants R=4 --lambdas 0 0.5 2 --configurations 4 --seeds 2 --max-epochs 27 --train-samples 256".split()
NUM_TRIALS = 3 * (4 + 1)
_STATUSES = {"finished": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


@dataclass(frozen=True)
class Team:
    """All that the researcher uses."""

    database: Database
    store: ObjectStore
    tracking: TrackingServer
    ray: RayNodes
    folder: Path
    repository: Path

    def start(self, storage: str, *arguments: str, tracking_uri: str | None = None, **variables: str):
        """Start the study as its researcher would, whose results lie below `storage` in the bucket `studies`.

        In MLflow it is the same study for every test, which `--fresh` therefore begins anew.
        """
        command = [sys.executable, str(self.repository / "studies" / "synthetic.py"), *ARGUMENTS]
        command += ["--address", self.ray.address, "--storage", f"s3://studies/{storage}"]
        command += ["--tracking-uri", tracking_uri or self.tracking.uri, *arguments]
        environment = {
            **os.environ,
            **self.store.environment,
            **self.ray.environment,
            "PYTHONPATH": str(self.repository),
            "COLUMNS": "300",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_TRACKING_USERNAME": RESEARCHER[0],
            "MLFLOW_TRACKING_PASSWORD": RESEARCHER[1],
            **variables,
        }
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, storage: str, *arguments: str, tracking_uri: str | None = None, **variables: str) -> tuple[int, str]:
        """Run the study to its end; returns its exit code and what it printed."""
        process = self.start(storage, *arguments, tracking_uri=tracking_uri, **variables)
        output, _ = process.communicate(timeout=SECONDS_ALLOWED)
        return process.returncode, output

    def records(self, storage: str) -> dict[str, dict]:
        """The journal's records of ended trials, without the circumstances that differ from run to run."""
        records = {}
        for place in self.files(storage):
            if "/journal/" in place and ".superseded-" not in place:
                with self.store.open().open_input_stream(place) as stream:
                    record = json.loads(stream.read())
                if record["outcome"] is not None:
                    reports = [(report["epoch"], report["metrics"]) for report in record["reports"]]
                    kept = {name: record[name] for name in ("outcome", "parameters", "constants")}
                    records[Path(place).stem] = kept | {"reports": reports}
        return records

    def files(self, storage: str) -> list[str]:
        """Paths of all files below that storage, the bucket first."""
        everything = fs.FileSelector(f"studies/{storage}", recursive=True, allow_not_found=True)
        return [info.path for info in self.store.open().get_file_info(everything) if info.type == fs.FileType.File]

    def wait_for_records(self, storage: str, number: int, process: subprocess.Popen[str]) -> None:
        """Wait until that many trials have ended."""
        deadline = time.monotonic() + SECONDS_ALLOWED
        while len(self.records(storage)) < number:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the study recorded too little in time"
            time.sleep(0.2)

    @contextmanager
    def client(self) -> Iterator[MlflowClient]:
        """MLflow as the researcher sees it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_USERNAME", RESEARCHER[0])
            patch.setenv("MLFLOW_TRACKING_PASSWORD", RESEARCHER[1])
            yield MlflowClient(self.tracking.uri)

    def runs(self, storage: str) -> list[Run]:
        """The parent run of the study in that storage, and its children."""
        with self.client() as client:
            experiments = [experiment.experiment_id for experiment in client.search_experiments()]
            runs = client.search_runs(experiments, max_results=1000)
        wanted = f"s3://studies/{storage} "
        parents = {run.info.run_id for run in runs if wanted in run.data.tags.get("command", "") + " "}
        return [run for run in runs if {run.info.run_id, run.data.tags.get("mlflow.parentRunId")} & parents]

    def assert_tidy(self, storage: str) -> None:
        """One parent run, and one child a trial with all that its record has, once; all closed with what is true."""
        records, runs = self.records(storage), self.runs(storage)
        children = [run for run in runs if run.data.tags["role"] == "trial"]
        (parent,) = (run for run in runs if run.data.tags["role"] == "study")
        assert parent.info.status == "FINISHED"
        assert sorted(run.data.tags["trial"] for run in children) == sorted(records)
        with self.client() as client:
            for run in children:
                record = records[run.data.tags["trial"]]
                assert (run.data.tags["outcome"], run.info.status) == (record["outcome"], _STATUSES[record["outcome"]])
                assert run.data.params["lambda"] == str(record["parameters"]["lambda"])
                history = client.get_metric_history(run.info.run_id, "valid/accuracy")
                recorded = [(epoch, metrics["valid/accuracy"]) for epoch, metrics in record["reports"]]
                assert [(metric.step, metric.value) for metric in history] == recorded
                kept = [file.path for file in client.list_artifacts(run.info.run_id)]
                assert kept == (["encoders.pt"] if run.data.tags["stage"] == "confirm" else [])
