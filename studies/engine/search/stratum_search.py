"""The search of one stratum: which configurations come next, and which go on; a pure function of earlier results.

Asynchronous successive halving and a sampler that learns both depend on who finished first, so that the same study
gives other results on another machine, or after an interruption. Here `concurrency` configurations are drawn at once,
when all before them have ended, and are compared with those: what decides about them is settled before they start.
Strata, and the trials of one draw, still run side by side.
"""

from collections.abc import Sequence
from math import ceil, isfinite
from typing import Self

from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.final import finalists, winner
from studies.engine.search.halving import HalvingPolicy
from studies.engine.search.sampler import Sampler
from studies.engine.study import Study
from trainables.config import Hyperparameters
from trainables.randomness import derived_seed

# With half of eight draws a study may never have met the right learning rate (`benchmarks/search.py`).
SPREAD_SHARE = 0.75


class StratumSearch:
    """Tries `num_configurations` of `sampler`, drawn `concurrency` at once, then what other strata send in sweeps.

    Ends those that `halving` does not let go on. The best of them may meet in a final, with further seeds. `final`: the
    finalists, None before.
    """

    def __init__(self, sampler: Sampler, halving: HalvingPolicy, *, num_configurations: int, concurrency: int) -> None:
        self.num_configurations = num_configurations
        self.candidates: list[Candidate] = []
        self.num_sweeps = 0
        self.final: list[Candidate] | None = None
        self._sampler = sampler
        self._halving = halving
        self._concurrency = concurrency

    @classmethod
    def of(cls, study: Study) -> Self:
        """The search of any of the study's strata; all draw the same first configurations."""
        drawn_first = min(study.concurrency, study.num_configurations)  # before there is anything to learn from
        sampler = Sampler(
            study.search_space,
            num_spread=max(ceil(SPREAD_SHARE * study.num_configurations), drawn_first),
            seed=derived_seed(study.seed, "sampler") % 2**32,
        )
        return cls(sampler, study.halving, num_configurations=study.num_configurations, concurrency=study.concurrency)

    def next_candidates(self) -> list[Candidate]:
        """Draw the next configurations; none while an earlier one must end first, or where all have been drawn."""
        start = len(self.candidates)
        end = min(start + self._concurrency, self.num_configurations)
        if start >= end or any(candidate.outcome is None for candidate in self.candidates):
            return []
        for candidate in self.candidates[max(0, start - self._concurrency) :]:
            self._sampler.tell(candidate)
        drawn = [Candidate(index, self._sampler.draw()) for index in range(start, end)]
        self.candidates += drawn
        return drawn

    def begin_sweep(self, offered: Sequence[Hyperparameters]) -> list[Candidate]:
        """Begin the next sweep with those of the offered configurations that were not tried here yet."""
        self.num_sweeps += 1
        tried = {candidate.hyperparameters for candidate in self.candidates}
        fresh = [choice for choice in dict.fromkeys(offered) if choice not in tried]
        begun = [
            Candidate(index, choice, sweep=self.num_sweeps)
            for index, choice in enumerate(fresh, start=len(self.candidates))
        ]
        self.candidates += begun
        return begun

    def begin_final(self, number: int) -> list[Candidate]:
        """Begin the final of the best `number` configurations; empty where there are no two to choose from."""
        self.final = finalists(self.candidates, number)
        return self.final

    def report(self, candidate: Candidate, score: float) -> bool:
        """Take down a candidate's next score; returns whether it goes on."""
        candidate.scores.append(score)
        return self.goes_on(candidate)

    def goes_on(self, candidate: Candidate) -> bool:
        """Whether a candidate goes on after its last score: a finalist always does, and none if it is not finite."""
        if not isfinite(candidate.scores[-1]):
            return False
        if candidate.is_finalist:
            return True
        return self._halving.goes_on(candidate.scores, [other.scores for other in self._settled_before(candidate)])

    def is_over(self, sweep: int = 0) -> bool:
        """Whether every configuration up to that sweep has been drawn, or offered, and has ended."""
        if len(self.candidates) < self.num_configurations or self.num_sweeps < sweep:
            return False
        return all(candidate.outcome for candidate in self.candidates if candidate.sweep <= sweep)

    @property
    def has_ended(self) -> bool:
        """Whether the final is over too."""
        return self.final is not None and all(candidate.outcome for candidate in self.final)

    def winner(self, weights: tuple[int, int]) -> Candidate | None:
        """The best configuration after the final, `weights` being the seeds of a trial before and in it."""
        return winner(self.candidates, self.final, weights) if self.final else self.best(self.num_sweeps)

    def best(self, sweep: int = 0) -> Candidate | None:
        """The finished configuration up to that sweep with the highest score, the earlier one among equals."""
        finished = [
            candidate
            for candidate in self.candidates
            if candidate.sweep <= sweep and candidate.outcome is TrialOutcome.FINISHED
        ]
        return max(finished, key=lambda candidate: candidate.best_score, default=None)

    def _settled_before(self, candidate: Candidate) -> list[Candidate]:
        """What a candidate is compared with: all that had ended for certain before it could start."""
        if candidate.sweep:
            return [other for other in self.candidates if other.sweep < candidate.sweep]
        return self.candidates[: candidate.index - candidate.index % self._concurrency]
