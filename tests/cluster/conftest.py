"""One set of a team's services for all tests here, and the study that nobody disturbed."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cluster.services import (
    missing_programs,
    start_database,
    start_object_store,
    start_ray,
    start_tracking_server,
)
from tests.cluster.team import ARGUMENTS, NUM_TRIALS, Team
from tests.studies.workspace import Workspace


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
        ray = start_ray(folder / "ray", ends, store, repository)
        yield Team(database, store, tracking, ray, working, repository)


@pytest.fixture(scope="session")
def undisturbed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The records of the same study on this machine alone, without any of the services."""
    workspace = Workspace(tmp_path_factory.mktemp("alone"), repository)
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert len(workspace.records()) == NUM_TRIALS
    return workspace.records()
