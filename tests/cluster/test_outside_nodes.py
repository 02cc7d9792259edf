"""A lab's own package on a cluster: the nodes do not have it, and are brought it."""

from pathlib import Path

from tests.cluster.conftest import MakeWorkspace
from tests.cluster.ray_nodes import RayNodes


def test_two_nodes_run_a_package_that_they_do_not_have(
    nodes: RayNodes, make_workspace: MakeWorkspace, repository: Path
) -> None:
    script = repository / "tests" / "outside" / "tones.py"
    alone = make_workspace()
    code, output = alone.run(script=script)
    assert code == 0, output
    nodes.start_head("--num-cpus=1")
    nodes.add("--num-cpus=1", "--node-name=second")
    workspace = make_workspace(nodes.environment).knowing_what(alone)
    code, output = workspace.run("--address", nodes.address, script=script)
    assert code == 0, output
    assert "2 CPUs, 0 GPUs on 2 nodes" in output
    assert workspace.records() == alone.records()
    workspace.assert_tidy()
