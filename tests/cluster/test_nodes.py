"""A study on a cluster of several nodes, and what is refused before its first trial."""

import shutil
from pathlib import Path

import pytest

from tests.cluster.conftest import MakeWorkspace
from tests.cluster.privileges import require_allowed
from tests.cluster.process import free_ports
from tests.cluster.ray_nodes import RayNodes
from tests.cluster.team import ARGUMENTS
from tests.studies.workspace import Workspace

PORTS = free_ports(2)  # where nothing is


def test_each_node_is_asked_and_the_numbers_are_those_of_one_machine(
    nodes: RayNodes, alone: Workspace, make_workspace: MakeWorkspace
) -> None:
    nodes.start_head("--num-cpus=1")
    nodes.add("--num-cpus=1", "--node-name=second")
    workspace = make_workspace(nodes.environment).knowing_what(alone)
    code, output = workspace.run(*ARGUMENTS, "--address", nodes.address)
    assert code == 0, output
    assert "2 CPUs, 0 GPUs on 2 nodes; a trial takes 1 CPU and 0 GPU: 2 at once" in output
    lines = [line.split() for line in output.splitlines() if line.strip().endswith("1 of 1")]
    assert len(lines) == 2
    assert {(cpus, gpus, storage) for _, cpus, gpus, _, _, storage, *_ in lines} == {("1", "0", "yes")}
    assert len({code for _, _, _, _, code, *_ in lines}) == 1
    assert workspace.records() == alone.records()
    workspace.assert_tidy()


def test_a_client_runs_it_on_the_head(nodes: RayNodes, alone: Workspace, make_workspace: MakeWorkspace) -> None:
    nodes.start_head("--num-cpus=2")
    workspace = make_workspace(nodes.environment).knowing_what(alone)
    folder = workspace.folder
    places = ["--storage", str(folder / "runs"), "--tracking-uri", workspace.tracking_uri, "--data-dir", str(folder)]
    code, output = workspace.run(*ARGUMENTS, "--address", nodes.client_address, *places)
    assert code == 0, output
    assert "the decision for each encoder" in output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()
    code, output = workspace.run(*ARGUMENTS, "--address", nodes.client_address)
    assert code == 2
    assert "expected a URI or an absolute path" in " ".join(output.split())


def test_nodes_run_the_drivers_code_not_what_is_installed(
    nodes: RayNodes, make_workspace: MakeWorkspace, repository: Path, tmp_path: Path
) -> None:
    """The driver's checkout differs from the installed one, which alone the nodes know."""
    for name in ("alignment", "pid", "trainables", "analysis", "studies"):
        shutil.copytree(repository / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    code_file = tmp_path / "trainables" / "training.py"
    code_file.write_text(code_file.read_text() + "\n# a change\n")
    nodes.start_head("--num-cpus=1")
    own = make_workspace(nodes.environment | {"PYTHONPATH": str(tmp_path)})
    code, output = Workspace(own.folder, tmp_path, own.environment).run(
        "--quick", "--variants", "R=8", "--lambdas", "0", "--address", nodes.address
    )
    assert code == 0, output


def test_a_node_that_sees_another_folder_is_named(nodes: RayNodes, make_workspace: MakeWorkspace) -> None:
    """In a mount namespace of its own, where the storage's place is an empty folder: a home that is not shared."""
    require_allowed("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    workspace = make_workspace(nodes.environment)
    runs = workspace.folder / "runs"
    runs.mkdir()
    nodes.start_head("--num-cpus=1")
    nodes.add(
        "--num-cpus=1", inside=("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {runs} && exec "$0" "$@"')
    )
    code, output = workspace.run("--quick", "--address", nodes.address)
    assert code == 2
    text = " ".join(output.split())
    assert "not every node can do its part" in text
    assert "storage does not hold what the driver wrote to it" in text or "storage FileNotFoundError" in text
    assert not workspace.records()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"RAY_AUTH_MODE": "disabled"}, "it asks for a token. Set RAY_AUTH_MODE=token"),
        ({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}, "it asks for a token"),
    ],
)
def test_a_cluster_that_asks_for_a_token_says_so(
    nodes: RayNodes, make_workspace: MakeWorkspace, environment: dict[str, str], message: str
) -> None:
    nodes.start_head("--num-cpus=1")
    code, output = make_workspace(environment).run("--quick", "--address", nodes.address)
    assert code == 2
    assert message in " ".join(output.split()) and "Traceback" not in output


@pytest.mark.parametrize("address", [f"127.0.0.1:{PORTS[0]}", f"ray://127.0.0.1:{PORTS[1]}", "no.such.host:6379"])
def test_an_address_where_nothing_is_says_so(make_workspace: MakeWorkspace, address: str) -> None:
    places = ["--storage", "/tmp/never", "--tracking-uri", "sqlite:////tmp/never.db", "--data-dir", "/tmp"]
    code, output = make_workspace().run("--quick", "--address", address, *(places if "ray://" in address else []))
    assert code == 2
    assert f"no Ray cluster can be joined at {address}" in " ".join(output.split()) and "Traceback" not in output


def test_a_cluster_without_room_is_refused_or_waited_for(nodes: RayNodes, make_workspace: MakeWorkspace) -> None:
    nodes.start_head("--num-cpus=0")
    workspace = make_workspace(nodes.environment)
    arguments = ["--quick", "--variants", "R=8", "--lambdas", "0", "--address", nodes.address]
    code, output = workspace.run(*arguments)
    assert code == 2
    assert "no trial fits: 0 CPUs, 0 GPUs" in output
    process = workspace.start(*arguments, "--wait-minutes", "5")
    assert process.stdout is not None
    while "waiting for a node" not in (line := process.stdout.readline()):
        assert line, "the study ended instead of waiting"
    nodes.add("--num-cpus=1")
    output, _ = process.communicate()
    assert process.returncode == 0, output
