from dataclasses import replace
from pathlib import Path

import pytest

from studies.engine.recording.journal import Journal, JournalError, Report, TrialRecord
from studies.engine.search.candidates import TrialOutcome

RECORD = TrialRecord(
    key="search-00-abc",
    stage="search",
    variant="R=0",
    stratum="R=0 λ=0.5",
    index=0,
    parameters={"lambda": 0.5, "depth": None},
    host="here",
    started=1,
)


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    report = Report(epoch=3, time=2, metrics={"valid/accuracy": 0.5, "loss/align": float("nan")})
    ended = replace(RECORD.with_report(report), outcome=TrialOutcome.PRUNED, ended=3, checkpoint="/somewhere")
    Journal(str(tmp_path)).write(RECORD)
    Journal(str(tmp_path)).write(ended)
    (read,) = Journal(str(tmp_path)).read().values()
    assert repr(read) == repr(ended)  # NaN differs from itself, its text does not
    assert read.outcome is TrialOutcome.PRUNED


def test_a_half_written_record_is_never_seen(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path))
    journal.write(RECORD)
    (tmp_path / "journal" / "search-01-def.json.part").write_text('{"key": "sea')
    assert list(journal.read()) == [RECORD.key]


@pytest.mark.parametrize("text", ["", '{"key": "x"', "[]", '{"key": "x"}'])
def test_a_damaged_record_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    journal = Journal(str(tmp_path))
    journal.write(RECORD)
    path = tmp_path / "journal" / f"{RECORD.key}.json"
    path.write_text(text)
    with pytest.raises(JournalError, match=f"{path}.*Remove that file and its trial runs again"):
        journal.read()
