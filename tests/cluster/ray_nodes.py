"""A Ray cluster of real nodes on this machine, each a process tree of its own that can be killed by itself."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.cluster.process import free_ports

SECONDS_TO_START = 120


@dataclass
class RayNodes:
    """The head and its further nodes; `environment` is what a driver needs to join, at the head's `host`."""

    folder: Path
    host: str = "127.0.0.1"
    ports: list[int] = field(default_factory=lambda: free_ports(2))
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.ports[0]}"

    @property
    def client_address(self) -> str:
        return f"ray://{self.host}:{self.ports[1]}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}

    def start_head(self, *arguments: str, **environment: str) -> "RayNodes":
        place = (f"--temp-dir={self.folder}", f"--node-ip-address={self.host}")
        ports = (f"--port={self.ports[0]}", f"--ray-client-server-port={self.ports[1]}")
        self.add("--head", *place, *ports, "--include-dashboard=false", *arguments, **environment)
        return self

    def add(self, *arguments: str, inside: Sequence[str] = (), **environment: str) -> subprocess.Popen[bytes]:
        """Start a node, `inside` another command if any, and wait until the cluster has it."""
        before = self.alive() if self.nodes else set()
        address = () if "--head" in arguments else (f"--address={self.address}",)
        command = [*inside, str(Path(sys.executable).with_name("ray")), "start", *address, *arguments]
        log = self.folder / f"node-{len(self.nodes)}.log"
        # Nodes have a working folder of their own, and know of the project's code only what is installed.
        with log.open("wb") as output:
            node = subprocess.Popen(
                [*command, "--block", "--disable-usage-stats"],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.nodes.append(node)
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.alive() - before:  # one that was killed may be counted for a while
            assert node.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        return node

    def num_alive(self) -> int:
        """How many nodes the cluster's head counts as alive."""
        return len(self.alive())

    def alive(self) -> set[str]:
        """The identifiers of the nodes that the cluster's head counts as alive."""
        program = (
            "import ray, sys; from ray._private.state import state; from ray._raylet import GcsClientOptions;"
            f"state._initialize_global_state(GcsClientOptions.create({self.address!r}, None, True, False));"
            "print(*(node['NodeID'] for node in state.node_table() if node['Alive']))"
        )
        found = subprocess.run(
            [sys.executable, "-c", program], env=self.environment, capture_output=True, text=True, timeout=120
        )
        return set(found.stdout.split()) if found.returncode == 0 else set()

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """As a machine that loses its power: every process of the node at once."""
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(node.pid)
            _kill_all([parent, *parent.children(recursive=True)])
        node.wait()
        self.nodes.remove(node)

    def stop(self) -> None:
        for node in reversed(list(self.nodes)):
            self.kill(node)


def training_processes(root: int) -> list[psutil.Process]:
    """The worker processes below the process `root` that train."""
    with suppress(psutil.NoSuchProcess):
        below = psutil.Process(root).children(recursive=True)
        return [process for process in below if "ResourceTrainable" in _title(process)]
    return []


def _kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=30)


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""
