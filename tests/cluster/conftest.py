"""Clusters of real nodes, and a study that nobody disturbs to compare with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.ray_nodes import RayNodes
from tests.studies.workspace import Workspace

ARGUMENTS = "--variants R=4 --lambdas 0 0.5 2 --configurations 4 --seeds 2 --max-epochs 27 --train-samples 256".split()
NUM_TRIALS = 3 * (4 + 1)

MakeWorkspace = Callable[..., Workspace]


@pytest.fixture(scope="session")
def make_workspace(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> MakeWorkspace:
    def make(environment: dict[str, str] | None = None) -> Workspace:
        return Workspace(tmp_path_factory.mktemp("study"), repository, environment or {})

    return make


@pytest.fixture(scope="session")
def whole(make_workspace: MakeWorkspace) -> Workspace:
    """A study that nobody disturbed."""
    workspace = make_workspace()
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    return workspace


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    """A cluster without a node yet; all that a test has started are gone after it."""
    cluster = RayNodes(tmp_path_factory.mktemp("ray"))
    yield cluster
    cluster.stop()
