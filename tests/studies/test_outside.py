"""A lab's own objective, encoder with batch normalisation and raw waveforms, from a package outside this one."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mlflow import MlflowClient

from studies import run
from tests.studies.workspace import Workspace

FEWEST_TRIALS = 2 * (3 + 1)  # the search and the first round; exchange and later rounds add to them


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study in this process leaves its artifacts in the working folder, as MLflow does by default."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def outside(repository: Path) -> Path:
    return repository / "tests" / "outside"


@pytest.fixture(scope="module")
def whole(make_workspace, outside: Path) -> tuple[Workspace, str]:
    """The lab's study by its command line, and what it printed."""
    workspace = make_workspace()
    code, output = workspace.run("--verbose", script=outside / "tones.py")
    assert code == 0, output
    return workspace, output


def test_a_study_of_all_three_runs_by_its_command_line(whole: tuple[Workspace, str]) -> None:
    workspace, output = whole
    assert len(workspace.records()) >= FEWEST_TRIALS
    workspace.assert_tidy()
    text = " ".join(output.split())
    assert "encoder of near: Its replicas train in turn, for its buffers change in training" in text
    assert "test accuracy of near" in text and "test accuracy of far" in text
    for record in workspace.records().values():
        assert record["parameters"]["objective"] == "CosineGap" and record["parameters"]["objective_power"] == 2.0
        assert record["parameters"]["data_path"] == "my_lab.data:load"


def test_the_confirmed_encoders_are_the_labs_own(
    whole: tuple[Workspace, str], outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a study leaves is loaded by the lab's class, and hears the tones of the test split."""
    monkeypatch.syspath_prepend(str(outside))
    encoders, data = importlib.import_module("my_lab.encoders"), importlib.import_module("my_lab.data")
    confirmed = next(run for run in whole[0].runs() if run.data.tags.get("stage") == "confirm")
    client = MlflowClient(whole[0].tracking_uri)
    stored = client.download_artifacts(confirmed.info.run_id, "encoders.pt", str(tmp_path))
    states = torch.load(stored, weights_only=True)["encoders"]["near"]
    encoder = encoders.WaveformEncoder((data.NUM_SAMPLES,), width=8)
    encoder.load_state_dict(
        {name.removeprefix("encoder."): value for name, value in states[0].items() if name.startswith("encoder.")}
    )
    assert encoder.layers[1].num_batches_tracked > 0
    heard = encoder.eval()(torch.from_numpy(data.load(8).test.x1).float())
    assert heard.shape == (8, 8) and heard.isfinite().all()


def test_gone_on_with_from_python_it_gives_the_same_numbers(
    whole: tuple[Workspace, str],
    make_workspace,
    outside: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From its first three records, which is what a kill would have left; `test_run.py` kills."""
    workspace = make_workspace().with_all_of(whole[0])
    journal = workspace.folder.glob("runs/*/journal/*.json")
    for later in sorted(journal, key=lambda path: path.stat().st_mtime_ns)[3:]:
        later.unlink()
    monkeypatch.syspath_prepend(str(outside))
    study = importlib.import_module("tones").STUDY
    outcome = run(study, storage=str(workspace.folder / "runs"), tracking_uri=workspace.tracking_uri, num_cpus=2)
    assert "going on from 3 recorded trials" in capsys.readouterr().out
    assert workspace.records() == whole[0].records()
    workspace.assert_tidy()
    assert set(outcome.scores["encoder"]) == {"near", "far"}
    assert outcome.report is not None and outcome.report.is_file()


def test_other_code_is_another_study(outside: Path, tmp_path: Path) -> None:
    """A change to a module that the study names, and to no other, changes its identity."""
    program = "import tones; print(tones.STUDY.identity)"
    shutil.copytree(outside, tmp_path / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    first = _printed(program, tmp_path / "lab")
    (tmp_path / "lab" / "my_lab" / "unrelated.py").write_text("A = 1\n")
    assert _printed(program, tmp_path / "lab") == first
    for name in ("losses", "encoders", "data"):
        changed = tmp_path / "lab" / "my_lab" / f"{name}.py"
        text = changed.read_text()
        changed.write_text(text + "\n# a change\n")
        assert _printed(program, tmp_path / "lab") != first, name
        changed.write_text(text)


def _printed(program: str, folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
