"""Servers killed, hung and away while a study runs: nothing is lost or doubled, and the numbers stay what they are."""

import signal
import time

import pytest

from tests.cluster.team import FEWEST_TRIALS, Team
from tests.studies.workspace import SECONDS_ALLOWED

SECONDS_AWAY = 60


def test_mlflow_killed_and_started_again_has_everything(team: Team, undisturbed: dict[str, dict]) -> None:
    process = team.start("killed", "--fresh")
    team.wait_for_records("killed", 2, process)
    team.tracking.server.kill()
    back = time.monotonic() + SECONDS_AWAY - 15  # which it takes to come up
    team.wait_for_records("killed", 10, process)  # trials go on without it
    time.sleep(max(0.0, back - time.monotonic()))
    team.tracking.server.start()
    output, _ = process.communicate(timeout=SECONDS_ALLOWED)
    assert process.returncode == 0, output
    assert "is away; the study goes on" in output and "is back" in output
    assert team.records("killed") == undisturbed
    team.assert_tidy("killed")


def test_mlflow_that_hangs_gets_no_run_twice(team: Team, undisturbed: dict[str, dict]) -> None:
    process = team.start("hung", "--fresh")
    team.wait_for_records("hung", 2, process)
    team.tracking.server.signal(signal.SIGSTOP)
    time.sleep(SECONDS_AWAY)  # longer than a request is waited for, so that what the server has in hand is sent again
    team.tracking.server.signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=SECONDS_ALLOWED)
    assert process.returncode == 0, output
    assert "is away; the study goes on" in output
    assert team.records("hung") == undisturbed
    team.assert_tidy("hung")


def test_mlflow_away_at_the_end_is_told_by_the_next_command(team: Team, undisturbed: dict[str, dict]) -> None:
    process = team.start("gone", "--fresh")
    team.wait_for_records("gone", 2, process)
    team.tracking.server.kill()
    output, _ = process.communicate(timeout=SECONDS_ALLOWED)
    team.tracking.server.start()
    assert process.returncode == 1, output
    assert "Traceback" not in output and team.tracking.uri in output
    assert "is recorded in s3://studies/gone/synthetic-" in output and "the same command sends" in output
    assert team.records("gone") == undisturbed
    assert "RUNNING" in {run.info.status for run in team.runs("gone")}
    code, output = team.run("gone")
    assert code == 0 and "nothing to train" in output and "the decision for each encoder" in output, output
    team.assert_tidy("gone")


def test_a_store_away_is_waited_for(team: Team, undisturbed: dict[str, dict]) -> None:
    process = team.start("store", "--fresh")
    team.wait_for_records("store", 4, process)
    team.store.server.kill()
    time.sleep(SECONDS_AWAY)
    assert process.poll() is None, process.communicate()[0]
    team.store.server.start()
    output, _ = process.communicate(timeout=SECONDS_ALLOWED)
    assert process.returncode == 0, output
    assert "the object store is away" in output
    assert team.records("store") == undisturbed
    team.assert_tidy("store")


def test_fresh_puts_a_study_in_a_store_aside(team: Team) -> None:
    few = ["--quick", "--lambdas", "0", "1"]
    assert team.run("fresh", *few, "--fresh")[0] == 0
    first = team.records("fresh")
    code, output = team.run("fresh", *few, "--fresh")
    assert code == 0, output
    assert "nothing to train" not in output
    assert team.records("fresh") == first
    aside = [place for place in team.files("fresh") if ".superseded-" in place and "/journal/" in place]
    assert len(aside) == len(first) < FEWEST_TRIALS
    parents = [run for run in team.runs("fresh") if run.data.tags["role"] == "study"]
    assert sorted(run.data.tags.get("superseded", "") for run in parents) == ["", "true"]


@pytest.fixture(autouse=True)
def all_up(team: Team):
    """Whatever a test left down is started again for the next one."""
    yield
    for server in (team.store.server, team.tracking.server):
        if not server.is_running:
            server.start()
