"""A study from its command line, with a real Ray and a real MLflow store: whole, killed, stopped, and gone on with."""

import json
import signal
from pathlib import Path

import pandas as pd
import pytest
import torch
from mlflow import MlflowClient

from analysis import lambda_star_table, read_study
from tests.studies.workspace import Workspace

ARGUMENTS = "--variants R=4 --lambdas 0 0.5 2 --configurations 4 --seeds 2 --max-epochs 27 --train-samples 256".split()
NUM_TRIALS = 3 * (4 + 1)


@pytest.fixture(scope="module")
def make_workspace(tmp_path_factory: pytest.TempPathFactory, repository: Path):
    return lambda: Workspace(tmp_path_factory.mktemp("study"), repository)


@pytest.fixture(scope="module")
def whole(make_workspace) -> tuple[Workspace, str]:
    """A study that nobody disturbed, and what it printed."""
    workspace = make_workspace()
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    return workspace, output


def test_a_study_ends_with_tables_figures_and_closed_runs(whole: tuple[Workspace, str]) -> None:
    workspace, output = whole
    assert len(workspace.records()) == NUM_TRIALS
    workspace.assert_tidy()
    assert "test accuracy of modality_1" in output and "best alignment strength" in output
    (folder,) = workspace.folder.glob("runs/synthetic-*/figures")
    for name in ("accuracy_and_alignment", "gain_by_lambda"):
        assert (folder / f"{name}.png").stat().st_size > 10_000
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert not list(workspace.folder.glob("runs/synthetic-*/tune-*"))
    page = folder / "report.html"
    assert output.splitlines()[-1] == f"report: {page.as_uri()}"
    assert "Every λ of every variant has its result (3 of 3)." in page.read_text(encoding="utf-8")
    parent = next(run for run in workspace.runs() if run.data.tags["role"] == "study")
    kept = {file.path for file in MlflowClient(workspace.tracking_uri).list_artifacts(parent.info.run_id, "figures")}
    assert kept == {f"figures/{file.name}" for file in folder.iterdir()} and "figures/report.html" in kept


def test_what_it_concludes_is_what_mlflow_holds(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    records = read_study(workspace.tracking_uri, "synthetic")
    (folder,) = workspace.folder.glob("runs/synthetic-*/figures")
    written = pd.read_csv(folder / "lambda_star.csv")
    pd.testing.assert_frame_equal(written, lambda_star_table(records.scores), check_dtype=False)
    parent = next(run for run in workspace.runs() if run.data.tags["role"] == "study")
    assert parent.info.status == "FINISHED"
    assert json.loads(parent.data.tags["versions"])["torch"] == torch.__version__
    first = written.iloc[0]
    assert parent.data.metrics[f"lambda_star/R-4/{first['encoder']}/best"] == pytest.approx(first["best"])


def test_the_scores_are_those_of_the_trials(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    scores = read_study(workspace.tracking_uri, "synthetic").scores
    confirmed = [record for key, record in workspace.records().items() if key.startswith("confirm")]
    for record in confirmed:
        final = record["reports"][-1][1]
        rows = scores[scores["lambda"] == record["parameters"]["lambda"]]
        for row in pd.DataFrame(rows).to_dict("records"):
            assert row["accuracy"] == final[f"test/accuracy/{row['encoder']}/seed_{row['seed']}"]
            assert row["ceiling"] == record["constants"][f"ceiling/accuracy/{row['encoder']}"]
    assert len(scores) == len(confirmed) * 2 * 2


def test_the_information_in_the_data_is_estimated_once_and_recorded(whole: tuple[Workspace, str]) -> None:
    workspace, output = whole
    (path,) = workspace.folder.glob("runs/synthetic-*/information.json")
    record = json.loads(path.read_text())["R=4"]
    information = read_study(workspace.tracking_uri, "synthetic").information.set_index("atom")
    parent = next(run for run in workspace.runs() if run.data.tags["role"] == "study")
    exact = {"redundancy": 0.6791, "unique_1": 0.3526, "unique_2": 0.3790, "synergy": 0.2612}
    for atom, figures in record["atoms"].items():
        assert figures["low"] <= figures["corrected"] <= figures["high"]
        assert figures["exact"] == pytest.approx(exact[atom], abs=5e-5)  # the digits known from elsewhere
        assert information.loc[atom, "corrected"] == figures["corrected"]
        assert parent.data.metrics[f"pid/{atom}/R-4/raw"] == figures["raw"]
    assert "information that the modalities have" in output


def test_only_confirmation_reads_the_test_split(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    for key, record in workspace.records().items():
        reads = any(name.startswith("test/") for _, metrics in record["reports"] for name in metrics)
        assert reads == key.startswith("confirm")


def test_a_study_on_one_core_gives_the_same_numbers(whole: tuple[Workspace, str], make_workspace) -> None:
    other = make_workspace().knowing_what(whole[0])
    code, output = other.run(*ARGUMENTS, "--num-cpus", "1")
    assert code == 0, output
    assert other.records() == whole[0].records()


def test_the_same_command_again_trains_nothing(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    before = workspace.records()
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert "nothing to train" in output and "best alignment strength" in output
    assert workspace.records() == before
    workspace.assert_tidy()


@pytest.mark.parametrize("number", [3, 13])
def test_killed_and_run_again_equals_undisturbed(whole: tuple[Workspace, str], make_workspace, number: int) -> None:
    """Killed in the search, and when most is done."""
    workspace = make_workspace().knowing_what(whole[0])
    process = workspace.start(*ARGUMENTS)
    workspace.wait_for_records(number, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    survived = workspace.records()
    assert number <= len(survived) < NUM_TRIALS
    written = {path: path.stat().st_mtime_ns for path in workspace.folder.glob("runs/*/journal/*.json")}
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert workspace.records() == whole[0].records()
    assert all(path.stat().st_mtime_ns == when for path, when in written.items() if path.stem in survived)
    workspace.assert_tidy()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_says_how_to_go_on(
    whole: tuple[Workspace, str], make_workspace, number: signal.Signals
) -> None:
    workspace = make_workspace().knowing_what(whole[0])
    process = workspace.start(*ARGUMENTS)
    workspace.wait_for_records(4, process)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in output and " ".join(ARGUMENTS) in output
    assert "RUNNING" not in {run.info.status for run in workspace.runs()}
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert workspace.records() == whole[0].records()
    workspace.assert_tidy()


def test_fresh_starts_over_and_loses_nothing(make_workspace) -> None:
    workspace = make_workspace()
    arguments = ["--quick", "--variants", "R=8", "--lambdas", "0", "1"]
    assert workspace.run(*arguments)[0] == 0
    first = {run.info.run_id for run in workspace.runs()}
    code, output = workspace.run(*arguments, "--fresh")
    assert code == 0, output
    runs = workspace.runs()
    assert len(runs) == 2 * len(first) and first < {run.info.run_id for run in runs}
    parents = [run for run in runs if run.data.tags["role"] == "study"]
    assert sorted(run.data.tags.get("superseded", "") for run in parents) == ["", "true"]
    assert len(list(workspace.folder.glob("runs/synthetic-*.superseded-*/journal/*.json"))) == len(first) - 1
    assert read_study(workspace.tracking_uri, "synthetic").parent_run_id not in first


def test_another_storage_is_another_recording(make_workspace) -> None:
    """Each keeps its runs; the one that ran last is what is concluded from."""
    workspace = make_workspace()
    arguments = ["--quick", "--variants", "R=8", "--lambdas", "0", "1"]
    for storage in ("here", "there", "here"):
        code, output = workspace.run(*arguments, "--storage", storage)
        assert code == 0, output
        assert ("from another storage" in output) == (storage == "there" or "nothing to train" in output)
    parents = {run.info.run_id: run for run in workspace.runs() if run.data.tags["role"] == "study"}
    children = [run for run in workspace.runs() if run.data.tags["role"] == "trial"]
    assert workspace.records("here") == workspace.records("there")
    assert len(parents) == 2 and len(children) == 2 * len(workspace.records("here"))
    current = read_study(workspace.tracking_uri, "synthetic").parent_run_id
    assert parents[current].data.tags["command"].endswith("--storage here")
    assert sorted(run.data.tags["superseded"] for run in parents.values()) == ["false", "true"]


def test_one_seed_at_one_lambda_concludes_what_little_it_can(make_workspace) -> None:
    code, output = make_workspace().run("--quick", "--variants", "R=8", "--lambdas", "0", "--seeds", "1")
    assert code == 0, output
    assert "unknown" in output and "nan" not in output


def test_a_second_driver_of_the_same_study_is_refused(make_workspace) -> None:
    workspace = make_workspace()
    first = workspace.start(*ARGUMENTS)
    workspace.wait_for_records(1, first)
    code, output = workspace.run(*ARGUMENTS)
    first.kill()
    first.communicate()
    assert code == 2
    assert "another process is running this study" in output


@pytest.mark.parametrize(
    ("script", "arguments", "messages"),
    [
        ("synthetic", ["--num-gpus", "64"], ["--num-gpus 64", "this machine has"]),
        ("synthetic", ["--variants", "R=3"], ["no variant", "R=0"]),
        ("synthetic", ["--lambdas", "1", "0"], ["increasing"]),
        ("synthetic", ["--train-samples", "50000"], ["45875 training rows of R=0, got 50000"]),
        ("avmnist", ["--data-dir", "nowhere"], ["nowhere", "train-images-idx3-ubyte", "recordings"]),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    make_workspace, script: str, arguments: list[str], messages: list[str]
) -> None:
    workspace = make_workspace()
    code, output = workspace.run(*arguments, script=script)
    assert code == 2
    for message in messages:
        assert message in output
    assert not list(workspace.folder.iterdir())


def test_a_dry_run_prints_the_plan_and_writes_nothing(make_workspace) -> None:
    workspace = make_workspace()
    code, output = workspace.run("--dry-run", "--data-dir", "nowhere", script="avmnist")
    assert code == 0
    for expected in ("search", "confirm", "core-seconds", "nowhere"):
        assert expected in output
    assert not list(workspace.folder.iterdir())


def test_help_explains_every_option(make_workspace) -> None:
    code, output = make_workspace().run("--help")
    assert code == 0
    for option in (
        "--num-gpus --num-cpus --gpus-per-trial --cpus-per-trial --simulate-gpus --address --data-dir --tracking-uri "
        "--storage --lambdas --seeds --configurations --max-epochs --train-samples --variants --dry-run --fresh --quick"
    ).split():
        assert option in output
