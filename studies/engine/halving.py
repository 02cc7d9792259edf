"""The search of one stratum: which configuration comes next, and which goes on; a pure function of earlier results.

Asynchronous successive halving and a sampler that learns both depend on who finished first, so that the same study
gives other results on another machine, or after an interruption. Here configuration i learns only from configurations
up to i − concurrency, and starts only when those have ended: what it is compared with is settled before it starts, and
nothing that happens elsewhere can change it. Strata, and `concurrency` trials in each, still run side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import isfinite
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from trainables.config import Hyperparameters

_MAX_REPEATED_DRAWS = 50


class Outcome(StrEnum):
    """How a trial ended."""

    FINISHED = "finished"
    PRUNED = "pruned"
    FAILED = "failed"


_TRIAL_STATES = {
    Outcome.FINISHED: TrialState.COMPLETE,
    Outcome.PRUNED: TrialState.PRUNED,
    Outcome.FAILED: TrialState.FAIL,
}


@dataclass
class Candidate:
    """One configuration of a stratum: its objective at each report, and how it ended."""

    index: int
    hyperparameters: Hyperparameters
    objectives: list[float] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def score(self) -> float:
        """Best objective over the reports, which is where its weights are taken; −inf where there is none."""
        return max((value for value in self.objectives if isfinite(value)), default=float("-inf"))


class StratumSearch:
    """Successive halving with a learning sampler over `search_space`, for one stratum.

    A trial is stopped at a rung where its objective is below the upper 1/`reduction_factor` quantile of the earlier
    configurations that reached the rung (ASHA's rule, Li et al. 2020), and where the objective is not finite.
    The first half of the configurations are random draws, the same in every search of one `seed`; the others are
    drawn by a tree-structured Parzen estimator. No configuration is drawn twice.
    """

    def __init__(
        self,
        search_space: Mapping[str, Sequence[Any]],
        *,
        num_configurations: int,
        concurrency: int,
        rungs: Sequence[int],
        reduction_factor: int,
        seed: int,
    ) -> None:
        self.num_configurations = num_configurations
        self.candidates: list[Candidate] = []
        self._concurrency = concurrency
        self._rungs = rungs
        self._quantile = 1 - 1 / reduction_factor
        self._space = {name: list(values) for name, values in search_space.items()}
        self._distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values) for name, values in self._space.items()
        }
        sampler = TPESampler(seed=seed, n_startup_trials=max(1, num_configurations // 2))
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._trials: list[optuna.Trial] = []

    def next_candidate(self) -> Candidate | None:
        """Draw the next configuration, or None while an earlier one must end first or where all have been drawn."""
        index = len(self.candidates)
        if index >= self.num_configurations:
            return None
        settled = index - self._concurrency
        if any(candidate.outcome is None for candidate in self.candidates[: settled + 1]):
            return None
        if settled >= 0:
            self._tell(self.candidates[settled])
        candidate = Candidate(index, self._draw())
        self.candidates.append(candidate)
        return candidate

    def report(self, candidate: Candidate, objective: float) -> bool:
        """Record a candidate's next objective; returns whether it goes on."""
        candidate.objectives.append(objective)
        if not isfinite(objective):
            return False
        num_reports = len(candidate.objectives)
        if num_reports not in self._rungs:
            return True
        settled = self.candidates[: max(0, candidate.index - self._concurrency + 1)]
        reached = [other.objectives[num_reports - 1] for other in settled if len(other.objectives) >= num_reports]
        reached = [value for value in reached if isfinite(value)]
        return not reached or objective >= np.quantile(reached, self._quantile)

    @property
    def is_over(self) -> bool:
        """Whether every configuration has been drawn and has ended."""
        return len(self.candidates) == self.num_configurations and all(c.outcome for c in self.candidates)

    @property
    def best(self) -> Candidate | None:
        """The finished configuration with the highest score, the earlier one among equals."""
        finished = [candidate for candidate in self.candidates if candidate.outcome is Outcome.FINISHED]
        return max(finished, key=lambda candidate: candidate.score, default=None)

    def _draw(self) -> Hyperparameters:
        drawn = {candidate.hyperparameters for candidate in self.candidates}
        for _ in range(_MAX_REPEATED_DRAWS):
            trial = self._study.ask(self._distributions)
            choice = Hyperparameters(**trial.params)
            if choice not in drawn:
                self._trials.append(trial)
                return choice
            self._study.tell(trial, state=TrialState.FAIL)
        # A sampler that is sure of itself can propose one configuration for ever: take the first that is left.
        for values in product(*self._space.values()):
            parameters = dict(zip(self._space, values, strict=True))
            if Hyperparameters(**parameters) not in drawn:
                self._study.enqueue_trial(parameters)
                self._trials.append(self._study.ask(self._distributions))
                return Hyperparameters(**parameters)
        raise AssertionError("num_configurations is larger than the search space")

    def _tell(self, candidate: Candidate) -> None:
        assert candidate.outcome is not None  # only settled candidates are told
        trial = self._trials[candidate.index]
        for step, objective in enumerate(candidate.objectives):
            if isfinite(objective):
                trial.report(objective, step)
        finished = candidate.outcome is Outcome.FINISHED
        self._study.tell(trial, candidate.score if finished else None, state=_TRIAL_STATES[candidate.outcome])
