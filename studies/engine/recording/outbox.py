"""Jobs for a server that may be away for a while: done in order by a thread of their own, none dropped meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Hashable

_LONGEST_PAUSE = 15.0
_LOG = logging.getLogger(__name__)

Job = Callable[[], object]


class Outbox:
    """Does what is put into it, one job after another, on a thread that nobody waits for.

    `is_away` says of an exception whether the server may take the same job later: then it is tried again, for as long
    as it takes, and the others wait behind it. Any other exception is kept as `refusal`, and its job given up.
    `recipient` names the server in what is logged.
    """

    def __init__(self, recipient: str, is_away: Callable[[Exception], bool]) -> None:
        self._recipient = recipient
        self._is_away = is_away
        self._jobs: dict[Hashable, Job] = {}
        self._changed = threading.Condition()
        self._hurry = threading.Event()
        self._is_closed = False
        self._away_since: float | None = None
        self._absence: Exception | None = None
        self.refusal: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to do the jobs."""
        self._thread.start()

    @property
    def is_started(self) -> bool:
        """Whether the jobs are being done."""
        return self._thread.is_alive()

    def put(self, job: Job, key: Hashable | None = None) -> None:
        """Have a job done; it replaces one that waits under the same key, and takes its place in the line."""
        with self._changed:
            self._jobs[object() if key is None else key] = job
            self._changed.notify_all()

    def wait(self, patience: float) -> Exception | None:
        """Wait until all jobs are done, or the server has been away for `patience` seconds of waiting.

        Returns why jobs are left or were given up, None where all went well.
        """
        begun = time.monotonic()
        self._hurry.set()
        with self._changed:
            while self._jobs:
                # In short steps, so that a signal is never kept waiting.
                self._changed.wait(0.5)
                if self._away_since is not None and time.monotonic() - max(begun, self._away_since) > patience:
                    return self._absence
        return self.refusal

    def close(self, patience: float) -> Exception | None:
        """Wait as `wait` does, then end the thread; jobs that are left are not done any more."""
        problem = self.wait(patience)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._hurry.set()
        return problem

    def join(self) -> bool:
        """Wait until the thread has ended after `close`; returns whether it has."""
        self._thread.join(timeout=60)
        return not self.is_started

    def _work(self) -> None:
        pause = 1.0
        while (first := self._first()) is not None:
            key, job = first
            try:
                job()
            except Exception as error:
                if self._is_away(error):
                    self._note_absence(error)
                    self._hurry.wait(pause)
                    self._hurry.clear()
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                self.refusal = self.refusal or error
            pause = 1.0
            self._note_success(key, job)

    def _first(self) -> tuple[Hashable, Job] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_closed)
            return None if self._is_closed else next(iter(self._jobs.items()))

    def _note_absence(self, error: Exception) -> None:
        with self._changed:
            self._absence = error
            if self._away_since is None:
                self._away_since = time.monotonic()
                _LOG.warning("%s is away; the study goes on, and sends what it records later", self._recipient)

    def _note_success(self, key: Hashable, job: Job) -> None:
        with self._changed:
            if self._away_since is not None:
                self._away_since = None
                _LOG.warning("%s is back", self._recipient)
            if self._jobs[key] is job:
                del self._jobs[key]
            self._changed.notify_all()
