"""Planted data for the tests of analysis: scores whose truth is known, and a store to which runs are written."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from analysis.conclusions import Conclusions, conclude_records
from analysis.records import StudyRecords
from analysis.records.schema import SCHEMA

# What every study declares, whatever its data.
DEFINITION: dict[str, Any] = {
    "variants": {"R = 8": {"type": "ArchiveData"}, "R = 0": {"type": "ArchiveData"}},
    "train_samples": [None],
    "configurations": 3,
    "seeds": 4,
    "margin": 0.005,
    "max_epochs": 9,
    "search_space": {"learning_rate": [0.1, 0.01, 0.001], "dropout_1": [0, 0.1]},
    "objective": {"type": "InfoNce", "temperature": 0.1},
    "aligned_width": None,
}
GRID = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0])
# Shapes over GRID, each with one regime.
SHAPES = {
    "increasing": 0.70 + 0.05 * GRID,
    "saturating": 0.70 + 0.05 * (1 - np.exp(-GRID / 0.1)),
    "inverted_u": 0.80 - 0.10 * (GRID - 0.8) ** 2,
    "decreasing": 0.70 - 0.05 * GRID,
    "flat": np.full(len(GRID), 0.70),
}


@pytest.fixture(scope="session")
def grid() -> np.ndarray:
    """λ [7], the grid of the synthetic study."""
    return GRID


@pytest.fixture(scope="session")
def planted() -> Callable[..., np.ndarray]:
    """Scores [7, num_seeds] of a named shape: each seed has a level of its own and independent noise."""

    def draw(shape: str, num_seeds: int = 4, noise: float = 0.01, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        levels = 0.02 * rng.standard_normal(num_seeds)
        return SHAPES[shape][:, None] + levels + noise * rng.standard_normal((len(GRID), num_seeds))

    return draw


@pytest.fixture(scope="session")
def study_scores(planted: Callable[..., np.ndarray]) -> pd.DataFrame:
    """Tidy scores of two variants and two encoders, four seeds."""
    shapes = {
        ("R = 8", "vision"): "saturating",
        ("R = 8", "audio"): "inverted_u",
        ("R = 0", "vision"): "decreasing",
        ("R = 0", "audio"): "flat",
    }
    rows = [
        (variant, lambda_, encoder, seed, accuracy, np.nan, 0.9)
        for number, ((variant, encoder), shape) in enumerate(shapes.items())
        for lambda_, of_seeds in zip(GRID, planted(shape, noise=0.002, seed=number), strict=True)
        for seed, accuracy in enumerate(of_seeds)
    ]
    columns = ["variant", "lambda", "encoder", "seed", "accuracy", "accuracy_nonzero", "ceiling"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def planted_law() -> Callable[[np.ndarray], np.ndarray]:
    """log(1 + λ*) as a saturating function of redundancy in bits."""
    return lambda redundancy: 0.9 * (1 - np.exp(-redundancy / 0.4))


@pytest.fixture
def planted_points(planted_law: Callable[[np.ndarray], np.ndarray]) -> Callable[..., pd.DataFrame]:
    """Points as `encoder_points` gives them, on grids 0 … 4: two encoders a study, known errors in both."""

    def draw(
        law: Callable[[np.ndarray], np.ndarray] = planted_law,
        *,
        num_clusters: int = 10,
        noise: float = 0.1,
        scatter: float = 0.1,
        error: float = 0.02,
        seed: int = 0,
    ) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        redundancy = np.repeat(rng.uniform(0, 1.5, num_clusters), 2)
        estimated = redundancy + error * np.repeat(rng.standard_normal(num_clusters), 2)
        # Half of the scatter's variance is common to the encoders of a study.
        common, own = np.repeat(rng.standard_normal(num_clusters), 2), rng.standard_normal(2 * num_clusters)
        true = np.maximum(law(redundancy) + scatter * (common + own) / np.sqrt(2), 0)
        deviation = noise * rng.uniform(0.5, 1.5, len(true))
        measured = true + deviation * rng.standard_normal(len(true))
        best, low, high = (np.expm1(np.clip(measured + 1.96 * side * deviation, 0, np.log(5))) for side in (0, -1, 1))
        return pd.DataFrame(
            {
                "study": [f"study {number // 2:02d}" for number in range(len(true))],
                "variant": "all",
                "encoder": ["audio", "vision"] * num_clusters,
                "definition": "BROJA",
                "method": "posterior",
                "best": best,
                "best_low": low,
                "best_high": high,
                "smallest_lambda": 0.0,
                "largest_lambda": 4.0,
                "redundancy": estimated,
                "redundancy_low": estimated - 1.96 * error,
                "redundancy_high": estimated + 1.96 * error,
            }
        )

    return draw


@pytest.fixture(scope="session")
def study_alignment(grid: np.ndarray) -> pd.DataFrame:
    """Tidy alignment of the same study, rising with λ; a measure after the projection head among them."""
    rows = [
        (variant, lambda_, seed, metric, 0.1 + 0.2 * lambda_ + 0.01 * seed, 0.03, 0.05)
        for variant in ("R = 8", "R = 0")
        for lambda_ in grid
        for seed in range(4)
        for metric in ("cka", "debiased_cka", "svcca", "mutual_knn", "projected/cka")
    ]
    return pd.DataFrame(rows, columns=["variant", "lambda", "seed", "metric", "value", "chance", "chance_high"])


@pytest.fixture(scope="session")
def study_information() -> pd.DataFrame:
    """What an estimate of one variant's data may look like."""
    figures = {
        "redundancy": (0.40, 0.39, 0.35, 0.44, 0.01, 0.01, 0.5),
        "unique_1": (0.05, 0.04, 0.01, 0.07, 0.01, 0.02, np.nan),
        "unique_2": (0.02, 0.01, -0.01, 0.03, 0.01, 0.2, np.nan),
        "synergy": (0.10, 0.05, 0.02, 0.09, 0.05, 0.01, np.nan),
    }
    shared = {"variant": "R = 8", "definition": "BROJA", "method": "broja", "num_samples": 1000, "notes": ""}
    shared |= {"p_independent": 0.01, "dominant": "redundancy"}
    names = ("raw", "corrected", "low", "high", "null_mean", "p_value", "exact")
    rows = [shared | {"atom": atom} | dict(zip(names, values, strict=True)) for atom, values in figures.items()]
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def study_records(
    study_scores: pd.DataFrame, study_alignment: pd.DataFrame, study_information: pd.DataFrame, grid: np.ndarray
) -> StudyRecords:
    """A study that is over: three configurations at each λ, one of them stopped early, the best confirmed."""
    study = {
        "name": "clips",
        "question": "does it help?",
        "modalities": ["vision", "audio"],
        "variants": ["R = 8", "R = 0"],
        "lambdas": grid.tolist(),
        "rehearsal": False,
        "definition": DEFINITION,
    }
    choices = [(0.1, 0.0, "finished", 9, 0.80), (0.01, 0.1, "finished", 9, 0.75), (0.001, 0.0, "pruned", 3, 0.40)]
    rows: list[dict[str, Any]] = []
    for variant in study["variants"]:
        for lambda_ in grid:
            shared = {"variant": variant, "lambda": lambda_, "error": None, "seconds": 1.0}
            for index, (rate, dropout, outcome, epochs, accuracy) in enumerate(choices):
                row = {"stage": "search", "configuration": index, "outcome": outcome, "epochs": epochs}
                row |= {"learning_rate": rate, "dropout_vision": dropout, "accuracy/best": accuracy}
                rows.append(shared | row | {"trial": f"search-{index}-{variant}-{lambda_}"})
            confirmation = {"stage": "confirm", "configuration": 0, "trial": f"confirm-{variant}-{lambda_}"}
            rows.append(rows[-3] | confirmation | {"accuracy/best": 0.81, "num_replicas": 4})
    return StudyRecords(
        study=study,
        parent_run_id="run",
        trials=pd.DataFrame(rows),
        scores=study_scores,
        alignment=study_alignment,
        information=study_information,
        circumstances={
            "identity": "abc",
            "git_commit": "0123abc",
            "versions": '{"torch": "2.13.0"}',
            "data/R = 8": "e3b0",
        },
    )


def kept(records: StudyRecords, keep: pd.Series) -> StudyRecords:
    """The records as they would be if only the trials that `keep` marks had been recorded."""
    trials = records.trials.loc[keep]
    confirmed = trials.loc[(trials["stage"] == "confirm") & (trials["outcome"] == "finished"), ["variant", "lambda"]]
    scores, alignment = (table.merge(confirmed) for table in (records.scores, records.alignment))
    return replace(records, trials=trials, scores=scores, alignment=alignment)


@pytest.fixture(scope="session")
def half_records(study_records: StudyRecords) -> StudyRecords:
    """The same study while it runs: the second variant has not begun."""
    return replace(kept(study_records, study_records.trials["variant"] == "R = 8"), status="RUNNING")


@pytest.fixture(scope="session")
def failed_records(study_records: StudyRecords) -> StudyRecords:
    """The same study where every configuration of one λ failed, with an error that tries to be HTML."""
    here = (study_records.trials["variant"] == "R = 0") & (study_records.trials["lambda"] == 0.4)
    records = kept(study_records, ~(here & (study_records.trials["stage"] == "confirm")))
    failed = (records.trials["variant"] == "R = 0") & (records.trials["lambda"] == 0.4)
    error = "Traceback\n  in step\nValueError: <script>alert('x')</script> & more"
    trials = records.trials.copy()
    trials.loc[failed, ["outcome", "error"]] = ["failed", error]
    return replace(records, trials=trials)


@pytest.fixture(scope="session")
def empty_records(study_records: StudyRecords) -> StudyRecords:
    """The same study before its first trial."""
    nothing = kept(study_records, study_records.trials["variant"] == "none")
    return replace(nothing, information=study_records.information.iloc[:0], status="RUNNING")


STUDY = {
    "name": "clips",
    "question": "does it help?",
    "modalities": ["vision", "audio"],
    "variants": ["R = 8", "R = 0"],
    "lambdas": [0.0, 10.0, 2.0],
    "rehearsal": False,
    "definition": DEFINITION,
}


class Writer:
    """Writes runs as a study does."""

    declared: ClassVar = STUDY

    def __init__(self, uri: str) -> None:
        self.client = MlflowClient(tracking_uri=uri)
        self._clock = 0

    def study(
        self,
        experiment: str,
        identity: str,
        *,
        study: dict | None = None,
        status: str | None = None,
        schema: str | None = SCHEMA,
        **tags: str,
    ) -> str:
        self._clock += 1000
        described = json.dumps({**self.declared, **(study or {})})
        tags = {"role": "study", "identity": identity, "study": described, "rehearsal": "false", **tags}
        if schema is not None:
            tags["schema"] = schema
        run = self.client.create_run(experiment, start_time=self._clock, tags=tags)
        if status is not None:
            self.client.set_terminated(run.info.run_id, status=status, end_time=self._clock + 500)
        return run.info.run_id

    def trial(
        self,
        experiment: str,
        parent: str,
        *,
        stage: str = "confirm",
        variant: str = "R = 8",
        lambda_: float = 0.0,
        outcome: str | None = "finished",
        metrics: dict[str, float],
        parameters: dict[str, float | str] | None = None,
        error: str = "",
        epochs: int = 0,
        index: int = 0,
    ) -> None:
        self._clock += 1000
        tags = {
            "mlflow.parentRunId": parent,
            "role": "trial",
            "stage": stage,
            "variant": variant,
            "trial": f"{stage}/{variant}/{lambda_}/{self._clock}",
            "configuration": str(index),
        }
        run = self.client.create_run(experiment, start_time=self._clock, tags=tags)
        run_id = run.info.run_id
        parameters = {"lambda": lambda_, "learning_rate": 0.01, "pooling": "cls", **(parameters or {})}
        params = [Param(name, str(value)) for name, value in parameters.items()]
        values = [Metric(name, value, 0, epochs) for name, value in metrics.items()]
        self.client.log_batch(run_id, params=params, metrics=values)
        if outcome is not None:
            self.client.set_tag(run_id, "outcome", outcome)
            self.client.set_tag(run_id, "error", error)
            status = {"finished": "FINISHED", "failed": "FAILED"}.get(outcome, "KILLED")
            self.client.set_terminated(run_id, status=status, end_time=self._clock + 500)


@pytest.fixture(scope="session")
def conclusions(study_records: StudyRecords) -> Conclusions:
    """What follows from the whole study."""
    return conclude_records(study_records)


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    """One store for all tests: making one takes seconds."""
    return Writer(f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}")


@pytest.fixture(scope="session")
def uri(writer: Writer) -> str:
    return writer.client.tracking_uri
