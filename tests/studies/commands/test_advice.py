"""Advice for a feature archive: from recorded studies and no training, with every reservation said; then verified."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from rich.console import Console

from analysis import encoder_points, read_study
from analysis.records.schema import SCHEMA
from studies.advise import TEMPLATE
from studies.engine.commands.advice import AdviceOptions
from studies.engine.commands.archive_study import archive_study
from studies.engine.commands.forecast import forecast_archive, sweep
from tests.studies.workspace import Workspace
from trainables.config import Refused

GRID = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
NUM_VARIANTS = 7


def record_studies(
    uri: str,
    experiment: str,
    *,
    method: str = "posterior",
    num_variants: int = NUM_VARIANTS,
    is_rehearsal: bool = False,
) -> None:
    """A study whose variants have their optimum at larger λ the more redundant they are: 0 at .1 bit, 1.5 at 1 bit."""
    client = MlflowClient(tracking_uri=uri)
    variants = [f"version {number}" for number in range(num_variants)]
    redundancies = np.linspace(0.1, 1.0, num_variants)
    definition = {"variants": {name: {"type": "AffectData"} for name in variants}, "train_samples": [None]}
    definition |= {"margin": 0.005, "seeds": 4}
    study = {"name": experiment, "question": "?", "modalities": ["text", "audio"], "variants": variants}
    study |= {"lambdas": GRID, "rehearsal": is_rehearsal}
    tags = {"role": "study", "identity": experiment, "study": json.dumps({**study, "definition": definition})}
    tags |= {"schema": SCHEMA, "rehearsal": json.dumps(is_rehearsal)}
    for name, redundancy in zip(variants, redundancies, strict=True):
        atoms = {
            atom: {"raw": bits, "corrected": bits, "low": bits - 0.01, "high": bits + 0.01}
            | {"null_mean": 0.0, "p_value": 0.01, "exact": None}
            for atom, bits in (("redundancy", redundancy), ("unique_1", 0.1), ("unique_2", 0.1), ("synergy", 0.0))
        }
        described = {"variant": name, "definition": "BROJA", "method": method, "num_samples": 1000}
        described |= {"p_independent": 0.01, "dominant": None, "atoms": atoms}
        tags[f"information/{name}"] = json.dumps(described)
    experiment_id = client.create_experiment(experiment)
    parent = client.create_run(experiment_id, tags=tags).info.run_id
    rng = np.random.default_rng(0)
    for name, redundancy in zip(variants, redundancies, strict=True):
        for strength in GRID:
            tags = {"mlflow.parentRunId": parent, "role": "trial", "stage": "confirm", "variant": name}
            tags |= {"trial": f"{name} {strength}", "configuration": "0", "outcome": "finished"}
            run = client.create_run(experiment_id, tags=tags)
            peak = np.log1p(1.5) * (redundancy - 0.1) / 0.9
            accuracy = 0.8 - 0.1 * (np.log1p(strength) - peak) ** 2
            metrics = [
                Metric(f"test/accuracy/{encoder}/seed_{seed}", accuracy + 0.002 * rng.standard_normal(), 0, 0)
                for encoder in ("text", "audio")
                for seed in range(4)
            ]
            client.log_batch(run.info.run_id, params=[Param("lambda", str(strength))], metrics=metrics)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, repository: Path, empty_store: Path) -> Workspace:
    """A folder with a store of recorded studies and two archives: of clear classes, and of labels that mean nothing."""
    workspace = Workspace(tmp_path_factory.mktemp("advice"), repository)
    shutil.copy(empty_store, workspace.folder)
    record_studies(workspace.tracking_uri, "known")
    record_studies(workspace.tracking_uri, "otherwise", method="gaussian", num_variants=3)
    record_studies(workspace.tracking_uri, "few", num_variants=2)
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 300)
    # Either modality shows the class with little error, so nearly all of its bit is redundant.
    text, audio = (label[:, None] * 3.0 + rng.standard_normal((300, 4)) for _ in range(2))
    np.savez(workspace.folder / "clear.npz", text=text, audio=audio, label=label)
    np.savez(workspace.folder / "noise.npz", text=text, audio=audio, label=rng.permutation(label))
    return workspace


@pytest.fixture(scope="module")
def advise(workspace: Workspace) -> Callable:
    """Forecasts for one of the archives from some of the recorded studies, and what was printed; each made once."""

    @cache
    def run(archive: str, *experiments: str, tracking_uri: str = workspace.tracking_uri, kept: str = "none.csv"):
        options = AdviceOptions(
            archive=workspace.folder / archive,
            modalities=("text", "audio"),
            experiments=experiments,
            tracking_uri=tracking_uri,
        )
        console = Console(record=True, width=200)
        study = archive_study(TEMPLATE, options.archive, options.modalities)
        return forecast_archive(study, options, workspace.folder / kept, console), console.export_text()

    return run


def test_a_forecast_comes_from_the_recorded_studies_alone(advise: Callable, workspace: Workspace) -> None:
    forecasts, printed = advise("clear.npz", "known")
    assert list(forecasts) == ["text", "audio"]
    for forecast in forecasts.values():
        assert forecast.is_told and forecast.within_range
        # About .8 to .95 bit of redundancy, whose λ* the planted studies have at 1 to 1.4.
        assert 0.7 < forecast.value < 1.6
        assert forecast.interval[0] < forecast.value < forecast.interval[1]
    assert "7 data sets or variants" in printed and "λ* rises" in printed and "without training" in printed
    assert {experiment.name for experiment in MlflowClient(workspace.tracking_uri).search_experiments()} == {
        "Default",
        "known",
        "otherwise",
        "few",
    }


def test_a_law_kept_in_a_table_gives_the_forecasts_of_the_studies_it_was_written_of(
    advise: Callable, workspace: Workspace
) -> None:
    encoder_points([read_study(workspace.tracking_uri, "known")]).to_csv(workspace.folder / "kept.csv", index=False)
    forecasts, printed = advise("clear.npz", kept="kept.csv", tracking_uri="sqlite:////there/is/no/store.db")
    from_studies, printed_of_studies = advise("clear.npz", "known")
    assert forecasts == from_studies and printed == printed_of_studies
    assert "trained on all rows, those of this archive on 210." in printed


def test_what_a_forecast_does_not_tell_is_said(advise: Callable) -> None:
    forecasts, printed = advise("clear.npz", "known")
    assert "and so is the forecast; --predictor share" in printed and "with 95 % intervals" in printed
    holds_zero = any(round(forecast.interval[0], 2) == 0 for forecast in forecasts.values())
    assert ("does not tell whether to align at all" in printed) == holds_zero
    assert "synthetic" not in printed  # the planted studies are of an affect data set


def test_data_of_one_class_are_refused_as_a_study_refuses_them(advise: Callable, workspace: Workspace) -> None:
    rows = np.load(workspace.folder / "clear.npz")
    np.savez(workspace.folder / "one.npz", text=rows["text"], audio=rows["audio"], label=np.zeros(300, dtype=int))
    with pytest.raises(Refused, match="class"):
        advise("one.npz", "known")


def test_data_beyond_the_studies_are_said_to_be(advise: Callable) -> None:
    forecasts, printed = advise("noise.npz", "known")
    assert not any(forecast.within_range or forecast.is_told for forecast in forecasts.values())
    assert "not distinguishable from independent labels" in printed
    assert printed.count("outside the studies' range") == 2


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        (("otherwise",), "by gaussian, that of the new data is estimated by posterior"),
        (("few",), "at least 3 studies or variants .* got 2"),
        (("known", "unknown"), "there is no experiment 'unknown'"),
        ((), "expected --experiments, .*none.csv"),
    ],
)
def test_studies_that_bear_no_forecast_are_refused(advise: Callable, experiments: tuple, message: str) -> None:
    with pytest.raises(Refused, match=message):
        advise("clear.npz", *experiments)


def test_no_forecast_rests_on_a_rehearsal(advise: Callable, tmp_path: Path, empty_store: Path) -> None:
    shutil.copy(empty_store, tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    record_studies(uri, "made-REHEARSAL", is_rehearsal=True)
    with pytest.raises(Refused, match="rests on studies of real data, got rehearsals: made-REHEARSAL"):
        advise("clear.npz", "made-REHEARSAL", tracking_uri=uri)


def test_a_sweep_has_everything_that_a_forecast_names(advise: Callable) -> None:
    forecasts, _ = advise("clear.npz", "known")
    one = replace(forecasts["text"], value=0.50, interval=(0.004, 1.2))
    other = replace(one, value=0.504, interval=(0.3, 0.7))
    assert sweep([one, other]) == (0.0, 0.3, 0.5, 0.7, 1.2)


def test_a_verified_forecast_has_its_regret(workspace: Workspace, ray_alone: None) -> None:
    archive = str(workspace.folder / "clear.npz")
    smallest = ["--verify", "--quick", "--configurations", "1", "--max-epochs", "1"]
    arguments = ["--archive", archive, "--modalities", "text", "audio", "--experiments", "known", *smallest]
    code, output = workspace.run(*arguments, script="advise")
    assert code == 0, output
    after = output.split("regret:")[1]
    assert "text: 0." in after and "audio: 0." in after


def test_an_experiment_that_is_not_there_ends_with_a_sentence(workspace: Workspace) -> None:
    archive = str(workspace.folder / "clear.npz")
    arguments = ["--archive", archive, "--modalities", "text", "audio", "--experiments", "nothing"]
    code, output = workspace.run(*arguments, script="advise")
    assert code == 2
    assert "there is no experiment 'nothing'" in output and "Traceback" not in output
