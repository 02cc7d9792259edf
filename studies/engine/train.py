"""The second part of a study: its trials, and beside them the estimate of the information in its data."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from rich.console import Console

from studies.engine.prepare import Prepared
from studies.engine.recording.journal import TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import CONFIRM
from studies.engine.search.queue import StudyQueue


@dataclass(frozen=True, kw_only=True)
class Trained:
    """How the training went: the records of all trials that ended, and what has no result, in sentences.

    `is_interrupted`: somebody stopped it before its end.
    """

    records: Mapping[str, TrialRecord]
    failures: Sequence[str] = ()
    is_interrupted: bool = False


def train(recording: Recording, prepared: Prepared | None, max_hours: float | None, console: Console) -> Trained:
    """Run all that is not recorded yet; nothing where `prepared` is None. After `max_hours` no further round begins."""
    failures = []
    if prepared is None:
        queue = StudyQueue(recording.study, recording.modalities, recording.records)
    else:
        # Late, as they bring Ray along, which a study that is recorded does not need.
        from studies.engine.inputs.begun_estimates import BegunEstimates
        from studies.engine.tune.study_trials import run_study_trials

        information = recording.information
        estimates = BegunEstimates(
            recording.study, information.read(), prepared.data.references, write=information.write
        )
        queue = run_study_trials(recording, prepared, _until(max_hours), [estimates], console)
        if not queue.is_over:
            return Trained(records=queue.records, is_interrupted=True)
        try:
            failure = estimates.await_all(prepared.resources.slots, console)
        except KeyboardInterrupt:
            return Trained(records=queue.records, is_interrupted=True)
        failures += [] if failure is None else [failure]
    if queue.failed_strata:
        names = ", ".join(map(str, queue.failed_strata))
        failures.append(f"every configuration failed at {names}; their errors are in MLflow, under the tag `error`")
    if unconfirmed := _failed_confirmations(queue.records.values()):
        failures.append(f"the confirmation failed at {', '.join(unconfirmed)}; its error is in MLflow, under `error`")
    return Trained(records=queue.records, failures=failures)


def _until(max_hours: float | None) -> Callable[[], bool]:
    """Says until so many hours from now that there is time for another round."""
    end = inf if max_hours is None else time.monotonic() + 3600 * max_hours
    return lambda: time.monotonic() < end


def _failed_confirmations(records: Iterable[TrialRecord]) -> list[str]:
    """Strata whose best configuration could not be trained again with other seeds, so that they have no result."""
    return sorted({r.stratum for r in records if r.stage == CONFIRM and r.outcome is TrialOutcome.FAILED})
