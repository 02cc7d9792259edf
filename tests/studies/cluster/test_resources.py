import pytest

from studies.engine.cluster.resources import NodeResources, ResourceError, divided
from studies.engine.options import Options


def slots(*nodes: tuple[float, float], **options: float) -> int:
    return divided([NodeResources(cpus=cpus, gpus=gpus) for cpus, gpus in nodes], Options(**options)).slots


def test_without_gpus_a_trial_takes_one_core() -> None:
    assert slots((8, 0)) == 8
    assert slots((8, 0), cpus_per_trial=2) == 4


def test_with_gpus_a_trial_takes_one_unless_it_is_told_otherwise() -> None:
    assert slots((8, 2)) == 2
    assert slots((8, 2), gpus_per_trial=0.25) == 8
    assert slots((8, 2), gpus_per_trial=0) == 8


def test_cores_are_divided_where_gpus_hold_more_trials() -> None:
    resources = divided([NodeResources(cpus=2, gpus=2)], Options(gpus_per_trial=0.25))
    assert (resources.slots, resources.cpus_per_trial) == (8, 0.25)


def test_cores_that_are_asked_for_are_not_divided() -> None:
    assert slots((2, 2), gpus_per_trial=0.25, cpus_per_trial=1) == 2


def test_a_share_of_a_gpu_lies_on_one_card() -> None:
    """Two cards hold two trials of .4 each, and a fifth of .4 would be torn apart."""
    assert slots((8, 2), gpus_per_trial=0.4) == 4
    assert slots((99, 3), gpus_per_trial=1 / 3) == 9


def test_a_trial_lies_on_one_node() -> None:
    assert slots((1.5, 0), (1.5, 0)) == 2
    assert slots((4, 1), (4, 0)) == 1  # the second has no GPU for any


def test_the_smallest_share_of_cores_holds_everywhere() -> None:
    resources = divided([NodeResources(cpus=8, gpus=1), NodeResources(cpus=2, gpus=1)], Options(gpus_per_trial=0.25))
    assert (resources.slots, resources.cpus_per_trial) == (8, 0.5)


def test_a_trial_that_takes_nothing_is_refused() -> None:
    with pytest.raises(ResourceError, match=r"--cpus-per-trial 0: .* nothing would bound"):
        divided([NodeResources(cpus=2, gpus=0)], Options(cpus_per_trial=0))
    assert divided([NodeResources(cpus=2, gpus=1)], Options(cpus_per_trial=0, gpus_per_trial=0.25)).slots == 4


@pytest.mark.parametrize(
    ("node", "options"), [((0, 0), {}), ((2, 0), {"gpus_per_trial": 1}), ((2, 1), {"cpus_per_trial": 4})]
)
def test_what_fits_nowhere_is_refused_with_what_was_found(node: tuple[float, float], options: dict) -> None:
    with pytest.raises(ResourceError, match=rf"no trial fits: {node[0]} CPUs, {node[1]} GPUs"):
        slots(node, **options)
