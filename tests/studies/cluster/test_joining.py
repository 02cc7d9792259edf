"""What is said where Ray does not start."""

import pytest
import ray

from studies.engine.cluster.joining import start
from studies.engine.cluster.resources import ResourceError
from studies.engine.options import Options


class OurMistakeError(Exception):
    """Of a class that Ray does not raise where it cannot start."""


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(**options: object) -> None:
        raise error

    monkeypatch.setattr(ray, "init", fail)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Exception("The current node timed out during startup."), "did not come up on this machine: The current node"),
        (OSError("AF_UNIX path is too long"), r"AF_UNIX path is too long\. It keeps its files and sockets in"),
    ],
)
def test_where_ray_does_not_come_up_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    fail_with(monkeypatch, error)
    with pytest.raises(ResourceError, match=said):
        start(Options(num_gpus=0), [])


def test_a_mistake_of_ours_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, OurMistakeError("a bug"))
    with pytest.raises(OurMistakeError, match="a bug"):
        start(Options(num_gpus=0), [])
