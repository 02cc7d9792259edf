"""What breaks under a study, on real processes: nothing recorded is lost or doubled, and the numbers are the same."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import pytest

from tests.cluster.conftest import MakeWorkspace
from tests.cluster.network import cable
from tests.cluster.privileges import require_allowed
from tests.cluster.ray_nodes import RayNodes, training_processes
from tests.cluster.team import ARGUMENTS, FEWEST_TRIALS
from tests.studies.workspace import Workspace

FAULTY = "../tests/cluster/faulty_study"


def test_a_worker_that_is_killed_costs_no_trial(alone: Workspace, make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace().knowing_what(alone)
    process = workspace.start(*ARGUMENTS)
    for number in (2, 6):
        workspace.wait_for_records(number, process)
        one_that_trains(process.pid).kill()
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def test_a_node_dies_under_its_trials_and_another_joins(
    nodes: RayNodes, alone: Workspace, make_workspace: MakeWorkspace
) -> None:
    nodes.start_head("--num-cpus=1")
    lost = nodes.add("--num-cpus=1")
    workspace = make_workspace(nodes.environment).knowing_what(alone)
    process = workspace.start(*ARGUMENTS, "--address", nodes.address)
    workspace.wait_for_records(3, process)
    nodes.kill(lost)
    nodes.add("--num-cpus=1")
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def test_a_node_that_is_cut_off_goes_on_by_itself_and_harms_nothing(
    alone: Workspace, make_workspace: MakeWorkspace
) -> None:
    """Its cable is pulled for a minute: the cluster trains its trial again, while it trains on and writes as well."""
    quick = {"RAY_health_check_period_ms": "1000", "RAY_health_check_timeout_ms": "1000"}
    with ExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="nodes-", ignore_cleanup_errors=True)))
        wire = ends.enter_context(cable())
        nodes = RayNodes(folder, wire.near)
        ends.callback(nodes.stop)
        nodes.start_head("--num-cpus=1", **quick)
        far = nodes.add("--num-cpus=1", f"--node-ip-address={wire.far}", inside=wire.inside)
        workspace = make_workspace(nodes.environment).knowing_what(alone)
        process = workspace.start(*ARGUMENTS, "--address", nodes.address)
        workspace.wait_for_records(3, process)
        assert one_that_trains(far.pid).is_running()
        wire.pull()
        deadline = time.monotonic() + 120
        while nodes.num_alive() > 1:
            assert time.monotonic() < deadline, "the cluster has not noticed"
            time.sleep(1)
        workspace.wait_for_records(6, process)
        wire.plug()
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def test_memory_runs_out_under_a_trial(nodes: RayNodes, alone: Workspace, make_workspace: MakeWorkspace) -> None:
    """Another program of the node takes what there is: Ray kills a worker, and its trial is trained again."""
    memory = psutil.virtual_memory()
    threshold = (memory.total - memory.available + 2.5e9) / memory.total
    nodes.start_head("--num-cpus=1", RAY_memory_usage_threshold=f"{threshold:.4f}", RAY_memory_monitor_refresh_ms="100")
    workspace = make_workspace(nodes.environment).knowing_what(alone)
    process = workspace.start(*ARGUMENTS, "--address", nodes.address)
    workspace.wait_for_records(2, process)
    victim = one_that_trains(*(node.pid for node in nodes.nodes))
    hog = np.ones(int(4e9) // 8)
    gone, _ = psutil.wait_procs([victim], timeout=60)
    del hog
    assert gone, "Ray let the worker live"
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def test_trials_that_diverge_or_raise_stop_no_other(make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace()
    code, output = workspace.run(script=FAULTY)
    assert code == 0, output
    failed = {key for key, record in workspace.records().items() if record["outcome"] == "failed"}
    assert len(workspace.records()) >= 2 * (4 + 1) and len(failed) == 2 * 3
    workspace.assert_tidy()
    assert "4 trials failed: ValueError: expected at most 100 rows, got 256" in output
    assert "2 trials failed: valid/accuracy was not finite: the training diverged" in output
    before = workspace.records()
    code, output = workspace.run(script=FAULTY)  # what fails always is not tried again
    assert code == 0 and "nothing to train" in output
    assert workspace.records() == before


def test_where_every_configuration_fails_the_study_says_where(make_workspace: MakeWorkspace) -> None:
    code, output = make_workspace().run("--configurations", "1", script=FAULTY)
    assert code == 1
    assert "every configuration failed at R=4 λ=0, R=4 λ=1" in " ".join(output.split()) and "Traceback" not in output


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB that is mounted for the test."""
    disk = tmp_path / "disk"
    disk.mkdir()
    require_allowed("mount", "-t", "tmpfs", "-o", "size=300k", "none", str(disk))
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_ends_the_study_with_a_sentence_and_space_lets_it_go_on(
    small_disk: Path, alone: Workspace, make_workspace: MakeWorkspace
) -> None:
    workspace = make_workspace()
    place = ["--storage", str(small_disk)]
    with (small_disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(230_000))
    code, output = workspace.run(*ARGUMENTS, *place)
    assert code == 1, output
    assert "No space left on device" in output and "the same command goes on" in output and "Traceback" not in output
    survived = Workspace(small_disk.parent, workspace.repository).records("disk")
    assert 0 < len(survived) < FEWEST_TRIALS
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    code, output = workspace.run(*ARGUMENTS, *place)
    assert code == 0, output
    assert Workspace(small_disk.parent, workspace.repository).records("disk") == alone.records()
    assert {run.info.status for run in workspace.runs()} <= {"FINISHED", "KILLED"}


def test_a_record_that_was_cut_off_is_refused_with_the_way_out(alone: Workspace, make_workspace: MakeWorkspace) -> None:
    workspace = make_workspace().knowing_what(alone)
    process = workspace.start(*ARGUMENTS)
    workspace.wait_for_records(4, process)
    process.kill()
    process.communicate()
    damaged = sorted(workspace.folder.glob("runs/*/journal/*.json"))[0]
    os.truncate(damaged, damaged.stat().st_size // 2)
    code, output = workspace.run(*ARGUMENTS)
    assert code == 2
    text = " ".join(output.split())
    assert damaged.name in text and "Remove that file and its trial runs again" in text and "Traceback" not in output
    damaged.unlink()
    code, output = workspace.run(*ARGUMENTS)
    assert code == 0, output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def one_that_trains(*roots: int) -> psutil.Process:
    """The first worker below these processes that trains, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := [process for root in roots for process in training_processes(root)]:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no worker trains")
