"""What is drawn while a study runs, from records that are made up: whole in eighty columns, and at once."""

import io
import re
from pathlib import Path

import pytest

from analysis.records.schema import SEARCH
from studies.engine.printing import terminal
from studies.engine.recording.folder import StudyFolder
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.recording.recording import Recording
from studies.engine.recording.tracking import Tracking
from studies.engine.search.candidates import TrialOutcome
from studies.engine.search.plan import strata
from studies.engine.search.queue import StudyQueue
from studies.engine.tune.live_table import Display
from studies.engine.tune.orders import Orders
from studies.engine.tune.recorder import Recorder
from studies.synthetic import STUDY

NAMES = ("modality_1", "modality_2")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # of a terminal


def searched(stratum: str, variant: str, index: int, score: float, *, is_over: bool) -> TrialRecord:
    return TrialRecord(
        key=f"{stratum} {index}",
        stage=SEARCH,
        variant=variant,
        stratum=stratum,
        index=index,
        parameters={},
        host="h",
        started=0,
        reports=(Report(epoch=1, time=1, metrics={"valid/accuracy": score}),),
        outcome=TrialOutcome.FINISHED if is_over else None,
        ended=1 if is_over else None,
    )


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Of each λ two trials of the search have ended, and one is running; nothing is sent to MLflow."""
    records = {}
    for stratum in strata(STUDY):
        for index in range(3):
            record = searched(str(stratum), stratum.variant, index, 0.5 + index / 100, is_over=index < 2)
            records[record.key] = record
    folder = StudyFolder(str(tmp_path), STUDY)
    Path(folder.root).mkdir()
    recording = Recording(STUDY, NAMES, folder, Tracking("sqlite:///never-opened.db", folder.root))
    recorder = Recorder(StudyQueue(STUDY, NAMES, {}), recording, records, Orders(study=STUDY, facts={}, packs=True))
    recorder.running |= {key for key, record in records.items() if record.outcome is None}
    return recorder


def drawn(recorder: Recorder) -> list[str]:
    """The lines that a display draws when it begins, in eighty columns."""
    written = io.StringIO()
    with Display(STUDY, StudyQueue(STUDY, NAMES, {}), recorder, terminal(file=written, width=80)):
        return _CONTROL.sub("", written.getvalue()).splitlines()


def test_five_variants_have_a_line_a_lambda_in_eighty_columns(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # what is written to is a terminal
    lines = drawn(recorder)
    rows = [line.split() for line in lines if "2+1" in line]
    assert [float(row[0]) for row in rows] == list(STUDY.lambdas)
    assert all(row[1:] == ["2+1", ".520", "–"] * len(STUDY.variants) for row in rows)
    assert max(map(len, lines)) <= 80


def test_without_a_terminal_a_line_is_there_at_once(recorder: Recorder) -> None:
    assert drawn(recorder) == ["0:00:00 100 searched, 50 running"]
