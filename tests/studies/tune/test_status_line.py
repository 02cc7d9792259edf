"""The line on a study under way, from records whose times are made up: what it counts, names and expects."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from analysis.records.schema import CONFIRM, FINAL, SEARCH
from studies.engine import Study
from studies.engine.recording.journal import TrialRecord
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import strata
from studies.engine.tune.status_line import status_line
from studies.engine.tune.time_left import first_round_left
from trainables.config import Mlp, SyntheticData

START = 1_700_000_000_000
STUDY = Study(
    name="s",
    question="q?",
    variants={"R=8": SyntheticData(shared_bits=8)},
    encoder_1=Mlp(width=2),
    encoder_2=Mlp(width=2),
    lambdas=(0, 0.5, 1, 2),
    search_space={"learning_rate": (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)},
    configurations=5,
    finalists=1,
    seeds=2,
    max_epochs=9,
)
STRATA = [str(stratum) for stratum in strata(STUDY)]


def trial(stage: str, number: int, begins: float, ends: float | None, outcome: TrialOutcome | None) -> TrialRecord:
    """Trial `number` of a stage, in each stratum in turn; times in seconds from the study's start."""
    return TrialRecord(
        key=f"{stage}-{number}",
        stage=stage,
        variant="R=8",
        stratum=STRATA[number % len(STRATA)],
        index=number // len(STRATA),
        parameters={},
        host="h",
        started=int(START + 1000 * begins),
        ended=None if ends is None else int(START + 1000 * ends),
        outcome=outcome,
    )


def searched(count: int) -> dict[str, TrialRecord]:
    """So many trials of the search, ten seconds each, two at a time."""
    done = [
        trial(SEARCH, n, 10 * (n // 2), 10 * (n // 2 + 1), TrialOutcome.PRUNED if n % 4 == 3 else TrialOutcome.FINISHED)
        for n in range(count)
    ]
    return {record.key: record for record in done}


def left_after(
    records: Mapping[str, TrialRecord],
    seconds: float,
    running: Collection[str] = (),
    started: float = 0,
    study: Study = STUDY,
) -> float | None:
    now = int(START + 1000 * seconds)
    return first_round_left(study, records, running, int(START + 1000 * started), now)


def test_nothing_is_said_of_the_time_left_before_ten_trials_have_ended() -> None:
    assert left_after(searched(9), 50) is None
    assert left_after(searched(10), 50) is not None


def test_the_time_left_is_that_of_the_trials_that_are_left_on_the_slots_that_are_filled() -> None:
    """Of 20 trials of the search 10 are left, 10 s each; 4 confirmations take 2.5 times as long; two run at a time."""
    assert left_after(searched(10), 50) == pytest.approx((10 * 10 + 4 * 25) / 2)


def test_of_many_slots_those_whose_trials_are_under_way_count_too() -> None:
    """Eight slots train a pack of five each; two packs have ended after 10 s, the others go on."""
    packs = [replace(trial(SEARCH, n, 0, 10 if n < 10 else None, None), trained_together=5) for n in range(40)]
    records = {record.key: record for record in packs}
    # 40 trials of 2 s each, and 4 confirmations of 5 s.
    study = replace(STUDY, configurations=10, search_space={"learning_rate": tuple(0.1 / n for n in range(1, 11))})
    expected = (30 * 2 + 4 * 5) / 8
    assert left_after(records, 10, running=[r.key for r in packs if r.ended is None], study=study) == expected


def test_confirmations_count_with_the_time_that_they_took() -> None:
    """Two slots: after 20 trials of 10 s and two confirmations of 40 s, two of 40 s are left."""
    confirmed = [trial(CONFIRM, n, 100, 140, TrialOutcome.FINISHED) for n in range(2)]
    records = searched(20) | {record.key: record for record in confirmed}
    assert left_after(records, 140) == pytest.approx(2 * 40 / 2)


def test_finals_count_as_confirmations_do_until_one_has_ended_and_where_none_is_confirmed() -> None:
    study = replace(STUDY, finalists=3)
    assert left_after(searched(20), 100, study=study) == pytest.approx((4 * 3 * 25 + 4 * 25) / 2)
    finals = [
        trial(FINAL, n, 100, 115, TrialOutcome.FINISHED) for n in (0, 4, 1)
    ]  # two of the first λ, one of the next
    records = searched(20) | {record.key: record for record in finals}
    at_once = (20 * 10 + 3 * 15) / 125
    assert left_after(records, 125, study=study) == pytest.approx((9 * 15 + 4 * 25) / at_once)
    confirmed = trial(CONFIRM, 0, 115, 125, TrialOutcome.FINISHED)  # the first λ had but two that finished
    at_once = (20 * 10 + 3 * 15 + 10) / 125
    left = left_after(records | {confirmed.key: confirmed}, 125, study=study)
    assert left == pytest.approx((8 * 15 + 3 * 10) / at_once)


def test_at_the_end_of_the_first_round_nothing_is_left() -> None:
    confirmed = [trial(CONFIRM, n, 100, 140, TrialOutcome.FINISHED) for n in range(4)]
    assert left_after(searched(20) | {record.key: record for record in confirmed}, 180) is None


def test_trials_of_an_earlier_run_are_done_and_say_nothing_of_the_speed() -> None:
    """Of 20 trials 4 ended before, at another speed; the other 12 that have ended took 10 s each, two at a time."""
    before = {f"old-{n}": trial(SEARCH, n, -900, -800, TrialOutcome.FINISHED) for n in range(4)}
    assert left_after(searched(12) | before, 60) == pytest.approx((4 * 10 + 4 * 25) / 2)


def test_the_line_says_first_what_is_started_then_what_is_trained_then_what_has_ended() -> None:
    def line(records: Mapping[str, TrialRecord], running: set[str], seconds: float) -> str:
        return status_line(STUDY, records, running, START, int(START + 1000 * seconds))

    under_way = {record.key: record for record in (trial(SEARCH, n, 1, None, None) for n in range(3))}
    assert line({}, set(), 0) == "0:00:00 starting the first trials"
    assert line(under_way, {"search-1"}, 2) == "0:00:02 training R=8 λ=0.5"
    assert line(under_way, set(under_way), 2) == "0:00:02 training R=8 λ=0 and 2 more"
    assert line(searched(8), {"search-0", "search-1"}, 40) == "0:00:40 8 searched, 2 pruned, 2 running"
    assert line(searched(10), set(), 50) == "0:00:50 10 searched, 2 pruned; first round: 100 s left"


def test_the_line_of_a_long_study_fits_into_eighty_columns() -> None:
    slow = {
        key: trial(record.stage, number, 4000 * number, 4000 * (number + 1), record.outcome)
        for number, (key, record) in enumerate(searched(12).items())
    }
    confirmed = trial(CONFIRM, 0, 48000, 60000, TrialOutcome.FINISHED)
    line = status_line(STUDY, slow | {confirmed.key: confirmed}, set(slow), START, START + 60_000_000)
    # One trial at a time: 8 searches of 4,000 s and 3 confirmations of 12,000 s.
    assert line == "16:40:00 12 searched, 3 pruned, 1 confirmed, 12 running; first round: 19 h left"
    assert len(line) <= 80
