"""A network of two places on this machine, and the cable between them, which can be pulled."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.cluster.privileges import require_allowed


@dataclass(frozen=True)
class Cable:
    """From this machine at the address `near` to a network namespace, by itself, at `far`."""

    name: str
    near: str
    far: str

    @property
    def inside(self) -> Sequence[str]:
        """What runs a command at the far end."""
        return ("ip", "netns", "exec", self.name)

    def pull(self) -> None:
        """From now on nothing that either end sends arrives; nobody is told."""
        _ip("link", "set", self.name, "down")

    def plug(self) -> None:
        """Undo `pull`."""
        _ip("link", "set", self.name, "up")


@contextmanager
def cable() -> Iterator[Cable]:
    """A network namespace and its cable, gone afterwards. Skips the test where the system forbids it."""
    made = Cable(f"far{os.getpid()}", "10.213.7.1", "10.213.7.2")
    require_allowed("ip", "netns", "add", made.name)
    try:
        _ip("link", "add", made.name, "type", "veth", "peer", "name", "near", "netns", made.name)
        _ip("address", "add", f"{made.near}/24", "dev", made.name)
        _ip("-n", made.name, "address", "add", f"{made.far}/24", "dev", "near")
        _ip("link", "set", made.name, "up")
        for device in ("near", "lo"):
            _ip("-n", made.name, "link", "set", device, "up")
        yield made
    finally:
        _ip("netns", "delete", made.name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
