"""Reading a real MLflow store: what was written comes back as tidy tables, finished or not."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import read_studies, read_study, study_decisions
from analysis.records import experiments_with_studies, mlflow_reader, unreadable_studies
from trainables.config import Refused


def confirmed(value: float) -> dict[str, float]:
    """Metrics of a confirmed trial with two seeds."""
    return {
        "test/accuracy/vision": value,
        "test/accuracy/vision/seed_0": value - 0.1,
        "test/accuracy/vision/seed_1": value + 0.1,
        "test/accuracy/audio/seed_0": value / 2,
        "test/accuracy/audio/seed_1": math.nan,
        "test/accuracy_nonzero/audio/seed_0": value / 4,
        "alignment/cka/seed_0": 0.3,
        "alignment/chance/cka/seed_0": 0.1,
        "alignment/chance_high/cka/seed_0": 0.2,
        "alignment/projected/cka/seed_0": 0.6,
        "ceiling/accuracy/vision": 0.9,
        "valid/accuracy": 0.5,
    }


@pytest.fixture(scope="module")
def finished(writer: Any) -> str:
    """An experiment with one study: confirmed trials (one of them twice), and others that did not finish."""
    experiment = writer.client.create_experiment("finished")
    parent = writer.study(experiment, "abc")
    writer.trial(experiment, parent, stage="search", metrics={"valid/accuracy": 0.4})
    writer.trial(experiment, parent, stage="search", outcome="pruned", metrics={"valid/accuracy": 0.2})
    writer.trial(experiment, parent, variant="R = 0", lambda_=2.0, metrics=confirmed(0.4))
    writer.trial(experiment, parent, lambda_=10.0, metrics=confirmed(0.6))
    writer.trial(experiment, parent, lambda_=2.0, metrics=confirmed(0.1))
    writer.trial(experiment, parent, lambda_=2.0, metrics=confirmed(0.8))
    writer.trial(experiment, parent, lambda_=0.0, outcome="failed", metrics=confirmed(0.1))
    writer.trial(experiment, parent, lambda_=0.0, outcome=None, metrics=confirmed(0.1))
    return "finished"


def test_scores_of_the_finished_confirmations(uri: str, finished: str) -> None:
    scores = read_study(uri, finished).scores
    keys = scores[["variant", "encoder", "lambda", "seed"]].itertuples(index=False, name=None)
    # Variants and encoders in the study's order; λ as numbers, so that 10 follows 2.
    assert list(keys) == [
        ("R = 8", "vision", 2.0, 0),
        ("R = 8", "vision", 2.0, 1),
        ("R = 8", "vision", 10.0, 0),
        ("R = 8", "vision", 10.0, 1),
        ("R = 8", "audio", 2.0, 0),
        ("R = 8", "audio", 2.0, 1),
        ("R = 8", "audio", 10.0, 0),
        ("R = 8", "audio", 10.0, 1),
        ("R = 0", "vision", 2.0, 0),
        ("R = 0", "vision", 2.0, 1),
        ("R = 0", "audio", 2.0, 0),
        ("R = 0", "audio", 2.0, 1),
    ]
    # The later of two confirmations of λ = 2 counts.
    assert scores["accuracy"].tolist() == pytest.approx(
        [0.7, 0.9, 0.5, 0.7, 0.4, math.nan, 0.3, math.nan, 0.3, 0.5, 0.2, math.nan], nan_ok=True
    )
    assert (scores.loc[scores["encoder"] == "vision", "ceiling"] == 0.9).all()
    assert scores.loc[scores["encoder"] == "audio", "ceiling"].isna().all()


def test_alignment_before_and_after_the_projection(uri: str, finished: str) -> None:
    alignment = read_study(uri, finished).alignment
    first = alignment[alignment["variant"] == "R = 8"]
    assert list(first[["lambda", "seed", "metric", "value"]].itertuples(index=False, name=None)) == [
        (2.0, 0, "cka", 0.3),
        (10.0, 0, "cka", 0.3),
        (2.0, 0, "projected/cka", 0.6),
        (10.0, 0, "projected/cka", 0.6),
    ]
    by_chance = first[["chance", "chance_high"]].to_numpy()
    assert by_chance[:2].tolist() == [[0.1, 0.2]] * 2
    assert np.isnan(by_chance[2:]).all()  # what is not recorded is not known


def test_trials_have_their_parameters_metrics_and_ends(writer: Any, uri: str, finished: str) -> None:
    records = read_study(uri, finished)
    trials = records.trials
    assert records.study == writer.declared
    assert trials["outcome"].tolist() == ["finished", "pruned", *["finished"] * 4, "failed", None]
    assert trials["status"].tolist()[-2:] == ["FAILED", "RUNNING"]
    assert trials["stage"].tolist() == ["search"] * 2 + ["confirm"] * 6
    assert trials["lambda"].tolist() == [0, 0, 2, 10, 2, 2, 0, 0]
    assert trials["learning_rate"].tolist() == [0.01] * 8
    assert trials["pooling"].tolist() == ["cls"] * 8
    assert trials["valid/accuracy"].tolist()[:3] == [0.4, 0.2, 0.5]
    assert trials["seconds"].tolist()[:2] == [0.5, 0.5] and math.isnan(trials["seconds"].tolist()[-1])
    assert trials["start"].is_monotonic_increasing
    assert not any("seed_" in name for name in trials.columns)
    assert trials["trial"].is_unique


def test_accuracy_without_neutral_rows_stands_beside_the_accuracy(uri: str, finished: str) -> None:
    scores = read_study(uri, finished).scores
    known = scores.dropna(subset="accuracy_nonzero")
    assert known[["variant", "encoder", "lambda", "seed"]].to_numpy().tolist() == [
        ["R = 8", "audio", 2.0, 0],
        ["R = 8", "audio", 10.0, 0],
        ["R = 0", "audio", 2.0, 0],
    ]
    assert known["accuracy_nonzero"].tolist() == pytest.approx([0.2, 0.15, 0.1])


def test_errors_and_epochs_of_trials(writer: Any, uri: str) -> None:
    experiment = writer.client.create_experiment("errors")
    parent = writer.study(experiment, "abc", git_commit="123", status="FAILED")
    writer.trial(experiment, parent, outcome="failed", error="boom", epochs=7, metrics={"valid/accuracy": 0.5})
    writer.trial(experiment, parent, outcome=None, metrics={})
    records = read_study(uri, "errors")
    assert records.trials["error"].tolist() == ["boom", None]
    assert records.trials["epochs"].tolist()[0] == 7 and math.isnan(records.trials["epochs"].tolist()[1])
    assert records.status == "FAILED"
    assert records.circumstances == {"identity": "abc", "git_commit": "123"}
    assert records.started is not None and records.ended is not None and records.ended > records.started


def test_a_small_page_loses_no_trial(uri: str, finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_study(uri, finished).trials
    monkeypatch.setattr(mlflow_reader, "_RUNS_A_PAGE", 3)
    assert read_study(uri, finished).trials.equals(expected)


def test_which_of_several_studies_is_read(writer: Any, uri: str) -> None:
    experiment = writer.client.create_experiment("several")
    superseded = writer.study(experiment, "one")
    first, latest = writer.study(experiment, "one"), writer.study(experiment, "two")
    writer.study(experiment, "three", superseded="true")
    writer.client.set_tag(superseded, "superseded", "true")
    writer.trial(experiment, superseded, metrics=confirmed(0.1))
    writer.trial(experiment, first, metrics=confirmed(0.2))
    assert read_study(uri, "several").parent_run_id == latest
    assert read_study(uri, "several", identity="one").parent_run_id == first
    assert len(read_study(uri, "several", identity="one").trials) == 1
    studies = read_studies(uri, "several")
    assert [records.parent_run_id for records in studies] == [first, latest]
    assert [records.label for records in studies] == ["clips one", "clips two"]
    with pytest.raises(Refused, match=r"identity 'four'; the identities in it are \['one', 'two'\]"):
        read_study(uri, "several", identity="four")


def test_a_study_without_trials_gives_empty_tables(writer: Any, uri: str) -> None:
    writer.client.create_experiment("bare")
    assert read_studies(uri, "bare") == [] and "bare" not in experiments_with_studies(uri)
    writer.study(writer.client.create_experiment("begun"), "abc")
    assert "begun" in experiments_with_studies(uri)
    records = read_study(uri, "begun")
    assert len(records.trials) == len(records.scores) == len(records.alignment) == 0
    assert {"lambda", "outcome", "seconds"} <= set(records.trials.columns)
    assert len(study_decisions(records)) == 0


def test_what_does_not_exist_is_named(uri: str, finished: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=rf"no experiment 'typo' in .*'{finished}'"):
        read_study(uri, "typo")
    missing = tmp_path / "typo.db"
    with pytest.raises(Refused, match="cannot be used: there is none"):
        read_study(f"sqlite:///{missing}", finished)
    assert not missing.exists()


def test_studies_of_another_schema_are_named_and_not_read(writer: Any, uri: str) -> None:
    experiment = writer.client.create_experiment("schemas")
    writer.study(experiment, "old", schema=None)
    only = writer.study(experiment, "new")
    writer.study(experiment, "newer", schema="4")
    assert [records.parent_run_id for records in read_studies(uri, "schemas")] == [only]
    old, newer = unreadable_studies(uri, "schemas")
    assert (old.name, newer.name) == ("schemas old", "schemas newer")
    assert "before schemas had numbers" in old.reason and "this version reads schema 3" in old.reason
    assert "by schema 4" in newer.reason and "run the study again" in newer.reason
    for identity in ("old", "newer", None):  # without an identity the latest is meant, which is of schema 4
        with pytest.raises(Refused, match=r"cannot be read: it was .* this version reads schema 3"):
            read_study(uri, "schemas", identity)
    assert unreadable_studies(uri, "finished") == []


def test_a_rehearsal_is_read_as_one(writer: Any, uri: str) -> None:
    experiment = writer.client.create_experiment("rehearsals")
    writer.study(experiment, "real", study={"question": "is a REHEARSAL one by its words?"})
    writer.study(experiment, "made up", study={"rehearsal": True})
    assert [records.is_rehearsal for records in read_studies(uri, "rehearsals")] == [False, True]
