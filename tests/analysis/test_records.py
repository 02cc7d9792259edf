"""Reading a real MLflow store: what was written comes back as tidy tables, finished or not."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

import analysis.records
from analysis import lambda_star_table, read_study

STUDY = {
    "name": "clips",
    "question": "does it help?",
    "modalities": ["vision", "audio"],
    "variants": ["R = 8", "R = 0"],
    "lambdas": [0.0, 10.0, 2.0],
}


class Writer:
    """Writes runs as a study does."""

    def __init__(self, uri: str) -> None:
        self.client = MlflowClient(tracking_uri=uri)
        self._clock = 0

    def study(self, experiment: str, identity: str, **tags: str) -> str:
        self._clock += 1000
        tags = {"role": "study", "identity": identity, "study": json.dumps(STUDY), **tags}
        run = self.client.create_run(experiment, start_time=self._clock, tags=tags)
        return run.info.run_id

    def trial(
        self,
        experiment: str,
        parent: str,
        *,
        stage: str = "confirm",
        variant: str = "R = 8",
        strength: float = 0.0,
        outcome: str | None = "finished",
        metrics: dict[str, float],
    ) -> None:
        self._clock += 1000
        tags = {
            "mlflow.parentRunId": parent,
            "role": "trial",
            "stage": stage,
            "variant": variant,
            "trial": f"{stage}/{variant}/{strength}/{self._clock}",
        }
        run = self.client.create_run(experiment, start_time=self._clock, tags=tags)
        run_id = run.info.run_id
        parameters = [Param("lambda", str(strength)), Param("learning_rate", "0.01"), Param("pooling", "cls")]
        values = [Metric(name, value, 0, 0) for name, value in metrics.items()]
        self.client.log_batch(run_id, params=parameters, metrics=values)
        if outcome is not None:
            self.client.set_tag(run_id, "outcome", outcome)
            status = "FINISHED" if outcome == "finished" else "KILLED"
            self.client.set_terminated(run_id, status=status, end_time=self._clock + 500)


def confirmed(value: float) -> dict[str, float]:
    """Metrics of a confirmed trial with two seeds."""
    return {
        "test/accuracy/vision": value,
        "test/accuracy/vision/seed_0": value - 0.1,
        "test/accuracy/vision/seed_1": value + 0.1,
        "test/accuracy/audio/seed_0": value / 2,
        "test/accuracy/audio/seed_1": math.nan,
        "alignment/cka/seed_0": 0.3,
        "alignment/projected/cka/seed_0": 0.6,
        "ceiling/accuracy/vision": 0.9,
        "valid/accuracy": 0.5,
    }


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Writer]:
    """One store for the whole module: making one takes seconds."""
    path: Path = tmp_path_factory.mktemp("store") / "mlflow.db"
    yield Writer(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def uri(writer: Writer) -> str:
    return writer.client.tracking_uri


@pytest.fixture(scope="module")
def finished(writer: Writer) -> str:
    """An experiment with one study: confirmed trials (one of them twice), and others that did not finish."""
    experiment = writer.client.create_experiment("finished")
    parent = writer.study(experiment, "abc")
    writer.trial(experiment, parent, stage="search", metrics={"valid/accuracy": 0.4})
    writer.trial(experiment, parent, stage="search", outcome="pruned", metrics={"valid/accuracy": 0.2})
    writer.trial(experiment, parent, variant="R = 0", strength=2.0, metrics=confirmed(0.4))
    writer.trial(experiment, parent, strength=10.0, metrics=confirmed(0.6))
    writer.trial(experiment, parent, strength=2.0, metrics=confirmed(0.1))
    writer.trial(experiment, parent, strength=2.0, metrics=confirmed(0.8))
    writer.trial(experiment, parent, strength=0.0, outcome="failed", metrics=confirmed(0.1))
    writer.trial(experiment, parent, strength=0.0, outcome=None, metrics=confirmed(0.1))
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
    assert list(first.drop(columns="variant").itertuples(index=False, name=None)) == [
        (2.0, 0, "cka", 0.3),
        (10.0, 0, "cka", 0.3),
        (2.0, 0, "projected/cka", 0.6),
        (10.0, 0, "projected/cka", 0.6),
    ]


def test_trials_have_their_parameters_metrics_and_ends(uri: str, finished: str) -> None:
    records = read_study(uri, finished)
    trials = records.trials
    assert records.study == STUDY
    assert trials["outcome"].tolist() == ["finished", "pruned", *["finished"] * 4, "failed", None]
    assert trials["status"].tolist()[-2:] == ["KILLED", "RUNNING"]
    assert trials["stage"].tolist() == ["search"] * 2 + ["confirm"] * 6
    assert trials["lambda"].tolist() == [0, 0, 2, 10, 2, 2, 0, 0]
    assert trials["learning_rate"].tolist() == [0.01] * 8
    assert trials["pooling"].tolist() == ["cls"] * 8
    assert trials["valid/accuracy"].tolist()[:3] == [0.4, 0.2, 0.5]
    assert trials["seconds"].tolist()[:2] == [0.5, 0.5] and math.isnan(trials["seconds"].tolist()[-1])
    assert trials["start"].is_monotonic_increasing
    assert not any("seed_" in name for name in trials.columns)
    assert trials["trial"].is_unique and trials["run_id"].is_unique


def test_a_small_page_loses_no_trial(uri: str, finished: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read_study(uri, finished).trials
    monkeypatch.setattr(analysis.records, "_RUNS_A_PAGE", 3)
    assert read_study(uri, finished).trials.equals(expected)


def test_which_of_several_studies_is_read(writer: Writer, uri: str) -> None:
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
    with pytest.raises(ValueError, match=r"identity 'four'; the identities in it are \['one', 'two'\]"):
        read_study(uri, "several", identity="four")


def test_a_study_without_trials_gives_empty_tables(writer: Writer, uri: str) -> None:
    writer.study(writer.client.create_experiment("begun"), "abc")
    records = read_study(uri, "begun")
    assert len(records.trials) == len(records.scores) == len(records.alignment) == 0
    assert {"lambda", "outcome", "seconds"} <= set(records.trials.columns)
    assert len(lambda_star_table(records.scores)) == 0


def test_what_does_not_exist_is_named(uri: str, finished: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"no experiment 'typo' in .*'{finished}'"):
        read_study(uri, "typo")
    missing = tmp_path / "typo.db"
    with pytest.raises(ValueError, match="no MLflow store at"):
        read_study(f"sqlite:///{missing}", finished)
    assert not missing.exists()
