"""Studies from Python: what they return, what they raise, and that they leave no trace in whoever calls them."""

import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import ray

from analysis import decision_table, read_study, study_decisions
from analysis.connection import _SECONDS_A_REQUEST
from studies import Outcome, Refused, Study, StudyFailed, avmnist, run, synthetic
from studies.engine.api import asked_options
from studies.engine.inputs.begun_estimates import BegunEstimates
from studies.engine.options import Options, resolve
from tests.cluster.process import Server, free_ports, listens
from tests.studies.whole_study import FEWEST_TRIALS, OPTIONS
from tests.studies.workspace import SECONDS_ALLOWED, Workspace
from trainables.config import TorchEncoder
from trainables.data import MissingDataError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# What a trial's row says of when and where it ran; all else is the same in every run of the study.
CIRCUMSTANCES = ["start", "seconds"]
# Of Ray and MLflow; others are set by libraries when they are imported, once for all.
OF_RAY_AND_MLFLOW = ("RAY_", "TUNE_", "MLFLOW_", "PYTHONBREAKPOINT")


def variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(OF_RAY_AND_MLFLOW)}


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study in this process leaves its artifacts in the working folder, as MLflow does by default."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def commanded(whole: tuple[Workspace, str]) -> Workspace:
    """The study as its command line runs it."""
    return whole[0]


@pytest.fixture
def workspace(make_workspace: Callable[[], Workspace], commanded: Workspace) -> Workspace:
    """A folder for a run of the same study, whose information is known already."""
    return make_workspace().knowing_what(commanded)


def run_in(workspace: Workspace, **options: Any) -> Outcome:
    places = {"storage": str(workspace.folder / "runs"), "tracking_uri": workspace.tracking_uri}
    return run(synthetic.STUDY, **{**OPTIONS, **places, **options})


def assert_equal_to_recorded(outcome: Outcome, workspace: Workspace) -> None:
    """The outcome's tables are those that are read from that workspace's MLflow."""
    records = read_study(workspace.tracking_uri, "synthetic", outcome.identity)
    expected = {
        "scores": records.scores,
        "alignment": records.alignment,
        "decisions": decision_table(study_decisions(records), records.scores),
        "information": records.information,
    }
    for name, table in expected.items():
        assert not table.empty
        pd.testing.assert_frame_equal(getattr(outcome, name), table, check_exact=True, obj=name)
    trials = [table.drop(columns=CIRCUMSTANCES).sort_values("trial") for table in (outcome.trials, records.trials)]
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in trials), check_exact=True)


def once_trained(workspace: Workspace, number: int, action: Callable[[], object]) -> threading.Thread:
    """Does something from another thread once so many trials have ended."""

    def wait_and_act() -> None:
        deadline = time.monotonic() + SECONDS_ALLOWED
        while len(workspace.records()) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        action()

    thread = threading.Thread(target=wait_and_act)
    thread.start()
    return thread


def test_it_returns_what_the_command_line_records_and_leaves_no_trace(
    workspace: Workspace, commanded: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    variables_before, handlers_before = variables(), handlers()
    outcome = run_in(workspace, num_cpus=2)
    assert variables() == variables_before
    assert handlers() == handlers_before
    assert not ray.is_initialized()
    assert not outcome.is_interrupted
    assert workspace.records() == commanded.records() and len(workspace.records()) >= FEWEST_TRIALS
    workspace.assert_tidy()
    assert_equal_to_recorded(outcome, workspace)
    assert_equal_to_recorded(outcome, commanded)
    assert outcome.report is not None and outcome.report.is_file() and outcome.report.is_absolute()
    assert {"accuracy_and_alignment", "gain_by_lambda"} <= set(outcome.figures)
    assert all(path.is_file() for path in outcome.figures.values())
    assert "best alignment" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"num_gpus": 64}, Refused, "--num-gpus 64: this machine has"),
        ({"lambdas": (1, 0)}, Refused, "increasing"),
        ({"variants": ("R=3",)}, Refused, r"no variant \['R=3'\]"),
        ({"train_samples": [50_000]}, Refused, "45875 training rows of R=4, got 50000"),
        ({"objective": "unknown"}, Refused, "--objective must be one of"),
        ({"address": "auto", "num_cpus": 1}, Refused, "leave --num-gpus, --num-cpus"),
        ({"tracking_uri": "mlflow.db"}, Refused, "'mlflow.db' is a path or lacks its beginning"),
        ({"storage": "/dev/null/runs"}, Refused, "got /dev/null/runs, and /dev/null is no folder"),
        ({"storage": "ftp://host/runs"}, Refused, "expected a folder, or a URI such as s3://bucket/path"),
        ({"num_gpu": 1}, Refused, r"no option num_gpu: did you mean num_gpus\?"),
        ({"storage_uri": "x"}, Refused, r"no option storage_uri: did you mean storage\?"),
        ({"zzz": 1}, Refused, "no option zzz: expected some of num_gpus, num_cpus"),
        ({"num_cpus": "2"}, Refused, r"num_cpus: expected int \| None, got '2' of type str"),
        ({"fresh": "no"}, Refused, "fresh: expected bool, got 'no'"),
        ({"seeds": 2.5}, Refused, r"seeds: expected int \| None, got 2.5"),
        ({"variants": "R=4"}, Refused, r"variants: expected tuple\[str, ...\] \| None, got 'R=4'"),
        ({"lambdas": ["0", "1"]}, Refused, "lambdas: expected tuple"),
        ({"data_dir": 3}, Refused, "data_dir: expected Path, got 3"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_trained(
    tmp_path: Path,
    repository: Path,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    workspace = Workspace(tmp_path, repository)
    with pytest.raises(error, match=message):
        run_in(workspace, **options)
    assert not ray.is_initialized()
    assert workspace.records() == {}


def test_a_server_that_is_not_there_is_refused_before_anything_is_trained(
    make_workspace: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace()
    monkeypatch.setattr("analysis.connection._PAUSES", ())
    with pytest.raises(Refused, match=r"MLflow at http://127\.0\.0\.1:9 cannot be reached"):
        run_in(workspace, tracking_uri="http://127.0.0.1:9")
    assert not ray.is_initialized()
    assert workspace.records() == {}


def test_numbers_of_numpy_and_paths_are_taken_for_pythons_own() -> None:
    asked = asked_options(
        {"lambdas": np.linspace(0, 1, 3), "seeds": np.int64(3), "storage": Path("a"), "data_dir": "b"}
    )
    assert asked == Options(lambdas=(0.0, 0.5, 1.0), seeds=3, storage="a", data_dir=Path("b"))
    assert type(asked.seeds) is int and asked.lambdas is not None and type(asked.lambdas[0]) is float


@pytest.mark.parametrize("path", ["tests.studies.test_api:Nowhere", "lab_nowhere.encoders:Mine", "lab_broken:Mine"])
def test_an_encoder_that_cannot_be_imported_is_refused_before_ray_and_mlflow_begin(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    workspace = Workspace(tmp_path, repository)
    (workspace.folder / "lab_broken.py").write_text("import lab_library_that_is_missing")
    monkeypatch.syspath_prepend(str(workspace.folder))
    study = replace(synthetic.STUDY, encoder_2=TorchEncoder(path), search_space={"learning_rate": (0.1, 0.01)})
    places = {"storage": str(workspace.folder / "runs"), "tracking_uri": workspace.tracking_uri}
    with pytest.raises(Refused, match=path.partition(":")[0]):
        run(study, **OPTIONS, **places)
    assert not ray.is_initialized()
    assert not (workspace.folder / "mlflow.db").exists()


def test_data_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="train-images-idx3-ubyte"):
        run(avmnist.STUDY, data_dir=str(tmp_path / "nowhere"), storage=str(tmp_path / "runs"))
    assert not ray.is_initialized() and not list(tmp_path.iterdir())


def test_options_may_be_what_json_makes_of_them(make_workspace: Callable[[], Workspace], commanded: Workspace) -> None:
    """Lists for tuples and text for paths: all is recorded already, so that nothing is trained."""
    workspace = make_workspace().with_all_of(commanded)
    options = json.loads(json.dumps({**OPTIONS, "lambdas": (0, 2), "data_dir": str(workspace.folder)}))
    outcome = run_in(workspace, **options)
    assert workspace.records() == commanded.records()
    assert_equal_to_recorded(outcome, commanded)
    assert not ray.is_initialized()


def test_interrupted_it_says_so_and_the_next_call_goes_on_in_any_thread_and_on_the_session_that_is_there(
    workspace: Workspace, commanded: Workspace, local_ray: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """In another thread, for a notebook's kernel or a server may have no main thread to spare."""
    begun = ray.get_runtime_context().get_job_id()
    variables_before, handlers_before = variables(), handlers()
    stopper = once_trained(workspace, 1, lambda: signal.raise_signal(signal.SIGINT))  # as Ctrl-C does
    outcome = run_in(workspace)
    stopper.join()
    assert (variables(), handlers()) == (variables_before, handlers_before)
    assert outcome.is_interrupted and outcome.report is None and not outcome.figures
    assert "Stopped. What was recorded stays; run the same call again" in capsys.readouterr().out
    survived = workspace.records()
    assert 1 <= len(survived) < FEWEST_TRIALS
    assert set(outcome.trials["trial"].loc[outcome.trials["outcome"] != "interrupted"]) == set(survived)
    assert "RUNNING" not in {run.info.status for run in workspace.runs()}
    found: list[Outcome | BaseException] = []

    def run_there() -> None:
        try:
            found.append(run_in(workspace))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run_there)
    thread.start()
    thread.join()
    (outcome,) = found
    assert isinstance(outcome, Outcome), outcome
    assert (variables(), handlers()) == (variables_before, handlers_before)
    assert ray.is_initialized() and ray.get_runtime_context().get_job_id() == begun
    assert not outcome.is_interrupted
    assert workspace.records() == commanded.records()
    assert_equal_to_recorded(outcome, commanded)


def test_one_ctrl_c_after_the_training_stops_it(
    make_workspace: Callable[[], Workspace],
    whole: tuple[Workspace, str],
    local_ray: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the information in the data is still being estimated, which comes last."""
    workspace = make_workspace().with_all_of(whole[0])
    (known,) = workspace.folder.glob("runs/*/information.json")
    known.unlink()

    await_all = BegunEstimates.await_all

    def pressed(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return await_all(*arguments)

    monkeypatch.setattr(BegunEstimates, "await_all", pressed)
    outcome = run_in(workspace)
    assert outcome.is_interrupted and outcome.report is None
    assert workspace.records() == whole[0].records() and not known.exists()


def test_ctrl_c_while_a_server_does_not_answer_ends_it(
    make_workspace: Callable[[], Workspace], local_ray: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's own patience with a server that takes a request and says nothing is much longer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def press_once_asked() -> None:
            asking, _ = silent.accept()
            pressed.append(time.monotonic())
            with asking:
                os.kill(os.getpid(), signal.SIGINT)
                has_ended.wait()

        has_ended = threading.Event()
        pressed: list[float] = []
        threading.Thread(target=press_once_asked, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            run_in(make_workspace(), tracking_uri=f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - pressed[0] < _SECONDS_A_REQUEST / 2
        has_ended.set()


def let_know(workspace: Workspace, study: Study) -> None:
    """Lets that study, too, know the information in the data of the workspace."""
    (known,) = workspace.folder.glob("runs/*/information.json")
    shutil.copytree(known.parent, known.parents[1] / f"{study.name}-{study.identity}")


def test_where_a_lambda_has_no_result_it_raises_with_all_the_rest(workspace: Workspace, local_ray: None) -> None:
    """This λ is beyond what float32 holds, so that every configuration diverges."""
    (label,) = OPTIONS["variants"]
    study = replace(synthetic.STUDY, variants={label: synthetic.STUDY.variants[label]})
    places = {"storage": str(workspace.folder / "runs"), "tracking_uri": workspace.tracking_uri}
    options = {**OPTIONS, "lambdas": (0.0, 1e39), "configurations": 2, "max_epochs": 2}
    let_know(workspace, resolve(study, Options(**options)))
    with pytest.raises(StudyFailed, match=r"every configuration failed at R=4 λ=1e\+39") as failed:
        run(study, **options, **places)
    outcome = failed.value.outcome
    assert outcome is not None and outcome.report is not None and outcome.report.is_file()
    assert set(outcome.scores["lambda"]) == {0}
    assert (outcome.trials.groupby("lambda")["outcome"].unique().loc[1e39] == ["failed"]).all()
    assert outcome.decisions.empty and not outcome.information.empty  # one λ alone is compared with nothing
    (parent,) = (run for run in workspace.runs() if run.data.tags["role"] == "study")
    assert parent.info.status == "FAILED" and "every configuration failed" in parent.data.tags["error"]


@pytest.fixture
def mlflow_server(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """MLflow behind an address of its own, and that address."""
    (port,) = free_ports(1)
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host=127.0.0.1", f"--port={port}"]
    command += ["--workers=1", f"--backend-store-uri=sqlite:///{tmp_path}/mlflow.db"]
    command += [f"--artifacts-destination={tmp_path}/artifacts"]
    settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = Server(command, tmp_path, lambda: listens(port), settings)
    server.start()
    yield server, f"http://127.0.0.1:{port}"
    server.stop()


def test_where_mlflow_goes_away_all_is_concluded_all_the_same(
    workspace: Workspace,
    commanded: Workspace,
    local_ray: None,
    mlflow_server: tuple[Server, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A minute later, of which the test does not wait; what is sent then is in `tests/cluster/test_faults.py`."""
    monkeypatch.setattr("studies.engine.recording.tracking._PATIENCE", 1.0)
    monkeypatch.setattr("studies.engine.recording.tracking._PATIENCE_WHEN_STOPPED", 1.0)
    server, uri = mlflow_server
    killer = once_trained(workspace, 1, server.kill)
    with pytest.raises(StudyFailed, match=f"MLflow at {uri} cannot be reached") as failed:
        run_in(workspace, tracking_uri=uri)
    killer.join()
    assert "the same command sends" in str(failed.value)
    outcome = failed.value.outcome
    assert outcome is not None and outcome.report is not None and outcome.report.is_file()
    assert workspace.records() == commanded.records()
    assert_equal_to_recorded(outcome, commanded)


@dataclass(frozen=True)
class Broken:
    """A rule of a user's that fails in the middle of a study, in the process that runs it."""

    def goes_on(self, scores: Sequence[float], earlier: Sequence[Sequence[float]]) -> bool:
        """Never answers."""
        raise ZeroDivisionError("nobody expected this")


def test_what_nobody_expected_is_raised_and_recorded(workspace: Workspace, local_ray: None) -> None:
    study = replace(synthetic.STUDY, halving=Broken())
    let_know(workspace, resolve(study, Options(**OPTIONS)))
    places = {"storage": str(workspace.folder / "runs"), "tracking_uri": workspace.tracking_uri}
    with pytest.raises(Exception, match="ZeroDivisionError: nobody expected this") as caught:
        run(study, **OPTIONS, **places)
    assert not isinstance(caught.value, Refused | StudyFailed | OSError)
    runs = workspace.runs()
    (parent,) = (run for run in runs if run.data.tags["role"] == "study")
    assert parent.info.status == "FAILED"
    error = parent.data.tags["error"].rstrip()  # the end of a long traceback
    assert "in goes_on" in error and error.endswith("ZeroDivisionError: nobody expected this")
    assert "RUNNING" not in {run.info.status for run in runs}
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(study, **OPTIONS, **places)  # the journal is free for the next, and so are Ray's cores
