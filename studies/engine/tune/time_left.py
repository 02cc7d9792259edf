"""How long all up to the end of the first round will still take; nobody knows how many rounds follow."""

from collections import Counter
from collections.abc import Collection, Mapping
from statistics import fmean

from studies.engine.recording.journal import TrialRecord
from studies.engine.search.plan import CONFIRM, FINAL, SEARCH, strata
from studies.engine.study import Study

FEWEST_TRIALS = 10  # that have ended before anything is said
# A confirmation, or a trial of the final, has more replicas than a search's trial and is never cut short. So many times
# as long a confirmation took in the studies looked at (1.8 to 3.3), and both are taken to be until one has ended.
_IN_SEARCHES = 2.5


def first_round_left(
    study: Study, records: Mapping[str, TrialRecord], running: Collection[str], started: int, now: int
) -> float | None:
    """Seconds to the end of the first round; None where too few trials have ended to say, or nothing is left of it.

    `records`: of all trials by their keys, of which those of `running` are under way. `started`, `now`: milliseconds
    since 1970; trials that ended before `started`, in an earlier run of the study, are done but say nothing of today's
    machine.
    """
    ended = [record for record in records.values() if record.ended is not None]
    under_way = [records[key] for key in running if records[key].ended is None]
    timed = [
        (r.stage, (r.ended - r.started) / r.trained_together)
        for r in ended
        if r.ended is not None and r.started >= started
    ]
    if len(timed) < FEWEST_TRIALS:
        return None
    seconds = {stage: fmean(took / 1000 for of, took in timed if of == stage) for stage in {of for of, _ in timed}}
    searching = seconds.get(SEARCH, seconds.get(CONFIRM, 0.0) / _IN_SEARCHES)
    confirming, choosing = (seconds.get(stage, _IN_SEARCHES * searching) for stage in (CONFIRM, FINAL))
    num_strata = len(strata(study))
    confirmed = {record.stratum for record in ended if record.stage == CONFIRM}
    searches_left = num_strata * study.num_configurations - sum(record.stage == SEARCH for record in ended)
    in_final = Counter(record.stratum for record in ended if record.stage == FINAL)
    # As many as there can be: where few configurations finished the final has fewer, and ends with the confirmation.
    finals_left = sum(
        study.num_finalists - in_final[stratum] for stratum in map(str, strata(study)) if stratum not in confirmed
    )
    work_left = searches_left * searching + finals_left * choosing + (num_strata - len(confirmed)) * confirming
    # Those under way count, as of many that began together none may have ended.
    elapsed = sum((now - max(record.started, started)) / record.trained_together for record in under_way)
    at_once = (sum(took for _, took in timed) + elapsed) / (now - started)
    return work_left / at_once if work_left > 0 else None
