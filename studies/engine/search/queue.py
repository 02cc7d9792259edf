"""What a study still has to run: trials in the order they may start, and what becomes of each."""

from collections.abc import Callable, Mapping, Sequence
from math import inf

from studies.engine.recording.journal import JournalError, TrialRecord
from studies.engine.search.candidates import Candidate
from studies.engine.search.exchange import offered
from studies.engine.search.plan import CONFIRM, EXCHANGE, FINAL, SEARCH, Stratum, TrialSpec, strata, trial_spec
from studies.engine.search.stratum_search import StratumSearch
from studies.engine.search.trial_packs import Pack, first_packs, packs
from studies.engine.search.variant_rounds import VariantRounds
from studies.engine.study import Study
from trainables.config import SEARCH_METRIC

# Which waiting trial starts first. The longest do, so that the last to end keeps few slots idle; then exchanges, which
# others wait for.
_ORDER = {CONFIRM: 0, FINAL: 1, EXCHANGE: 2, SEARCH: 3}


class StudyQueue:
    """All trials of a study: the search of every stratum, the exchange, the final, and rounds that confirm its winner.

    Each stratum has its own sampler, and its trials compete with no others, so that none starves another. `records`
    are those of earlier runs of the same study: their trials are not run again, and every later draw and decision is
    what it would have been without the interruption; with those of all trials that end they are `records` here, too.
    `modalities`: the names of the two encoders. `opens_rounds` is
    asked before each round but the first of a variant, and may end the rounds where time is up.
    Raises JournalError where a recorded trial is not the one that the study would draw.
    """

    def __init__(
        self,
        study: Study,
        modalities: tuple[str, str],
        records: Mapping[str, TrialRecord],
        *,
        opens_rounds: Callable[[], bool] = lambda: True,
    ) -> None:
        self._study = study
        self.records = dict(records)
        self._recorded_keys = {(r.stratum, r.stage, r.index): r.key for r in records.values() if r.stage != CONFIRM}
        self._opens_rounds = opens_rounds
        self._waiting: list[Pack] = []
        self._candidates: dict[str, Candidate] = {}
        self._open: dict[str, TrialSpec] = {}
        self.searches = {stratum: StratumSearch.of(study) for stratum in strata(study)}
        self._variants: dict[str, list[Stratum]] = {}
        for stratum in self.searches:
            self._variants.setdefault(stratum.variant, []).append(stratum)
        self.rounds = {variant: VariantRounds(study, variant, modalities) for variant in self._variants}
        for variant in self._variants:
            self._advance(variant)

    def take(self) -> Pack:
        """The next trials that may start, to be trained together; empty while there are none.

        Trials that have ended already, in an earlier run, may be among them: without them the others would lose their
        checkpoint. Confirmations come first, the longest of them before the others, then finals, exchanges, and the
        lowest configuration number of any stratum, so that all strata advance together.
        """
        if not self._waiting:
            return ()
        chosen = min(self._waiting, key=_turn)
        self._waiting.remove(chosen)
        return chosen

    def report(self, key: str, score: float) -> bool:
        """Take down the score that a trial reports; returns whether the study's halving lets it go on."""
        spec = self._open[key]
        if spec.stage == CONFIRM:
            return True
        return self.searches[spec.stratum].report(self._candidates[key], score)

    def goes_on(self, key: str) -> bool:
        """Whether the study's halving lets the trial go on after the last score that it reported."""
        spec = self._open[key]
        return spec.stage == CONFIRM or self.searches[spec.stratum].goes_on(self._candidates[key])

    def again(self, pack: Pack) -> None:
        """Let trials that were taken start once more."""
        self._waiting.append(pack)

    def is_open(self, key: str) -> bool:
        """Whether the trial has begun, or may begin, and has not ended."""
        return key in self._open

    def end(self, record: TrialRecord) -> None:
        """Take down how a trial ended, which may let others of its variant start."""
        self.records[record.key] = record
        spec = self._open.pop(record.key)
        if spec.stage == CONFIRM:
            self.rounds[spec.stratum.variant].end(record)
        else:
            self._candidates[record.key].outcome = record.outcome
        self._advance(spec.stratum.variant)

    @property
    def is_over(self) -> bool:
        """Whether every trial has ended."""
        return not self._open

    @property
    def most_searched_at_once(self) -> int:
        """How many trainings of a stratum's search run side by side: its first draw's, as all strata draw alike."""
        return len(first_packs(self._study))

    @property
    def failed_strata(self) -> list[Stratum]:
        """Strata whose search is over without a configuration that finished, so that nothing can be confirmed."""
        return [
            stratum for stratum, search in self.searches.items() if search.has_ended and self.winner(stratum) is None
        ]

    def winner(self, stratum: Stratum) -> Candidate | None:
        """The configuration that a stratum whose search has ended confirms; None where none finished."""
        return self.searches[stratum].winner((self._study.search_seeds, self._study.final_seeds))

    def _advance(self, variant: str) -> None:
        """Add all that may start now: what is recorded already may let more start at once."""
        steps = (self._add_searches, self._add_exchanges, self._add_finals, self._add_confirmations)
        while any(step(variant) for step in steps):
            pass

    def _add_searches(self, variant: str) -> bool:
        """Draw the next configurations of each stratum that has room for them; returns whether there were any."""
        found = False
        for stratum in self._variants[variant]:
            while candidates := self.searches[stratum].next_candidates():
                self._add_candidates(stratum, SEARCH, candidates)
                found = True
        return found

    def _add_exchanges(self, variant: str) -> bool:
        """Begin each sweep of the exchange that may begin; returns whether there was any."""
        found = False
        searches = [self.searches[stratum] for stratum in self._variants[variant]]
        for position, stratum in enumerate(self._variants[variant]):
            search = searches[position]
            sweep = search.num_sweeps + 1
            if sweep > self._study.exchange_sweeps or (choices := offered(searches, position, sweep)) is None:
                continue
            self._add_candidates(stratum, EXCHANGE, search.begin_sweep(choices))
            found = True
        return found

    def _add_finals(self, variant: str) -> bool:
        """Begin the final of each stratum whose exchange is over; returns whether there was any."""
        found = False
        for stratum in self._variants[variant]:
            search = self.searches[stratum]
            if search.final is None and search.is_over(self._study.exchange_sweeps):
                self._add_candidates(stratum, FINAL, search.begin_final(self._study.num_finalists))
                found = True
        return found

    def _add_confirmations(self, variant: str) -> bool:
        """Begin the first round of each λ as soon as its best is known, later rounds of all λ together."""
        rounds = self.rounds[variant]
        found = False
        for stratum in self._variants[variant]:
            is_new = stratum.lambda_ not in rounds.seeds and self.searches[stratum].has_ended
            if is_new and (best := self.winner(stratum)):
                self._confirm(stratum, best, range(self._study.seeds))
                found = True
        all_searched = all(self.searches[stratum].has_ended for stratum in self._variants[variant])
        if found or not all_searched or not rounds.has_ended:
            return found
        additions = rounds.next_seeds()
        if not additions or not self._opens_rounds():
            return False
        for stratum in self._variants[variant]:
            best = self.winner(stratum)
            if best is not None and stratum.lambda_ in additions:
                self._confirm(stratum, best, additions[stratum.lambda_])
        return True

    def _confirm(self, stratum: Stratum, best: Candidate, seeds: range) -> None:
        rounds = self.rounds[stratum.variant]
        for replicas in rounds.begin(stratum.lambda_, seeds):
            spec = trial_spec(self._study, stratum, CONFIRM, best.index, best.hyperparameters, replicas)
            if not self._add((spec,)):
                rounds.end(self.records[spec.key])

    def _add_candidates(self, stratum: Stratum, stage: str, candidates: Sequence[Candidate]) -> None:
        specs = []
        for candidate in candidates:
            spec = trial_spec(self._study, stratum, stage, candidate.index, candidate.hyperparameters)
            self._check_recorded(spec)
            record = self.records.get(spec.key)
            if record is not None:
                candidate.scores = [report.metrics[SEARCH_METRIC] for report in record.reports]
                candidate.outcome = record.outcome
            self._candidates[spec.key] = candidate
            specs.append(spec)
        for pack in packs(self._study, specs):
            self._add(pack)

    def _add(self, pack: Pack) -> bool:
        """Whether any of these trials has still to run, so that they wait now."""
        recorded = {spec.key: self.records.get(spec.key) for spec in pack}
        left = {spec.key: spec for spec in pack if (record := recorded[spec.key]) is None or record.outcome is None}
        if left:
            self._open |= left
            self._waiting.append(pack)
        return bool(left)

    def _check_recorded(self, spec: TrialSpec) -> None:
        recorded = self._recorded_keys.get((str(spec.stratum), spec.stage, spec.index), spec.key)
        if recorded != spec.key:
            raise JournalError(
                f"configuration {spec.index} of {spec.stratum} was recorded as {recorded}, but this version of the "
                f"sampler draws {spec.key}. Use the versions that the study began with, or start over with --fresh."
            )


def _turn(pack: Pack) -> tuple[float, ...]:
    """Sort key: confirmations first, those of most rows before others, then those of larger encoders."""
    spec = pack[0]
    order = _ORDER[spec.stage]
    if spec.stage != CONFIRM:
        return (order, spec.index)
    rows, chosen = spec.config.train_samples, spec.config.hyperparameters
    return (order, -inf if rows is None else -rows, -(chosen.depth or 0), -(chosen.projection_size or 0), spec.index)
