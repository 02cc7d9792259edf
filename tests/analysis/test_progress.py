"""What is said of a study before anything else: whole, half, failed, empty, rehearsed."""

from dataclasses import replace

from analysis.progress import study_progress
from analysis.records import StudyRecords


def test_a_whole_study_is_complete(study_records: StudyRecords) -> None:
    progress = study_progress(study_records)
    assert progress.kind == "complete" and progress.num_confirmed == 14 and not progress.is_rehearsal
    ends = progress.strata[["planned", "finished", "pruned", "failed", "open"]]
    assert (ends.to_numpy() == [3, 2, 1, 0, 0]).all()


def test_it_is_not_complete_while_further_rounds_may_come(study_records: StudyRecords) -> None:
    running, stopped = (study_progress(replace(study_records, status=status)) for status in ("RUNNING", "KILLED"))
    assert (running.kind, stopped.kind) == ("running", "unfinished")
    assert all("14 of 14 λ have a result" in progress.headline for progress in (running, stopped))


def test_half_a_study_says_how_much_is_there(half_records: StudyRecords) -> None:
    progress = study_progress(half_records)
    assert progress.kind == "running"
    assert "not over" in progress.headline and "7 of 14" in progress.headline
    assert progress.strata.loc[progress.strata["variant"] == "R = 0", "open"].tolist() == [3] * 7
    stopped = study_progress(replace(half_records, status="KILLED"))
    assert stopped.kind == "unfinished" and "stopped before its end" in stopped.headline


def test_a_failed_study_names_where(failed_records: StudyRecords) -> None:
    progress = study_progress(failed_records)
    assert progress.kind == "failed"
    assert "R = 0 λ = 0.4" in progress.headline and "13 of 14" in progress.headline
    assert progress.strata["failed"].sum() == 3
    # What failed cannot be waited for, so it has failed even while the run is open.
    assert study_progress(replace(failed_records, status="RUNNING")).kind == "failed"


def test_an_empty_study_says_so(empty_records: StudyRecords) -> None:
    progress = study_progress(empty_records)
    assert progress.kind == "empty" and "Nothing is recorded" in progress.headline and progress.num_confirmed == 0


def test_a_rehearsal_is_what_is_declared_one_whatever_its_name(study_records: StudyRecords) -> None:
    named = {**study_records.study, "name": "clips REHEARSAL"}
    assert not study_progress(replace(study_records, study=named)).is_rehearsal
    assert study_progress(replace(study_records, study={**study_records.study, "rehearsal": True})).is_rehearsal
