"""Only tests of one group start Ray, so that of two processes of tests one alone has it on this machine."""

import subprocess
import sys
from pathlib import Path

import pytest
import ray

TESTS = """
import os
import pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("one")
def test_of_the_group(number, request):
    with open(request.config.rootpath / "processes", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


def test_ray_does_not_start_without_the_fixture() -> None:
    with pytest.raises(OSError, match="a test that starts Ray must use the fixture ray_alone"):
        ray.init(address="local", include_dashboard=False)
    assert not ray.is_initialized()


def test_one_process_runs_a_whole_group(tmp_path: Path) -> None:
    """By the pytest and pytest-xdist that are installed: not all of their versions go together."""
    (tmp_path / "test_group.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    options = ["--numprocesses=2", "--dist=loadgroup", "-p", "no:cacheprovider"]
    subprocess.run([sys.executable, "-m", "pytest", *options], cwd=tmp_path, check=True, capture_output=True)
    ran_in = (tmp_path / "processes").read_text().split()
    assert len(ran_in) == 8 and len(set(ran_in)) == 1
