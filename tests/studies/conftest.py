"""The smallest study that has everything, and folders in which studies are run."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studies.engine import Study
from studies.engine.recording.first_opening import make_store
from tests.studies.whole_study import ARGUMENTS
from tests.studies.workspace import Workspace
from trainables.config import Mlp, SyntheticData


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store of MLflow's, to be copied: making one takes seconds."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    make_store(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def make_workspace(
    tmp_path_factory: pytest.TempPathFactory, repository: Path, empty_store: Path, ray_alone: None
) -> Callable[[], Workspace]:
    """Makes folders for studies that start Ray, each with an empty store."""

    def make() -> Workspace:
        workspace = Workspace(tmp_path_factory.mktemp("study"), repository)
        shutil.copy(empty_store, workspace.folder)
        return workspace

    return make


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, repository: Path, ray_alone: None) -> tuple[Workspace, str]:
    """The study of `whole_study.py` by its command line, in a folder that was empty, and what it printed."""
    workspace = Workspace(tmp_path_factory.mktemp("whole"), repository)
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    return workspace, output


@pytest.fixture
def study() -> Study:
    """Two variants, three λ, a search that stops trials, several seeds."""
    return Study(
        name="small",
        question="Does the engine do what it says?",
        variants={"R=0": SyntheticData(shared_bits=0), "R=8": SyntheticData(shared_bits=8)},
        encoder_1=Mlp(width=4, depth=1),
        encoder_2=Mlp(width=4, depth=1),
        lambdas=(0, 0.5, 2),
        search_space={"learning_rate": (1e-1, 1e-2, 1e-3, 1e-4), "weight_decay": (0, 1e-2)},
        configurations=4,
        seeds=2,
        search_seeds=1,
        finalists=2,
        final_seeds=2,
        max_epochs=9,
        batch_size=64,
        train_samples=(128,),
    )
