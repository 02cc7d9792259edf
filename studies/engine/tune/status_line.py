"""One line on a study under way: what has ended, what is trained, and how long the first round will take."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from studies.engine.recording.journal import TrialRecord
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import CONFIRM, EXCHANGE, FINAL, SEARCH
from studies.engine.study import Study
from studies.engine.tune.time_left import first_round_left

_UNITS = (("h", 3600), ("min", 60), ("s", 1))  # with seconds in each; the largest of which there are two is fine enough


def status_line(
    study: Study, records: Mapping[str, TrialRecord], running: Collection[str], started: int, now: int
) -> str:
    """How the study stands `now`; `started` is when this run of it began, both in milliseconds since 1970.

    `records`: of all trials by their keys. `running`: the keys of those under way.
    """
    ended = [record for record in records.values() if record.outcome is not None]
    line = f"{timedelta(seconds=(now - started) // 1000)} "
    if not ended:
        return line + _what_is_trained([records[key].stratum for key in sorted(running)])
    counts = {
        "searched": sum(record.stage == SEARCH for record in ended),
        "exchanged": sum(record.stage == EXCHANGE for record in ended),
        "finalists": sum(record.stage == FINAL for record in ended),
        "pruned": sum(record.outcome is TrialOutcome.PRUNED for record in ended),
        "confirmed": sum(record.stage == CONFIRM for record in ended),
        "failed": sum(record.outcome is TrialOutcome.FAILED for record in ended),
        "running": len(running),
    }
    line += ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    left = first_round_left(study, records, running, started, now)
    return line if left is None else f"{line}; first round: {_duration(left)} left"


def _what_is_trained(names: list[str]) -> str:
    if not names:
        return "starting the first trials"
    others = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"training {names[0]}{others}"


def _duration(seconds: float) -> str:
    unit, size = next((each for each in _UNITS if seconds >= 2 * each[1]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"
