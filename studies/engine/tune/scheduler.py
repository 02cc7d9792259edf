"""What Ray Tune asks after each report, and when a worker is free: whether a trial goes on, and which one starts."""

from collections.abc import Callable
from itertools import count
from typing import Any

from ray.tune.schedulers import FIFOScheduler

from studies.engine.tune.unsaved import Unsaved


class QueueScheduler(Unsaved, FIFOScheduler):
    """Asks `observe` (trial's key, result) after each report whether anything goes on; `slots` trials run at once.

    A free worker takes a pending trial, and Ray Tune then ends the worker that it was starting for that trial. Where
    trials are shorter than a worker's start, the first worker would end all others again and again. So until all slots
    are full, a free worker gets the newest trial, for which no worker is starting yet. That is so at the beginning, and
    where a worker was lost while no trial waited.

    Between two rounds no trial waits. Ray Tune would end all idle workers but one, and start others for the next
    round, each some seconds of imports. So as many as there are slots are kept.
    """

    def __init__(self, observe: Callable[[str, dict[str, Any]], bool], slots: int) -> None:
        super().__init__()
        self._observe = observe
        self._slots = slots
        self._was_full = False
        self._turns: dict[str, int] = {}
        self._next_turn = count()

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Give the trial a turn after all that were added before."""
        if not self._turns:
            _keep_idle_workers(tune_controller, trial, self._slots)
        self._turns[trial.trial_id] = next(self._next_turn)

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """The next of the pending trials; Ray's own choice looks through all trials, also those that have ended."""
        live = tune_controller.get_live_trials()
        pending = sorted(
            (trial for trial in live if trial.status == trial.PENDING), key=lambda trial: self._turns[trial.trial_id]
        )
        if not pending:
            self._was_full = False
            return None
        self._was_full |= sum(trial.status == trial.RUNNING for trial in live) >= self._slots
        return pending[0 if self._was_full else -1]

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Let all idle workers go where one was lost: those on its node are lost too, and would fail a trial each."""
        tune_controller._cleanup_cached_actors(force_all=True)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """STOP where all that it trains has come to its end or has been pruned."""
        return self.CONTINUE if self._observe(trial.config["key"], result) else self.STOP


def _keep_idle_workers(tune_controller: Any, trial: Any, number: int) -> None:
    """Have Ray Tune keep so many workers of this trial's size while no trial waits for one.

    Ray Tune says in no public way how many it keeps.
    """
    tune_controller._tune_controller._actor_cache.increase_max(trial.placement_group_factory, number)
