"""A whole study of modalities, a file and folders with names that MLflow, rich and the terminal do not take."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from analysis.records import StudyRecords, experiments_with_studies, read_study
from tests.studies.workspace import Workspace

MODALITIES = ("clip@224[/mfcc]", "clip//ध्वनि $x$/seed_0")
FOLDER = "x[/y]z :b: λ"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Workspace:
    """Where standard output takes ASCII alone, as in the log files of many batch systems."""
    folder = tmp_path_factory.mktemp("awkward")
    store = f"sqlite:///{folder}/team's [store].db"
    return Workspace(folder, repository, {"PYTHONIOENCODING": "ascii", "MLFLOW_TRACKING_URI": store})


@pytest.fixture(scope="module")
def store(workspace: Workspace) -> str:
    """The MLflow store that the environment names."""
    return workspace.environment["MLFLOW_TRACKING_URI"]


@pytest.fixture(scope="module")
def printed(workspace: Workspace, ray_alone: None) -> str:
    """What the study printed."""
    draw = np.random.default_rng(0)
    label = np.arange(120) % 2
    folder = workspace.folder / FOLDER
    folder.mkdir(parents=True)
    archive = folder / "features[v2].npz"
    rows = {name: draw.standard_normal((120, 5)) + label[:, None] for name in MODALITIES}
    np.savez(archive, label=label, **rows)
    arguments = ["--archive", str(archive), "--modalities", *MODALITIES, "--storage", str(folder / "runs")]
    small = [
        "--configurations",
        "1",
        "--seeds",
        "2",
        "--max-seeds",
        "2",
        "--max-epochs",
        "2",
        "--lambdas",
        "0",
        "1",
        "--verbose",
    ]
    code, output = workspace.run(*arguments, *small, "--num-cpus", "2", "--verbose", script="custom")
    assert code == 0, output
    return output


@pytest.fixture(scope="module")
def recorded(store: str, printed: str) -> StudyRecords:
    """The study as MLflow has it."""
    (experiment,) = experiments_with_studies(store)
    return read_study(store, experiment)


def test_mlflow_is_where_the_environment_says(workspace: Workspace, store: str, printed: str) -> None:
    assert f"MLflow: {store} (MLFLOW_TRACKING_URI)" in " ".join(printed.split())
    assert not (workspace.folder / "mlflow.db").exists()


def test_the_terminal_says_the_real_names(printed: str) -> None:
    text = " ".join(printed.split())
    spelled = MODALITIES[1].encode("ascii", "backslashreplace").decode()
    assert f"test accuracy of {MODALITIES[0]}, mean +/- standard error over seeds" in text
    assert f"test accuracy of {spelled}, mean" in text
    assert "x[/y]z :b: lambda/runs" in text


def test_mlflow_and_the_tables_on_disk_have_the_same_by_the_real_names(
    workspace: Workspace, recorded: StudyRecords
) -> None:
    assert tuple(recorded.study["modalities"]) == MODALITIES
    assert set(recorded.scores["encoder"]) == set(MODALITIES)
    assert list(recorded.study["variants"]) == ["features[v2]"]
    (scores,) = (workspace.folder / FOLDER / "runs").glob("*/figures/scores.csv")
    pd.testing.assert_frame_equal(pd.read_csv(scores), recorded.scores, check_dtype=False)
    decisions = pd.read_csv(scores.with_name("decisions.csv"))
    assert set(decisions["encoder"]) == set(MODALITIES)
    page = (scores.with_name("report.html")).read_text(encoding="utf-8")
    assert all(name in page for name in MODALITIES)


def test_every_encoder_has_its_own_keys(store: str, recorded: StudyRecords) -> None:
    client = MlflowClient(store)
    parent = client.get_run(recorded.parent_run_id)
    assert sorted(tag for tag in parent.data.tags if tag.startswith("decision/")) == [
        "decision/features-v2-/clip-224-/mfcc-",
        "decision/features-v2-/clip/-/ध-वन- -x-/seed-0",
    ]
    confirmed, *_ = client.search_runs([parent.info.experiment_id], "tags.stage = 'confirm'")
    assert {"test/accuracy/clip-224-/mfcc-/seed_1", "test/accuracy/clip/-/ध-वन- -x-/seed-0"} <= set(
        confirmed.data.metrics
    )
