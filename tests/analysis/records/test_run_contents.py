"""A trial's run is the same whether MLflow holds it or a journal: written to a real store, read both ways."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag

from analysis.records import (
    INTERRUPTED_TAGS,
    KILLED_STATUS,
    RUNNING_STATUS,
    StudyRecords,
    read_study,
    study_records,
    trial_as_run,
    trial_contents,
)
from analysis.records.schema import SCHEMA, AlignmentName, ScoreName, ceiling, data_tag, information_tag
from studies.engine.recording.journal import Report, TrialRecord
from studies.engine.search.candidates import TrialOutcome

LOSSES = {"loss/align": math.inf, "loss/task/vision": math.nan}


def record(number: int, **changes: Any) -> TrialRecord:
    """A trial of the search that has reported twice; it began `number` seconds after the first."""
    accuracies = (0.5 + number / 100, 0.4)
    reports = tuple(
        Report(epoch=3 * place, time=1000 * number + place, metrics={"valid/accuracy": accuracy, **LOSSES})
        for place, accuracy in enumerate(accuracies, start=1)
    )
    parameters = {"lambda": 2.0, "learning_rate": 1e-5, "projection_size": None, "batch_size": 8, "pooling": "cls"}
    begun = TrialRecord(
        key=f"search-{number:02d}",
        stage="search",
        variant="R = 8",
        stratum="R = 8 λ=2",
        index=number,
        parameters=parameters,
        host="node",
        started=1000 * number,
        reports=reports,
        outcome=TrialOutcome.FINISHED,
        ended=1000 * number + 500,
    )
    return replace(begun, **changes)


def confirmed(number: int, seeds: Sequence[int], **changes: Any) -> TrialRecord:
    """A confirmation with these seeds, whose scores tell its number."""
    scores = {
        str(ScoreName(score="accuracy", encoder=encoder, seed=seed)): number + seed / 100
        for encoder in ("vision", "audio")
        for seed in seeds
    }
    scores |= {str(AlignmentName(measure="cka", seed=seed)): number / 10 for seed in seeds}
    report = Report(epoch=9, time=1000 * number, metrics={"valid/accuracy": 0.5, **scores})
    shared = {"key": f"confirm-{number:02d}", "stage": "confirm", "reports": (report,)}
    return record(number, **{**shared, "constants": {ceiling("audio"): 0.9}, "index": 0, **changes})


TRIALS = [
    record(1),
    record(2, outcome=TrialOutcome.PRUNED),
    record(3, outcome=TrialOutcome.FAILED, error="first line\n" + "x" * 6000, reports=()),
    record(5, started=4000, key="search-b"),
    record(4, started=4000, key="search-a", parameters={"lambda": 0.0, "pooling": "mean"}),  # begun at once
    confirmed(6, seeds=(0, 1)),
    confirmed(8, seeds=(2, 3), variant="R = 0", parameters={"lambda": 0.0}),
    confirmed(7, seeds=(5,), index=3),  # another configuration was confirmed later
    confirmed(9, seeds=(1,)),
    record(10, outcome=None, ended=None),
]


def write(writer: Any, experiment: str, parent: str, trial: TrialRecord, *, is_stopped: bool) -> None:
    """Send a trial to MLflow as a study does: report by report, each thing once."""
    contents = trial_contents(trial)
    tags = {**contents.first_tags, "mlflow.parentRunId": parent}
    run_id = writer.client.create_run(experiment, start_time=trial.started, tags=tags).info.run_id
    for sent in range(len(trial.reports)):
        growing = replace(trial, reports=trial.reports[: sent + 1], outcome=None, ended=None)
        send(writer, run_id, trial_contents(growing, reports_sent=sent))
    last = trial_contents(trial, reports_sent=len(trial.reports))
    send(writer, run_id, last)
    if trial.outcome is not None:
        writer.client.set_terminated(run_id, status=last.status, end_time=trial.ended)
    elif is_stopped:
        for name, value in INTERRUPTED_TAGS.items():
            writer.client.set_tag(run_id, name, value)
        writer.client.set_terminated(run_id, status=KILLED_STATUS)


def send(writer: Any, run_id: str, contents: Any) -> None:
    writer.client.log_batch(
        run_id,
        metrics=[Metric(value.name, value.value, value.time, value.step) for value in contents.values],
        params=[Param(name, value) for name, value in contents.parameters.items()],
        tags=[RunTag(name, value) for name, value in contents.last_tags.items()],
    )


def information(variant: str) -> str:
    """An estimate as a study is tagged with it."""
    figures = dict.fromkeys(("raw", "corrected", "low", "high", "null_mean", "p_value"), 0.25) | {"exact": None}
    estimate = {"definition": "BROJA", "method": "broja", "num_samples": 10, "p_independent": 0.5, "dominant": None}
    return json.dumps({"variant": variant, **estimate, "atoms": {"redundancy": figures}})


def both_ways(writer: Any, uri: str, name: str, *, is_stopped: bool) -> tuple[StudyRecords, StudyRecords]:
    """The study as MLflow has it, and as its journal does."""
    experiment = writer.client.create_experiment(name)
    noted = {information_tag("R = 8"): information("R = 8"), data_tag("R = 8"): "e3b0", "git_commit": "123"}
    parent = writer.study(experiment, "abc", **noted)
    for trial in TRIALS:
        write(writer, experiment, parent, trial, is_stopped=is_stopped)
    from_mlflow = read_study(uri, name)
    run = writer.client.get_run(parent)
    from_journal = study_records(
        writer.declared,
        [trial_as_run(trial, is_stopped=is_stopped) for trial in reversed(TRIALS)],
        study_tags={"identity": "abc", "role": "study", "schema": SCHEMA, "rehearsal": "false", **noted},
        parent_run_id=parent,
        status=RUNNING_STATUS,
        started=run.info.start_time,
        ended=None,
    )
    return from_mlflow, from_journal


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_journal_and_mlflow_give_equal_records(writer: Any, uri: str, is_stopped: bool) -> None:
    from_mlflow, from_journal = both_ways(writer, uri, f"both ways {is_stopped}", is_stopped=is_stopped)
    for name in ("trials", "scores", "alignment", "information"):
        table = getattr(from_mlflow, name)
        assert not table.empty
        pd.testing.assert_frame_equal(table, getattr(from_journal, name), check_exact=True)
    for name in ("study", "label", "status", "started", "ended", "circumstances", "parent_run_id", "is_rehearsal"):
        assert getattr(from_mlflow, name) == getattr(from_journal, name)


def test_what_the_tables_hold(writer: Any, uri: str) -> None:
    """Both readings might be equally wrong: values that follow from the trials by hand."""
    _, records = both_ways(writer, uri, "by hand", is_stopped=True)
    trials = records.trials.set_index("trial")
    # Of those that began at once, the alphabet decides.
    assert trials.index.tolist()[2:5] == ["search-03", "search-a", "search-b"]
    assert trials.loc["search-01", ["accuracy/best", "epochs", "seconds", "batch_size"]].tolist() == [0.51, 6, 0.5, 8]
    assert math.isinf(trials.loc["search-01", "loss/align"]) and math.isnan(trials.loc["search-01", "loss/task/vision"])
    assert math.isnan(trials.loc["search-03", "accuracy/best"]) and len(trials.loc["search-03", "error"]) == 5000
    assert trials.loc["search-10", ["outcome", "status"]].tolist() == ["interrupted", "KILLED"]
    assert math.isnan(trials.loc["search-10", "seconds"]) and trials.loc["search-02", "status"] == "KILLED"
    assert "projection_size" not in trials and trials["pooling"].tolist()[3:5] == ["mean", "cls"]
    # λ = 2 was confirmed in rounds 6 and 9; of seed 1 the later counts, and of configuration 3 nothing.
    vision = records.scores.query("variant == 'R = 8' and encoder == 'vision'")
    assert vision[["seed", "accuracy"]].to_numpy().tolist() == [[0, 6.0], [1, 9.01]]
    assert records.scores.query("encoder == 'audio'")["ceiling"].tolist() == [0.9] * 4
    assert records.alignment["value"].tolist() == [0.6, 0.9, 0.8, 0.8]


def test_what_is_sent_in_parts_is_the_whole() -> None:
    trial = record(1, constants={"ceiling/accuracy/audio": 0.9})
    whole = trial_contents(trial)
    under_way = replace(trial, outcome=None, ended=None)
    parts = [
        *trial_contents(replace(under_way, reports=trial.reports[:1])).values,
        *trial_contents(trial, reports_sent=1).values,
    ]
    assert repr(parts) == repr(list(whole.values))  # NaN is not equal to itself, but reads alike
    assert trial_contents(under_way).last_tags == {}
    assert (trial_contents(under_way).status, whole.status) == ("RUNNING", "FINISHED")
    final = {value.name: (value.value, value.time, value.step) for value in whole.values[-2:]}
    assert final == {"ceiling/accuracy/audio": (0.9, 1500, 6), "accuracy/best": (0.51, 1500, 6)}


def test_a_trial_that_goes_on_after_an_interruption_has_no_outcome() -> None:
    """MLflow keeps the tag of the interruption until the trial ends."""
    run = trial_as_run(record(1, outcome=None, ended=None), is_stopped=False)
    again = replace(run, tags={**run.tags, **INTERRUPTED_TAGS})
    shared = {"study_tags": {}, "parent_run_id": "", "status": RUNNING_STATUS, "started": None, "ended": None}
    study = {"name": "clips", "modalities": ["vision", "audio"], "variants": ["R = 8"]}
    assert study_records(study, [again], **shared).trials["outcome"].tolist() == [None]
