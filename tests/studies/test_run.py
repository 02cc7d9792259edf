"""A study from its command line, with a real Ray and a real MLflow store: whole, killed, stopped, and gone on with."""

import json
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import tyro
from mlflow import MlflowClient

from alignment import SigLip
from analysis import decision_table, read_study, study_decisions
from analysis.records.schema import ScoreName
from studies import synthetic
from studies.engine.inputs.information import information_tags
from studies.engine.options import Options, resolve
from studies.engine.recording.journal_records import journal_records
from studies.engine.recording.recording import open_recording
from tests.studies.whole_study import ARGUMENTS, FEWEST_TRIALS
from tests.studies.workspace import SECONDS_ALLOWED, Workspace


def imported(output: str) -> set[str]:
    """Top-level modules that Python says it has imported."""
    return {line.split("|")[-1].strip() for line in output.splitlines() if line.startswith("import time:")}


def test_a_study_ends_with_tables_figures_and_closed_runs(whole: tuple[Workspace, str]) -> None:
    workspace, output = whole
    assert len(workspace.records()) >= FEWEST_TRIALS
    workspace.assert_tidy()
    assert "the decision for each encoder" in output
    assert "test accuracy of modality_1" not in output  # that is for --verbose
    (folder,) = workspace.folder.glob("runs/synthetic-*/figures")
    for name in ("accuracy_and_alignment", "gain_by_lambda"):
        assert (folder / f"{name}.png").stat().st_size > 10_000
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert not list(workspace.folder.glob("runs/synthetic-*/tune-*"))
    page = folder / "report.html"
    *_, named_last, means_nothing = output.splitlines()
    assert named_last == f"report: {page.as_uri()}" and means_nothing.startswith("--quick: ")
    assert "Every λ of every variant has its result (2 of 2)." in page.read_text(encoding="utf-8")
    parent = next(run for run in workspace.runs() if run.data.tags["role"] == "study")
    kept = {file.path for file in MlflowClient(workspace.tracking_uri).list_artifacts(parent.info.run_id, "figures")}
    assert kept == {f"figures/{file.name}" for file in folder.iterdir()} and "figures/report.html" in kept


def test_what_it_concludes_is_what_mlflow_holds(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    records = read_study(workspace.tracking_uri, "synthetic")
    (folder,) = workspace.folder.glob("runs/synthetic-*/figures")
    written = pd.read_csv(folder / "decisions.csv")
    expected = decision_table(study_decisions(records), records.scores).fillna(np.nan)  # a file knows no None
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)
    parent = next(run for run in workspace.runs() if run.data.tags["role"] == "study")
    assert parent.info.status == "FINISHED"
    assert json.loads(parent.data.tags["versions"])["torch"] == torch.__version__
    first = written.iloc[0]
    assert parent.data.metrics[f"lambda_star/R-4/{first['encoder']}/best"] == pytest.approx(first["best"])
    note = parent.data.tags["mlflow.note.content"].replace("\\", "")
    assert records.study["question"] in note and all(sentence in note for sentence in written["sentence"])
    ((picture, run_id),) = re.findall(r"\(get-artifact\?path=(\S+)&run_uuid=(\w+)\)", note)
    client = MlflowClient(workspace.tracking_uri)
    assert run_id == parent.info.run_id and picture in {file.path for file in client.list_artifacts(run_id, "figures")}


def test_the_scores_are_those_of_the_trials(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    scores = read_study(workspace.tracking_uri, "synthetic").scores
    table = scores.set_index(["lambda", "encoder", "seed"])
    confirmed = [record for key, record in workspace.records().items() if key.startswith("confirm")]
    for record in confirmed:
        final = record["reports"][-1][1]
        for name, accuracy in final.items():
            if (score := ScoreName.parse(name)) is None or score.seed is None:
                continue
            at = (record["parameters"]["lambda"], score.encoder, score.seed)
            assert table.loc[at, "accuracy"] == accuracy
            assert table.loc[at, "ceiling"] == record["constants"][f"ceiling/accuracy/{score.encoder}"]
    assert len(scores) == 2 * sum(record["parameters"]["num_replicas"] for record in confirmed)


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


def test_the_journal_and_mlflow_give_equal_tables(whole: tuple[Workspace, str], make_workspace) -> None:
    """Of a copy, as to open the recording changes the circumstances under which the study ran last."""
    workspace = make_workspace().with_all_of(whole[0])
    study = resolve(synthetic.STUDY, tyro.cli(Options, args=ARGUMENTS))
    places = (str(workspace.folder / "runs"), workspace.tracking_uri)
    with open_recording(study, ("modality_1", "modality_2"), *places, fresh=False) as recording:
        recording.connect()
        information = information_tags(recording.information.read())
        from_journal = journal_records(recording, recording.records.values(), information, status="FINISHED")
    from_mlflow = read_study(workspace.tracking_uri, "synthetic", study.identity)
    for name in ("trials", "scores", "alignment", "information"):
        table = getattr(from_mlflow, name)
        assert not table.empty
        pd.testing.assert_frame_equal(getattr(from_journal, name), table, check_exact=True, obj=name)
    for name in ("study", "label", "status", "circumstances", "parent_run_id", "is_rehearsal"):
        assert getattr(from_journal, name) == getattr(from_mlflow, name), name
    assert from_journal.circumstances


def test_only_confirmation_reads_the_test_split(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    for key, record in workspace.records().items():
        reads = any(name.startswith("test/") for _, metrics in record["reports"] for name in metrics)
        assert reads == key.startswith("confirm")


def test_the_same_command_again_trains_nothing(whole: tuple[Workspace, str]) -> None:
    workspace, _ = whole
    before = workspace.records()
    as_imported = {"PYTHONPROFILEIMPORTTIME": "1", "PYTHONUNBUFFERED": "1"}  # a line for each module, among the others
    code, output = replace(workspace, environment=as_imported).run(*ARGUMENTS)
    assert code == 0, output
    first, found, rest = output.partition("nothing to train")
    assert found and "the decision for each encoder" in rest
    assert not {"torch", "ray", "mlflow", "sklearn", "matplotlib"} & imported(first)
    assert "mlflow" in imported(rest) and not {"torch", "ray"} & imported(rest)
    assert workspace.records() == before
    workspace.assert_tidy()


def test_killed_and_stopped_again_and_again_it_equals_undisturbed(whole: tuple[Workspace, str], make_workspace) -> None:
    """Killed in the search, and asked to stop when most is done."""
    workspace = make_workspace().knowing_what(whole[0])
    for ending, number in ((signal.SIGKILL, 2), (signal.SIGTERM, 8)):
        survived = set(workspace.records())
        written = {path: path.stat().st_mtime_ns for path in workspace.folder.glob("runs/*/journal/*.json")}
        process = workspace.start(*ARGUMENTS)
        workspace.wait_for_records(number, process)
        process.send_signal(ending)
        output, _ = process.communicate(timeout=SECONDS_ALLOWED)
        assert number <= len(workspace.records()) < len(whole[0].records())
        assert all(path.stat().st_mtime_ns == when for path, when in written.items() if path.stem in survived)
        if ending != signal.SIGKILL:
            assert process.returncode == 130
            assert "the same command goes on from there" in output and " ".join(ARGUMENTS) in output
            assert "RUNNING" not in {run.info.status for run in workspace.runs()}
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert workspace.records() == whole[0].records()
    workspace.assert_tidy()


def test_fresh_starts_over_and_loses_nothing_and_one_core_gives_the_same_numbers(
    whole: tuple[Workspace, str], make_workspace
) -> None:
    workspace = make_workspace().with_all_of(whole[0])
    first = {run.info.run_id for run in workspace.runs()}
    code, output = workspace.run(*ARGUMENTS, "--fresh", "--num-cpus", "1")
    assert code == 0, output
    assert workspace.records() == whole[0].records()
    runs = workspace.runs()
    assert len(runs) == 2 * len(first) and first < {run.info.run_id for run in runs}
    parents = [run for run in runs if run.data.tags["role"] == "study"]
    assert sorted(run.data.tags.get("superseded", "") for run in parents) == ["", "true"]
    assert len(list(workspace.folder.glob("runs/synthetic-*.superseded-*/journal/*.json"))) == len(first) - 1
    assert read_study(workspace.tracking_uri, "synthetic").parent_run_id not in first


def test_another_storage_is_another_recording(whole: tuple[Workspace, str], make_workspace) -> None:
    """Each keeps its runs; the one that ran last is what is concluded from."""
    workspace = make_workspace().with_all_of(whole[0]).knowing_what(whole[0], "there")
    for storage in ("there", "runs"):
        code, output = workspace.run(*ARGUMENTS, "--storage", storage)
        assert code == 0, output
        assert "from another storage" in output
        assert ("nothing to train" in output) == (storage == "runs")
    parents = {run.info.run_id: run for run in workspace.runs() if run.data.tags["role"] == "study"}
    children = [run for run in workspace.runs() if run.data.tags["role"] == "trial"]
    assert workspace.records() == workspace.records("there")
    assert len(parents) == 2 and len(children) == 2 * len(workspace.records())
    current = read_study(workspace.tracking_uri, "synthetic").parent_run_id
    assert parents[current].data.tags["command"].endswith("--storage runs")
    assert sorted(run.data.tags["superseded"] for run in parents.values()) == ["false", "true"]


def test_one_seed_at_one_lambda_concludes_what_little_it_can_in_a_folder_of_any_name(
    tmp_path: Path, repository: Path, whole: tuple[Workspace, str]
) -> None:
    """A name that would mean something else in a URI: all that the study leaves is in that folder.

    Its trials are trained on the objective and the dimensions that it is given.
    """
    workspace = Workspace(tmp_path / "why? 50%20x #1", repository)
    workspace.folder.mkdir()
    code, output = workspace.run(
        *"--quick --variants R=8 --lambdas 1 --seeds 1 --objective siglip --aligned-width 6".split()
    )
    assert code == 0, output
    assert "there is nothing to decide" in output and "nan" not in output
    assert [place.name for place in tmp_path.iterdir()] == [workspace.folder.name]
    assert {place.name for place in workspace.folder.iterdir()} == {"mlflow.db", "mlruns", "runs"}
    assert len(workspace.records()) >= 2
    assert list(workspace.folder.glob("mlruns/synthetic/*/artifacts/encoders.pt"))
    assert list(workspace.folder.glob("mlruns/synthetic/*/artifacts/figures/report.html"))
    for run in workspace.runs():
        if run.data.tags["role"] == "trial":
            assert (run.data.params["objective"], run.data.params["aligned_width"]) == ("SigLip", "6")
            assert float(run.data.params["objective_temperature"]) == SigLip().temperature
            assert {name for name in run.data.metrics if name.startswith("loss/align")} == {"loss/align"}
    inherited = next(run for run in whole[0].runs() if run.data.tags["role"] == "trial")
    assert inherited.data.params["objective"] == "InfoNce" and "aligned_width" not in inherited.data.params


def test_a_second_driver_of_the_same_study_is_refused(make_workspace) -> None:
    """While the first, which would train for minutes, still starts Ray: before that it claims the study."""
    workspace, arguments = make_workspace(), [*ARGUMENTS, "--configurations", "30", "--max-epochs", "270"]
    first = workspace.start(*arguments)
    deadline = time.monotonic() + SECONDS_ALLOWED
    while not list(workspace.folder.glob("runs/*.lease.json")):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    code, output = workspace.run(*arguments)
    assert first.poll() is None
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
        ("synthetic", ["--objective", "unknown"], ["infonce, siglip, vicreg, cka, or an import path", "'unknown'"]),
        ("synthetic", ["--objective", "nowhere:Mine"], ["importing nowhere failed with ModuleNotFoundError"]),
        ("synthetic", ["--train-samples", "50000"], ["45875 training rows of R=0, got 50000"]),
        ("avmnist", ["--data-dir", "nowhere"], ["nowhere", "train-images-idx3-ubyte", "recordings"]),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    tmp_path: Path, repository: Path, script: str, arguments: list[str], messages: list[str]
) -> None:
    workspace = Workspace(tmp_path, repository)
    code, output = workspace.run(*arguments, script=script)
    assert code == 2
    for message in messages:
        assert message in output
    assert not list(workspace.folder.iterdir())


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path, repository: Path) -> None:
    workspace = Workspace(tmp_path, repository)
    code, output = workspace.run("--dry-run", "--data-dir", "nowhere", script="avmnist")
    assert code == 0
    for expected in ("search", "confirm", "core-seconds", "nowhere"):
        assert expected in output
    assert not list(workspace.folder.iterdir())


def test_help_explains_every_option(tmp_path: Path, repository: Path) -> None:
    code, output = Workspace(tmp_path, repository).run("--help")
    assert code == 0
    for option in (
        "--num-gpus --num-cpus --gpus-per-trial --cpus-per-trial --simulate-gpus --address --data-dir --tracking-uri "
        "--storage --lambdas --seeds --max-seeds --max-hours --margin --configurations --max-epochs --train-samples "
        "--resamples-rows --variants --objective "
        "--aligned-width --wait-minutes --dry-run --rehearse --fresh --quick"
    ).split():
        assert option in output
