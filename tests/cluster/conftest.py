"""A team's services, clusters of real nodes, and the study that nobody disturbs to compare with."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.ray_nodes import RayNodes
from tests.cluster.services import (
    missing_programs,
    start_database,
    start_object_store,
    start_tracking_server,
)
from tests.cluster.team import ARGUMENTS, FEWEST_TRIALS, Team
from tests.studies.workspace import Workspace

MakeWorkspace = Callable[..., Workspace]


@pytest.fixture(scope="session")
def team(repository: Path) -> Iterator[Team]:
    """All services, started in the order in which they need each other; skipped, saying why, where one is missing."""
    if missing := missing_programs():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have {', '.join(missing)}")
        pytest.skip(f"not installed: {', '.join(missing)}")
    # Short, for Ray's sockets, and open to PostgreSQL's own user.
    folder = Path(tempfile.mkdtemp(prefix="team-"))
    folder.chmod(0o755)
    working = folder / "work"
    working.mkdir()
    # A time limit ends pytest by SIGTERM, which would leave the servers running.
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as ends:
        ends.callback(signal.signal, signal.SIGTERM, previous)
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        database = start_database(folder / "database", ends)
        store = start_object_store(folder / "store", ends)
        tracking = start_tracking_server(folder / "mlflow", ends, database, store)
        ray = RayNodes(folder)
        ends.callback(ray.stop)
        size = ("--num-cpus=1", "--object-store-memory=200000000")
        ray.start_head(*size, **store.environment)
        ray.add(*size, **store.environment)
        yield Team(database, store, tracking, ray, working, repository)


@pytest.fixture(scope="session")
def make_workspace(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> MakeWorkspace:
    def make(environment: dict[str, str] | None = None) -> Workspace:
        return Workspace(tmp_path_factory.mktemp("study"), repository, environment or {})

    return make


@pytest.fixture(scope="session")
def alone(make_workspace: MakeWorkspace) -> Workspace:
    """The study that nobody disturbed, on this machine alone and without any of the services."""
    workspace = make_workspace()
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert len(workspace.records()) >= FEWEST_TRIALS
    return workspace


@pytest.fixture(scope="session")
def undisturbed(alone: Workspace) -> dict[str, dict]:
    """Its records."""
    return alone.records()


@pytest.fixture
def nodes() -> Iterator[RayNodes]:
    """A cluster without a node yet; all that a test has started are gone after it."""
    with tempfile.TemporaryDirectory(prefix="nodes-", ignore_cleanup_errors=True) as folder:
        cluster = RayNodes(Path(folder))
        yield cluster
        cluster.stop()
