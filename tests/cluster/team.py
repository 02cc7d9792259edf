"""A team's services, and a folder in which its researcher runs a study on them."""

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

from tests.cluster.ray_nodes import RayNodes
from tests.cluster.services import RESEARCHER, Database, ObjectStore, TrackingServer
from tests.studies.workspace import SECONDS_ALLOWED, assert_tidy, ended_records

ARGUMENTS = (
    "--variants R=4 --lambdas 0 0.5 2 --configurations 4 --seeds 2 --max-seeds 2 --max-epochs 27 --train-samples 256"
).split()
FEWEST_TRIALS = 3 * (4 + 1)  # the search and the one round; the exchange adds to them


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
            **self.ray.environment,
            **self.store.environment,
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
        """What is recorded below that storage."""
        return ended_records(self.store.open(), f"studies/{storage}")

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
        """MLflow has what the journal in that storage has."""
        with self.client() as client:
            assert_tidy(client, self.runs(storage), self.records(storage))
