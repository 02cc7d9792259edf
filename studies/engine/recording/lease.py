"""The right to write a study's folder, wherever it lies: a file beside it that its owner renews while it lives."""

import os
import platform
import signal
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from studies.engine.recording.journal import JournalError
from studies.engine.recording.places import is_uri
from studies.engine.recording.stored import StoredValues

LIFETIME_SECONDS = 60.0
_RENEWALS_A_LIFETIME = 6
_WATCHES_A_LIFETIME = 30


@dataclass(frozen=True, kw_only=True)
class _Owner:
    """A process that holds or held a lease. `renewals` grows while it lives."""

    token: str
    host: str
    pid: int
    renewals: int

    @property
    def is_dead(self) -> bool:
        """Whether the owner surely is dead: it ran on this machine, and no process has its number."""
        return self.host == platform.node() and not Path(f"/proc/{self.pid}").exists() and Path("/proc").exists()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class Lease:
    """Holds `<name>.lease.json` below `storage` (a folder or URI) for as long as the context lasts.

    A process that finds another's lease watches it for `lifetime` seconds. If it is renewed meanwhile, the other lives
    and keeps it; if not, it is taken over. No two machines' clocks are compared. An owner that was stopped or cut off
    for so long that its lease was taken over is interrupted.
    Raises JournalError where a living process holds the lease, and at the end where it was lost.
    """

    def __init__(self, storage: str, name: str, *, lifetime: float = LIFETIME_SECONDS) -> None:
        self._file = StoredValues(storage, f"{name}.lease", patience=lifetime / _RENEWALS_A_LIFETIME)
        self._may_race = is_uri(storage)  # in a folder, whoever asks for a lease holds a lock
        self._lifetime = lifetime
        self._token = uuid.uuid4().hex
        self._renewals = 0
        self._ended = threading.Event()
        self._successor: _Owner | None = None
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        self._await_vacancy()
        self._renew()
        if self._may_race:
            self._refuse_if_taken()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._successor is not None:
            raise JournalError(f"{self._successor} has taken this study over while this process was cut off from it")
        with suppress(OSError):  # where storage is away, it runs out by itself
            self._file.delete()

    def _await_vacancy(self) -> None:
        first = self._holder()
        deadline = time.monotonic() + self._lifetime
        while (holder := self._holder()) is not None and not holder.is_dead and time.monotonic() < deadline:
            if holder != first:
                raise JournalError(f"another process is running this study: {holder} holds its lease")
            time.sleep(self._lifetime / _WATCHES_A_LIFETIME)

    def _refuse_if_taken(self) -> None:
        """Of several that found it vacant at once, the last to write has it: look again when all have written."""
        time.sleep(self._lifetime / _WATCHES_A_LIFETIME)
        holder = self._holder()
        if holder is None or holder.token != self._token:
            raise JournalError(f"another process is running this study: {holder} took its lease at the same time")

    def _keep(self) -> None:
        while not self._ended.wait(self._lifetime / _RENEWALS_A_LIFETIME):
            try:
                holder = self._holder()
                if holder is not None and holder.token != self._token:
                    self._successor = holder
                    signal.pthread_kill(_main_thread(), signal.SIGINT)
                    return
                self._renew()
            except OSError:
                continue  # storage is away: the trials go on, and so does this when it is back

    def _renew(self) -> None:
        self._renewals += 1
        owner = {"token": self._token, "host": platform.node(), "pid": os.getpid(), "renewals": self._renewals}
        self._file.write(owner)

    def _holder(self) -> _Owner | None:
        values = self._file.read()
        return _Owner(**values) if values else None


def _main_thread() -> int:
    identifier = threading.main_thread().ident
    assert identifier is not None  # it has started
    return identifier
