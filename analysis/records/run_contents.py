"""What the run of one trial holds, from the trial's own record.

MLflow's writer sends this, and conclusions from a journal are drawn from the same, so that the two cannot disagree.
"""

# ruff: noqa: D102 (a protocol's own docstring says what its attributes are)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

from analysis.records.schema import (
    BEST_ACCURACY,
    CONFIGURATION,
    ERROR,
    FAILED,
    FINISHED,
    HOST,
    INTERRUPTED,
    KEEPS_HITS,
    OUTCOME,
    PRUNED,
    ROLE,
    STAGE,
    STRATUM,
    TRIAL,
    TRIAL_ROLE,
    VALID_ACCURACY,
    VARIANT,
)

RUNNING_STATUS, FINISHED_STATUS, KILLED_STATUS, FAILED_STATUS = "RUNNING", "FINISHED", "KILLED", "FAILED"  # MLflow's
STATUS_BY_OUTCOME = {FINISHED: FINISHED_STATUS, PRUNED: KILLED_STATUS, FAILED: FAILED_STATUS}
INTERRUPTED_TAGS = {OUTCOME: INTERRUPTED}
_LONGEST_ERROR = 5000


class JournalReport(Protocol):
    """What a trial reported after `epoch` epochs, at `time` (milliseconds since 1970)."""

    @property
    def epoch(self) -> int: ...
    @property
    def time(self) -> int: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


class JournalTrial(Protocol):
    """What a journal holds of one trial. `outcome` and `ended` are None while it is under way; times as of a report."""

    @property
    def key(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def stratum(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def parameters(self) -> Mapping[str, float | int | str | None]: ...
    @property
    def constants(self) -> Mapping[str, float]: ...
    @property
    def reports(self) -> Sequence[JournalReport]: ...
    @property
    def hits(self) -> Mapping[str, Any] | None: ...
    @property
    def host(self) -> str: ...
    @property
    def started(self) -> int: ...
    @property
    def ended(self) -> int | None: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def error(self) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class MetricValue:
    """A metric at one step, which is an epoch; `time` in milliseconds since 1970."""

    name: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, kw_only=True)
class RunContents:
    """What a trial's run holds: tags from its beginning and, once it has ended, from its end; values in time's order.

    `status` is MLflow's.
    """

    first_tags: Mapping[str, str]
    parameters: Mapping[str, str]
    values: Sequence[MetricValue]
    last_tags: Mapping[str, str]
    status: str


@dataclass(frozen=True, kw_only=True)
class RecordedRun:
    """A trial's run as readers have it, from MLflow or from a journal.

    Times are in milliseconds since 1970. Of each metric the latest value counts; `last_step` is the last step that has
    one. `hits`: which test rows each replica got right, None where rows are not kept.
    """

    status: str
    start: int
    end: int | None
    tags: Mapping[str, str]
    parameters: Mapping[str, str]
    metrics: Mapping[str, float]
    last_step: int | None
    hits: Mapping[str, Any] | None = None


def trial_contents(trial: JournalTrial, *, reports_sent: int = 0) -> RunContents:
    """What the trial's run holds, without the values of its first `reports_sent` reports."""
    values = [
        MetricValue(name=name, value=value, time=report.time, step=report.epoch)
        for report in trial.reports[reports_sent:]
        for name, value in report.metrics.items()
    ]
    last_tags = {}
    if trial.outcome is not None and trial.ended is not None:
        last_step = trial.reports[-1].epoch if trial.reports else 0
        values += [
            MetricValue(name=name, value=value, time=trial.ended, step=last_step)
            for name, value in _final_metrics(trial).items()
        ]
        last_tags = {OUTCOME: str(trial.outcome), ERROR: (trial.error or "")[:_LONGEST_ERROR]}
        last_tags |= {} if trial.hits is None else {KEEPS_HITS: "true"}
    return RunContents(
        first_tags={
            ROLE: TRIAL_ROLE,
            TRIAL: trial.key,
            STAGE: trial.stage,
            VARIANT: trial.variant,
            STRATUM: trial.stratum,
            CONFIGURATION: str(trial.index),
            HOST: trial.host,
        },
        parameters={name: str(value) for name, value in trial.parameters.items() if value is not None},
        values=values,
        last_tags=last_tags,
        status=RUNNING_STATUS if trial.outcome is None else STATUS_BY_OUTCOME[trial.outcome],
    )


def trial_as_run(trial: JournalTrial, *, is_stopped: bool) -> RecordedRun:
    """The run that MLflow would hold of the trial; `is_stopped` says that nobody goes on with its study."""
    contents = trial_contents(trial)
    is_interrupted = is_stopped and trial.outcome is None
    return RecordedRun(
        status=KILLED_STATUS if is_interrupted else contents.status,
        start=trial.started,
        end=trial.ended,
        tags={**contents.first_tags, **contents.last_tags, **(INTERRUPTED_TAGS if is_interrupted else {})},
        parameters=contents.parameters,
        metrics={value.name: value.value for value in contents.values},
        last_step=max((value.step for value in contents.values), default=None),
        hits=trial.hits,
    )


def _final_metrics(trial: JournalTrial) -> dict[str, float]:
    """The trial's constants, and the best that it reported of what the search maximises."""
    reported = [report.metrics[VALID_ACCURACY] for report in trial.reports]
    finite = [value for value in reported if isfinite(value)]
    return {**trial.constants, **({BEST_ACCURACY: max(finite)} if finite else {})}
