"""A study's queue as Ray Tune's search algorithm: it hands out the trials that may start."""

from collections.abc import Callable
from typing import Any

from ray.tune.search import Searcher

from studies.engine.search.queue import StudyQueue
from studies.engine.search.trial_packs import Pack
from studies.engine.tune.unsaved import Unsaved


class QueueSearcher(Unsaved, Searcher):
    """Hands out the queue's packs; `order` turns one into the configuration that its worker is given, if any is needed.

    To Ray Tune, the trials that are trained together are one.
    """

    def __init__(self, queue: StudyQueue, order: Callable[[Pack], dict[str, Any] | None]) -> None:
        super().__init__()
        self._queue = queue
        self._order = order

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next pack's configuration, None while none may start, FINISHED at the end."""
        while pack := self._queue.take():
            if (config := self._order(pack)) is not None:
                return config
        return Searcher.FINISHED if self._queue.is_over else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing to do: the recorder tells the queue how a trial ended."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: a study resumes from its journal, never from Tune's files."""

    def restore(self, checkpoint_path: str) -> None:
        """Refuse: see `save`."""
        raise NotImplementedError("a study resumes from its journal: run the same command again")
