"""A study's queue as Ray Tune sees it: a searcher that hands out its trials and a scheduler that ends them."""

from collections.abc import Callable
from itertools import count
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
    """Asks `observe` (trial's key, result) after each report whether the trial goes on; `slots` trials run at once.

    A worker that is free takes a pending trial, and Ray Tune then ends the worker which it had begun to start for that
    trial. Where trials are shorter than a worker's start, the first worker there would so end all others, again and
    again: until all slots were filled once, who is free takes the trial that came last, for which nothing starts yet.
    """

    def __init__(self, observe: Callable[[str, dict[str, Any]], Outcome | None], slots: int) -> None:
        super().__init__()
        self._observe = observe
        self._slots = slots
        self._was_full = False
        self._turns: dict[str, int] = {}
        self._next_turn = count()

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Give the trial a turn after all that were added before."""
        self._turns[trial.trial_id] = next(self._next_turn)

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """The next of the pending trials; Ray's own choice looks through all trials that ever were."""
        live = tune_controller.get_live_trials()
        pending = sorted(
            (trial for trial in live if trial.status == trial.PENDING), key=lambda trial: self._turns[trial.trial_id]
        )
        if not pending:
            return None
        self._was_full |= sum(trial.status == trial.RUNNING for trial in live) >= self._slots
        return pending[0 if self._was_full else -1]

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """STOP where the trial has come to its end or has been pruned."""
        outcome = self._observe(trial.config["key"], result)
        return self.CONTINUE if outcome is None else self.STOP
