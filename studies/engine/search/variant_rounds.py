"""The confirmations of one variant: the seeds of each λ, what they decide so far, and which seeds come next."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from studies.engine.recording.journal import TrialRecord
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.rounds import next_round, portions
from studies.engine.study import Study

if TYPE_CHECKING:
    from analysis.decision import Decision


class VariantRounds:
    """Rounds of seeds at the λ of one variant; a pure function of the records of their trials.

    `modalities`: the names of the two encoders. `seeds`: how many seeds of each λ were begun. `decided`: what the last
    round that has ended decides, by encoder; empty before.
    """

    def __init__(self, study: Study, variant: str, modalities: tuple[str, str]) -> None:
        self.seeds: dict[float, int] = {}
        self.decided: Mapping[str, Decision] = {}
        self._study = study
        self._variant = variant
        self._modalities = modalities
        self._num_open = 0
        self._records: list[TrialRecord] = []

    def begin(self, lambda_: float, seeds: range) -> list[tuple[int, ...]]:
        """Take down that a λ trains these seeds; returns the replicas of each of their trials."""
        trials = portions(seeds, self._study.most_packed)
        self.seeds[lambda_] = seeds.stop
        self._num_open += len(trials)
        return trials

    def end(self, record: TrialRecord) -> None:
        """Take down a trial that has ended."""
        self._num_open -= 1
        self._records.append(record)

    @property
    def has_ended(self) -> bool:
        """Whether all trials that were begun have ended, and there were some."""
        return bool(self.seeds) and not self._num_open

    def next_seeds(self) -> dict[float, range]:
        """The seeds of the next round by λ; none where all is decided, or more seeds would not help or cannot be had.

        Nor where a trial failed: its λ has no result, so that the study cannot be completed.
        """
        if any(record.outcome is not TrialOutcome.FINISHED for record in self._records):
            return {}
        from analysis.decision import score_decisions  # late: brings pandas and scipy along
        from analysis.records import confirmed_runs, trial_as_run

        runs = (trial_as_run(record, is_stopped=False) for record in self._records)
        confirmed = confirmed_runs(runs, [self._variant], self._modalities)
        found = score_decisions(
            confirmed.scores,
            margin=self._study.margin,
            first_seeds=self._study.seeds,
            lambdas=self._study.lambdas,
            hits=confirmed.hits.hits,
            groups=confirmed.hits.groups,
        )
        self.decided = {encoder: decision for (_, encoder), decision in found.items()}
        contenders = {lambda_ for decision in self.decided.values() for lambda_ in decision.contenders}
        return next_round(self.seeds, contenders, self._study.most_seeds)
