"""What all tests share: the checkout, the real data beside it, a cache folder of the tests' own, and Ray."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
import torch

from trainables.garbage import seldom_searched

REPOSITORY = Path(__file__).parents[1]
# These start nodes of their own, each with its folder.
CLUSTERS = REPOSITORY / "tests" / "cluster"
RAY_GROUP = "ray"
# Ray keeps its files in this folder. It cannot be made, so that Ray does not start, and the error says why.
NO_RAY = "/dev/null/a test that starts Ray must use the fixture ray_alone"


def starts_ray(item: pytest.Item) -> bool:
    """Whether a test has a Ray of its own on this machine."""
    return "ray_alone" in getattr(item, "fixturenames", ()) or CLUSTERS in item.path.parents


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several processes of tests, one alone runs all that start Ray; they take longest, so they come first."""
    for item in items:
        if starts_ray(item):
            item.add_marker(pytest.mark.xdist_group(RAY_GROUP))
    items.sort(key=lambda item: not starts_ray(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Iterator[Any]:
    """Searching imported libraries for garbage takes time, and finds nothing."""
    with seldom_searched():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Outside that group Ray does not start: a test that would is told of the fixture that it forgot."""
    with pytest.MonkeyPatch.context() as patch:
        if not starts_ray(item):
            patch.setenv("RAY_TMPDIR", NO_RAY)
        return (yield)


@pytest.fixture(scope="session")
def ray_alone() -> Iterator[None]:
    """Whoever starts Ray, here or in a process of its own, uses this: one Ray at a time is enough for a machine.

    Its workers are no nicer than other processes, as by default: they would wait for the other tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("cuda") and not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA card, and PyTorch sees none here")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real MNIST, FSDD and MUStARD, beside the checkout; its users are skipped where it is missing."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}")
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Features that the tests compute are kept for the session and all its processes, never in the user's own cache."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    home.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def local_ray(ray_alone: None) -> Iterator[None]:
    """A Ray session with two cores, ended with its module: others start their own, and a process can have only one."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()
