"""A folder in which a study is run as a user would run it, and what it left there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

SECONDS_ALLOWED = 900  # for a hung study alone: a busy machine takes several times as long as an idle one


@dataclass(frozen=True)
class Workspace:
    """A folder in which a study is run as a user would run it."""

    folder: Path
    repository: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, script: str = "synthetic") -> subprocess.Popen[str]:
        command = [sys.executable, str(self.repository / "studies" / f"{script}.py"), *arguments]
        environment = {**os.environ, "COLUMNS": "140", "MLFLOW_DISABLE_TELEMETRY": "true", **self.environment}
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str, script: str = "synthetic") -> tuple[int, str]:
        process = self.start(*arguments, script=script)
        output, _ = process.communicate(timeout=SECONDS_ALLOWED)
        return process.returncode, output

    def knowing_what(self, other: "Workspace") -> "Workspace":
        """This workspace with the other's estimate of the information in the data, which would take time again."""
        (known,) = other.folder.glob("runs/*/information.json")
        copy = self.folder / known.relative_to(other.folder)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(known.read_bytes())
        return self

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def records(self, storage: str = "runs") -> dict[str, dict]:
        """The journal's records of ended trials, without the circumstances that differ from run to run."""
        records = {}
        for path in self.folder.glob(f"{storage}/*/journal/*.json"):
            record = json.loads(path.read_text())
            if record["outcome"] is not None:
                reports = [(report["epoch"], report["metrics"]) for report in record["reports"]]
                records[path.stem] = {name: record[name] for name in ("outcome", "parameters", "constants")} | {
                    "reports": reports
                }
        return records

    def runs(self) -> list[Run]:
        client = MlflowClient(self.tracking_uri)
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        return client.search_runs(experiments, max_results=1000)

    def wait_for_records(self, number: int, process: subprocess.Popen[str]) -> None:
        """Wait until that many trials have ended: one under way has a record, too, from its first checkpoint on."""
        deadline = time.monotonic() + SECONDS_ALLOWED
        while len(self.records()) < number:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the study recorded too little in time"
            time.sleep(0.05)


def assert_tidy(workspace: Workspace) -> None:
    """One parent run and one child a trial, each closed with a truthful status."""
    runs = workspace.runs()
    children = [run for run in runs if run.data.tags["role"] == "trial"]
    assert len(runs) == len(children) + 1
    assert sorted(run.data.tags["trial"] for run in children) == sorted(workspace.records())
    statuses = {"finished": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
    for run in children:
        record = workspace.records()[run.data.tags["trial"]]
        assert run.data.tags["outcome"] == record["outcome"]
        assert run.info.status == statuses[record["outcome"]]
        client = MlflowClient(workspace.tracking_uri)
        history = client.get_metric_history(run.info.run_id, "valid/accuracy")
        assert [metric.step for metric in history] == [epoch for epoch, _ in record["reports"]]
