"""Draws the configurations of one stratum: spread ones first, then those that a model of earlier results proposes."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import isfinite
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from studies.engine.search.candidates import Candidate, TrialOutcome
from trainables.config import Hyperparameters

_MAX_REPEATED_DRAWS = 50
_STATES = {
    TrialOutcome.FINISHED: TrialState.COMPLETE,
    TrialOutcome.PRUNED: TrialState.PRUNED,
    TrialOutcome.FAILED: TrialState.FAIL,
}


class Sampler:
    """Draws from `search_space` (the values of each hyperparameter), no configuration twice.

    The first `num_spread` draws are those of a Latin hypercube (McKay, Beckman and Conover 1979): in each
    hyperparameter all values come up equally often, or differ by one. They are the same for every sampler of one
    `seed`. The others are made by a tree-structured Parzen estimator (Bergstra et al. 2011) from what it was told.
    """

    def __init__(self, search_space: Mapping[str, Sequence[Any]], *, num_spread: int, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would print a line for each trial that it is told
        self._space = {name: list(values) for name, values in search_space.items()}
        self._distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values) for name, values in self._space.items()
        }
        sampler = TPESampler(seed=seed, n_startup_trials=num_spread)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        for choice in self._spread(num_spread, np.random.default_rng(seed)):
            self._study.enqueue_trial(choice)
        self._trials: list[optuna.Trial] = []
        self._drawn: set[Hyperparameters] = set()

    def draw(self) -> Hyperparameters:
        """The next configuration. Raises ValueError where the space holds no other."""
        for _ in range(_MAX_REPEATED_DRAWS):
            trial = self._study.ask(self._distributions)
            choice = Hyperparameters(**trial.params)
            if choice not in self._drawn:
                return self._keep(trial, choice)
            self._study.tell(trial, state=TrialState.FAIL)
        # A sampler can propose the same configuration again and again: then the first that is left is taken.
        for values in product(*self._space.values()):
            parameters = dict(zip(self._space, values, strict=True))
            choice = Hyperparameters(**parameters)
            if choice not in self._drawn:
                self._study.enqueue_trial(parameters)
                return self._keep(self._study.ask(self._distributions), choice)
        raise ValueError(f"all {len(self._drawn)} configurations of the search space have been drawn")

    def tell(self, candidate: Candidate) -> None:
        """Learn from a candidate that has ended, the `index`-th that was drawn."""
        assert candidate.outcome is not None
        trial = self._trials[candidate.index]
        for step, score in enumerate(candidate.scores):
            if isfinite(score):
                trial.report(score, step)
        finished = candidate.outcome is TrialOutcome.FINISHED
        self._study.tell(trial, candidate.best_score if finished else None, state=_STATES[candidate.outcome])

    def _spread(self, number: int, rng: np.random.Generator) -> list[dict[str, Any]]:
        """A Latin hypercube: the values of each hyperparameter in turn, in an order of its own."""
        columns = [
            [values[place] for place in rng.permutation(np.resize(rng.permutation(len(values)), number))]
            for values in self._space.values()
        ]
        return [dict(zip(self._space, chosen, strict=True)) for chosen in zip(*columns, strict=True)]

    def _keep(self, trial: optuna.Trial, choice: Hyperparameters) -> Hyperparameters:
        self._trials.append(trial)
        self._drawn.add(choice)
        return choice
