"""Which pending trial a free worker takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from ray.tune.experiment import Trial
from ray.tune.utils.object_cache import _ObjectCache

from studies.engine.tune.scheduler import QueueScheduler


class Controller:
    """Ray Tune's controller, as far as a scheduler tells it how many idle workers to keep."""

    def __init__(self) -> None:
        self._actor_cache = _ObjectCache()


@dataclass
class Live:
    """What a scheduler is given of Ray Tune's controller, as far as it asks which trials are not over."""

    trials: list[Trial] = field(default_factory=list)
    _tune_controller: Controller = field(default_factory=Controller)

    def get_live_trials(self) -> set[Trial]:
        return set(self.trials)


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def scheduler(live: Live) -> QueueScheduler:
    """Of three slots and six trials, all pending."""
    made = QueueScheduler(lambda key, result: True, slots=3)
    for trial in _trials(6):
        live.trials.append(trial)
        made.on_trial_add(live, trial)
    return made


def test_once_all_slots_are_filled_the_first_to_come_is_the_first_to_run(live: Live, scheduler: QueueScheduler) -> None:
    for trial in live.trials[:3]:
        trial.set_status(Trial.RUNNING)
    first_to_come = live.trials[3]
    assert scheduler.choose_trial_to_run(live) is first_to_come
    del live.trials[:2]  # one has ended, and one was lost: nobody waits for ever behind those who come later
    assert scheduler.choose_trial_to_run(live) is first_to_come


def test_while_workers_start_nobody_takes_their_trials(live: Live, scheduler: QueueScheduler) -> None:
    """The first of three is done while two still start for the next two: the last is taken."""
    live.trials.pop(0)
    assert scheduler.choose_trial_to_run(live) is live.trials[-1]


def test_workers_that_start_for_a_later_round_keep_their_trials_too(live: Live, scheduler: QueueScheduler) -> None:
    """After a time without a trial that waits, in which Ray Tune has ended workers."""
    first, *_ = live.trials
    for trial in live.trials[:3]:
        trial.set_status(Trial.RUNNING)
    scheduler.choose_trial_to_run(live)
    live.trials[:] = [first]
    assert scheduler.choose_trial_to_run(live) is None
    for trial in _trials(4):
        live.trials.append(trial)
        scheduler.on_trial_add(live, trial)
    assert scheduler.choose_trial_to_run(live) is live.trials[-1]
    for trial in live.trials[1:3]:
        trial.set_status(Trial.RUNNING)
    assert scheduler.choose_trial_to_run(live) is live.trials[3]


def test_without_a_pending_trial_there_is_none(live: Live, scheduler: QueueScheduler) -> None:
    for trial in live.trials:
        trial.set_status(Trial.RUNNING)
    assert scheduler.choose_trial_to_run(live) is None


def _trials(number: int) -> Iterator[Trial]:
    return (Trial("any", stub=True) for _ in range(number))
