"""Only tests of one group start Ray, so that of two processes of tests one alone has it on this machine."""

import pytest
import ray


def test_ray_does_not_start_without_the_fixture() -> None:
    with pytest.raises(OSError, match="a test that starts Ray must use the fixture ray_alone"):
        ray.init(address="local", include_dashboard=False)
    assert not ray.is_initialized()
