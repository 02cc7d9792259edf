"""A folder in which a study is run as a user would run it, and what it left there."""

import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from pyarrow import fs

_STATUSES = {"finished": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}
SECONDS_ALLOWED = 900  # for a hung study alone: a busy machine takes several times as long as an idle one


@dataclass(frozen=True)
class Workspace:
    """A folder in which a study is run as a user would run it."""

    folder: Path
    repository: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, script: str | Path = "synthetic") -> subprocess.Popen[str]:
        """Start a study of the repository by its name, or any script by its path."""
        command = [sys.executable, str(self._path(script)), *arguments]
        environment = {**os.environ, "COLUMNS": "140", "MLFLOW_DISABLE_TELEMETRY": "true", **self.environment}
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str, script: str | Path = "synthetic") -> tuple[int, str]:
        process = self.start(*arguments, script=script)
        output, _ = process.communicate(timeout=SECONDS_ALLOWED)
        return process.returncode, output

    def run_here(self, *arguments: str, script: str | Path) -> tuple[int, str]:
        """As `run`, but in this process and on its Ray session: nothing is imported and no Ray started once more."""
        path, said = self._path(script), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            patch.chdir(self.folder)
            patch.setenv("COLUMNS", "140")
            # Whole, as MLflow keeps a store by its address, and in one process a path may mean several folders.
            patch.setenv("MLFLOW_TRACKING_URI", self.tracking_uri)
            patch.setattr("sys.argv", [str(path), *arguments])
            try:
                runpy.run_path(str(path), run_name="__main__")
            except SystemExit as end:
                return end.code, said.getvalue()
        return 0, said.getvalue()

    def _path(self, script: str | Path) -> Path:
        return script if isinstance(script, Path) else self.repository / "studies" / f"{script}.py"

    def knowing_what(self, other: "Workspace", storage: str = "runs") -> "Workspace":
        """This workspace with the other's estimate of the information in the data, which would take time again."""
        (known,) = other.folder.glob("runs/*/information.json")
        copy = self.folder / storage / known.parent.name / known.name
        copy.parent.mkdir(parents=True)
        copy.write_bytes(known.read_bytes())
        return self

    def with_all_of(self, other: "Workspace") -> "Workspace":
        """This workspace with a copy of all that the other has."""
        shutil.copytree(other.folder, self.folder, dirs_exist_ok=True)
        return self

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def records(self, storage: str = "runs") -> dict[str, dict]:
        """What is recorded below that storage."""
        return ended_records(fs.LocalFileSystem(), str(self.folder / storage))

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

    def assert_tidy(self) -> None:
        """MLflow has what the journal has."""
        assert_tidy(MlflowClient(self.tracking_uri), self.runs(), self.records())


def ended_records(filesystem: fs.FileSystem, storage: str) -> dict[str, dict]:
    """What the journals of all studies in a storage say of ended trials, without what differs from run to run.

    Studies that `--fresh` has put aside are left out.
    """
    records = {}
    for study in filesystem.get_file_info(fs.FileSelector(storage, allow_not_found=True)):
        if study.type != fs.FileType.Directory or ".superseded-" in study.path:
            continue
        for file in filesystem.get_file_info(fs.FileSelector(f"{study.path}/journal", allow_not_found=True)):
            if file.extension != "json":
                continue
            with filesystem.open_input_stream(file.path) as stream:
                record = json.loads(stream.read())
            if record["outcome"] is not None:
                reports = [(report["epoch"], report["metrics"]) for report in record["reports"]]
                kept = {name: record[name] for name in ("outcome", "parameters", "constants")}
                records[Path(file.path).stem] = kept | {"reports": reports}
    return records


def assert_tidy(client: MlflowClient, runs: Sequence[Run], records: Mapping[str, dict]) -> None:
    """One parent run, and one child a trial with all that its record has, once; all closed with what is true."""
    children = [run for run in runs if run.data.tags["role"] == "trial"]
    (parent,) = (run for run in runs if run.data.tags["role"] == "study")
    assert parent.info.status == "FINISHED"
    assert sorted(run.data.tags["trial"] for run in children) == sorted(records)
    for run in children:
        record = records[run.data.tags["trial"]]
        assert (run.data.tags["outcome"], run.info.status) == (record["outcome"], _STATUSES[record["outcome"]])
        assert run.data.params["lambda"] == str(record["parameters"]["lambda"])
        history = client.get_metric_history(run.info.run_id, "valid/accuracy")
        recorded = [(epoch, metrics["valid/accuracy"]) for epoch, metrics in record["reports"]]
        # A training that diverged reports what is not a number, which equals nothing.
        assert str([(metric.step, metric.value) for metric in history]) == str(recorded)
        kept = [file.path for file in client.list_artifacts(run.info.run_id)]
        hits = ["hits.json"] if "hits" in run.data.tags else []
        assert kept == (["encoders.pt", *hits] if run.data.tags["stage"] == "confirm" else [])
