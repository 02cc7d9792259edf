"""The search of one stratum: which configuration comes next, and which goes on; a pure function of earlier results.

Asynchronous successive halving and a sampler that learns both depend on who finished first, so that the same study
gives other results on another machine, or after an interruption. Here configuration i learns only from configurations
up to i − concurrency, and starts only when those have ended: what it is compared with is settled before it starts, and
nothing that happens elsewhere can change it. Strata, and `concurrency` trials in each, still run side by side.
"""

from collections.abc import Sequence
from math import isfinite

from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.final import finalists, winner
from studies.engine.search.halving import HalvingPolicy
from studies.engine.search.sampler import Sampler
from trainables.config import Hyperparameters


class StratumSearch:
    """Tries `num_configurations` draws of `sampler`, then what other strata send in sweeps of the exchange.

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

    def next_candidate(self) -> Candidate | None:
        """Draw the next configuration, or None while an earlier one must end first or where all have been drawn."""
        index = len(self.candidates)
        if index >= self.num_configurations:
            return None
        settled = index - self._concurrency
        if any(candidate.outcome is None for candidate in self.candidates[: settled + 1]):
            return None
        if settled >= 0:
            self._sampler.tell(self.candidates[settled])
        candidate = Candidate(index, self._sampler.draw())
        self.candidates.append(candidate)
        return candidate

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
        """Take down a candidate's next score; returns whether it goes on, as a finalist always does.

        Never after a score that is not finite.
        """
        candidate.scores.append(score)
        if not isfinite(score):
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
        return self.candidates[: max(0, candidate.index - self._concurrency + 1)]
