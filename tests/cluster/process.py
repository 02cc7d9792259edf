"""A server as a process of its own: started, killed, paused, and started again on what it had stored."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SECONDS_TO_START = 180  # for a server that never comes up alone


class Server:
    """A command that serves until it is ended. It and its children form a group, which signals reach as a whole.

    `is_up` says whether it serves, and its output is in `log`. `user` runs it where tests are run by root, for servers
    that refuse to be root's.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        is_up: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command = list(command)
        self._folder = folder
        self._is_up = is_up
        self._environment = {**os.environ, **(environment or {})}
        self._user = user if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    @property
    def has_own_user(self) -> bool:
        """Whether it runs as another user than the tests do."""
        return self._user is not None

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it serves."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **owner(self._user),
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._is_up():
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"{self._command[0]} did not come up:\n{self.log.read_text()[-3000:]}"
            time.sleep(0.2)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and its children."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and end what does not."""
        if self._process is None or not self.is_running:
            return
        self.signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            pass
        try:
            self.kill()
        except ProcessLookupError:
            return  # it took its children along


def owner(user: str | None) -> dict[str, object]:
    """Arguments with which a process is started as that user."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def listens(port: int) -> bool:
    """Whether somebody accepts connections at a port of this machine."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
