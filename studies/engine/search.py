"""A study's queue as Ray Tune sees it: a searcher that hands out its trials and a scheduler that ends them."""

from collections.abc import Callable
from typing import Any

from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from studies.engine.halving import Outcome
from studies.engine.queue import StudyQueue
from studies.engine.study import TrialSpec
from studies.engine.unsaved import Unsaved


class QueueSearcher(Unsaved, Searcher):
    """Hands out the queue's trials; `order` turns one into the configuration that its worker is given."""

    def __init__(self, queue: StudyQueue, order: Callable[[TrialSpec], dict[str, Any]]) -> None:
        super().__init__()
        self._queue = queue
        self._order = order

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The next trial's configuration, None while none may start, FINISHED at the end."""
        spec = self._queue.take()
        if spec is not None:
            return self._order(spec)
        return Searcher.FINISHED if self._queue.is_over else None

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing to do: the recorder tells the queue how a trial ended."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: a study resumes from its journal, never from Tune's files."""

    def restore(self, checkpoint_path: str) -> None:
        """Refuse: see `save`."""
        raise NotImplementedError("a study resumes from its journal: run the same command again")


class QueueScheduler(Unsaved, FIFOScheduler):
    """Asks `observe` (trial's key, result) after each report whether the trial goes on."""

    def __init__(self, observe: Callable[[str, dict[str, Any]], Outcome | None]) -> None:
        super().__init__()
        self._observe = observe

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """STOP where the trial has come to its end or has been pruned."""
        outcome = self._observe(trial.config["key"], result)
        return self.CONTINUE if outcome is None else self.STOP
