"""What a study still has to run: trials in the order they may start, and what becomes of each."""

from collections.abc import Mapping
from math import inf

from studies.engine.halving import Candidate, Outcome, StratumSearch
from studies.engine.journal import JournalError, TrialRecord
from studies.engine.study import (
    CONFIRM,
    REDUCTION_FACTOR,
    RUNG_REPORTS,
    SEARCH,
    Stratum,
    Study,
    TrialSpec,
    strata,
    trial_spec,
)
from trainables.config import OBJECTIVE
from trainables.randomness import derived_seed


class StudyQueue:
    """All trials of a study: the search of every stratum, and the confirmation of its best as soon as that is known.

    Each stratum has its own successive halving and sampler, so that none starves another. `records` are those of
    earlier runs of the same study: their trials are not run again, and every later draw and decision is what it would
    have been without the interruption.
    Raises JournalError where a recorded trial is not the one that the study would draw.
    """

    def __init__(self, study: Study, records: Mapping[str, TrialRecord]) -> None:
        self._study = study
        self._records = records
        self._recorded_keys = {(r.stratum, r.index): r.key for r in records.values() if r.stage == SEARCH}
        self._waiting: list[TrialSpec] = []
        self._candidates: dict[str, Candidate] = {}
        self._open: dict[str, TrialSpec] = {}
        self.searches = {
            stratum: StratumSearch(
                study.search_space,
                num_configurations=study.num_configurations,
                concurrency=study.concurrency,
                rungs=RUNG_REPORTS,
                reduction_factor=REDUCTION_FACTOR,
                seed=derived_seed(study.seed, "sampler") % 2**32,
            )
            for stratum in strata(study)
        }
        for stratum in self.searches:
            self._advance(stratum)

    def take(self) -> TrialSpec | None:
        """The next trial that may start, or None while there is none.

        Confirmations come first, since they are the longest, and the longest of them before the others, so that the
        last to end keeps few slots idle; then the lowest configuration number of any stratum, so that all strata
        advance together.
        """
        if not self._waiting:
            return None
        chosen = min(self._waiting, key=_turn)
        self._waiting.remove(chosen)
        return chosen

    def report(self, key: str, objective: float) -> bool:
        """Record the objective that a trial reports; returns whether successive halving lets it go on."""
        spec = self._open[key]
        if spec.stage == CONFIRM:
            return True
        return self.searches[spec.stratum].report(self._candidates[key], objective)

    def again(self, key: str) -> None:
        """Put a trial back that was taken and has not ended, as its process was lost."""
        self._waiting.append(self._open[key])

    def end(self, key: str, outcome: Outcome) -> None:
        """Record how a trial ended, which may let others of its stratum start."""
        spec = self._open.pop(key)
        if spec.stage == SEARCH:
            self._candidates[key].outcome = outcome
            self._advance(spec.stratum)

    @property
    def is_over(self) -> bool:
        """Whether every trial has ended."""
        return not self._open

    @property
    def failed_strata(self) -> list[Stratum]:
        """Strata whose search is over without a configuration that finished, so that nothing can be confirmed."""
        return [stratum for stratum, search in self.searches.items() if search.is_over and search.best is None]

    def _advance(self, stratum: Stratum) -> None:
        search = self.searches[stratum]
        while (candidate := search.next_candidate()) is not None:
            spec = trial_spec(self._study, stratum, SEARCH, candidate.index, candidate.hyperparameters)
            self._check_recorded(spec)
            record = self._records.get(spec.key)
            if record is not None:
                candidate.objectives = [report.metrics[OBJECTIVE] for report in record.reports]
                candidate.outcome = record.outcome
            self._candidates[spec.key] = candidate
            self._add(spec)
        if search.is_over and search.best is not None:
            self._add(trial_spec(self._study, stratum, CONFIRM, search.best.index, search.best.hyperparameters))

    def _add(self, spec: TrialSpec) -> None:
        record = self._records.get(spec.key)
        if record is None or record.outcome is None:
            self._open[spec.key] = spec
            self._waiting.append(spec)

    def _check_recorded(self, spec: TrialSpec) -> None:
        recorded = self._recorded_keys.get((str(spec.stratum), spec.index), spec.key)
        if recorded != spec.key:
            raise JournalError(
                f"configuration {spec.index} of {spec.stratum} was recorded as {recorded}, but this version of the "
                f"sampler draws {spec.key}. Use the versions that the study began with, or start over with --fresh."
            )


def _turn(spec: TrialSpec) -> tuple[float, ...]:
    """Sorts trials by when they may start. A confirmation is long by its rows, then by its encoders' size."""
    if spec.stage != CONFIRM:
        return (1, spec.index)
    rows, chosen = spec.config.train_samples, spec.config.hyperparameters
    return (0, -inf if rows is None else -rows, -(chosen.depth or 0), -(chosen.projection_size or 0), spec.index)
