"""The studies of real data from their command lines, on files of the true formats and on the real ones, small."""

import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import read_study
from analysis.records import unpack_hits
from pid import estimate
from studies import Study, mustard_vt, paper
from studies.engine.commands.information_table import print_pid_table
from studies.engine.search.plan import CONFIRM, strata, trial_spec
from tests.generated_affect import made_content, sarcasm, sentiment
from tests.generated_mmsa import made_mmsa
from tests.studies.workspace import Workspace
from trainables.config import Hyperparameters
from trainables.data import load
from trainables.placement import PlacedSplits
from trainables.training import Training

SMALL = "--lambdas 0 1 --configurations 1 --seeds 2 --max-seeds 2 --max-epochs 2".split()
PAIRS = {"vt": ("vision", "text"), "va": ("vision", "audio"), "at": ("audio", "text")}
AFFECT_STUDIES = [study for study in paper.STUDIES if study.name.startswith(("mosei", "mustard"))]
# Those that are run as a whole: both data sets, and every modality.
WHOLE = ("mustard_vt", "mosei_va")

MakeWorkspace = Callable[[], Workspace]


@pytest.fixture(scope="module")
def affect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of CMU-MOSEI's and MUStARD's formats."""
    folder = tmp_path_factory.mktemp("affect")
    for name, labels in (("mosei/mosei_senti_data.pkl", sentiment), ("mustard/sarcasm.pkl", sarcasm)):
        path = folder / name
        path.parent.mkdir()
        path.write_bytes(pickle.dumps(made_content(labels)))
    return folder


@pytest.fixture(scope="module")
def all_studies(make_workspace: MakeWorkspace, affect_folder: Path, local_ray: None) -> tuple[Workspace, str]:
    """Studies as one command, and what it printed; the data of one are not there."""
    workspace = make_workspace()
    arguments = ["--data-dir", str(affect_folder), "--studies", "avmnist", *WHOLE]
    code, output = workspace.run_here(*SMALL, *arguments, script="paper")
    assert code == 0, output
    return workspace, output


def test_there_is_a_study_of_every_pair() -> None:
    assert {study.name for study in AFFECT_STUDIES} == {
        f"{name}_{pair}" for name in ("mosei", "mustard") for pair in PAIRS
    }


@pytest.mark.parametrize("study", AFFECT_STUDIES, ids=lambda study: study.name)
def test_the_encoders_of_every_pair_train_and_are_tested(study: Study, affect_folder: Path) -> None:
    """As a worker trains them."""
    study = replace(study, seeds=2, max_seeds=2, max_epochs=2)
    (data,) = study.variants.values()
    splits = load(data, affect_folder)
    assert splits.modalities == PAIRS[study.name.partition("_")[2]]
    choice = Hyperparameters(**{name: values[0] for name, values in study.search_space.items()})
    for stratum in (strata(study)[0], strata(study)[-1]):
        training = Training(trial_spec(study, stratum, CONFIRM, 0, choice).config, PlacedSplits(splits))
        losses = [training.run_epoch() for _ in range(2)]
        assert ("loss/align" in losses[0]) == (stratum.lambda_ > 0)
        assert all(np.isfinite(values).all() for loss in losses for values in loss.values())
        training.validate()
        tested = training.test()
        assert {f"accuracy/{modality}" for modality in splits.modalities} <= set(tested.scores)
        assert all(scores.shape == (2,) and ((0 <= scores) & (scores <= 1)).all() for scores in tested.scores.values())


@pytest.mark.parametrize("name", WHOLE)
def test_a_pair_is_run_to_its_end(all_studies: tuple[Workspace, str], name: str) -> None:
    records = read_study(all_studies[0].tracking_uri, name)
    assert list(records.study["modalities"]) == list(PAIRS[name.partition("_")[2]])
    assert len(records.scores) == 2 * 2 * 2  # λ, encoders, seeds
    assert records.scores["accuracy"].between(0, 1).all()
    assert set(records.trials["outcome"]) == {"finished"}
    assert set(records.information["atom"]) == {"redundancy", "unique_1", "unique_2", "synergy"}


def test_mlflow_and_the_journal_hold_the_same_test_rows(all_studies: tuple[Workspace, str]) -> None:
    """Of each confirmed replica, which rows it was right on: as many as its accuracy says."""
    workspace, _ = all_studies
    records = read_study(workspace.tracking_uri, "mosei_va")
    (folder,) = workspace.folder.glob("runs/mosei_va-*/journal")
    confirmed = [json.loads(path.read_text()) for path in folder.glob("confirm-*.json")]
    assert set(records.hits.hits) == {("CMU-MOSEI", "vision"), ("CMU-MOSEI", "audio")}
    for (_, encoder), hits in records.hits.hits.items():
        scores = records.scores.query("encoder == @encoder").pivot(index="lambda", columns="seed", values="accuracy")
        np.testing.assert_allclose(hits.mean(axis=2), scores, atol=1e-6)
        for record in confirmed:
            kept = unpack_hits(record["hits"][f"hits/{encoder}"], record["hits"]["hit_rows"])
            place = scores.index.get_loc(record["parameters"]["lambda"])
            np.testing.assert_array_equal(kept, hits[place, record["hits"]["hit_replicas"]])


def test_what_is_missing_is_named_and_the_rest_is_compared(all_studies: tuple[Workspace, str]) -> None:
    workspace, output = all_studies
    assert "avmnist is left out" in output and "train-images-idx3-ubyte" in output
    points = pd.read_csv(workspace.folder / "figures/encoders_of_all_studies.csv")
    assert len(points) == len(WHOLE) * 2  # encoders
    assert set(points["study"]) == set(WHOLE)
    index = workspace.folder / "report/index.html"
    assert f"report: {index.resolve().as_uri()}" in output
    links = re.findall(r'href="([^"#]+/report.html)"', index.read_text(encoding="utf-8"))
    assert len(links) == len(WHOLE) and all((index.parent / link).is_file() for link in links)


def test_the_table_of_information_has_every_data_set_that_is_there(
    affect_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "table.csv"
    command = f"pid_table.py --studies avmnist mustard_vt mosei_va --data-dir {affect_folder} --out {out}"
    monkeypatch.setattr("sys.argv", command.split())
    print_pid_table(paper.STUDIES)
    printed = capsys.readouterr().out.replace("\n", "")  # a long path is broken over lines
    assert "avmnist" in printed and "train-images-idx3-ubyte" in printed
    table = pd.read_csv(out)
    names = [name.split()[0] for name in table["data set"]]
    assert names == ["mustard_vt"] * 4 + ["mosei_va"] * 8  # of values to be regressed also their quantile bins
    assert table["data set"].str.contains("value in 4 quantile bins").sum() == 4
    (config,) = mustard_vt.STUDY.variants.values()
    splits = load(config, affect_folder)
    train = splits.train
    found = estimate(train.x1, train.x2, splits.classes(train), lengths_1=train.lengths_1, lengths_2=train.lengths_2)
    for row in table[:4].to_dict("records"):
        atom = row["atom"]
        figures = (getattr(found.atoms, atom), getattr(found.corrected, atom), *found.interval[atom])
        # CSV keeps all digits but the last.
        assert [row[name] for name in ("raw", "corrected", "low", "high")] == pytest.approx(figures, rel=1e-12)
        assert row["num_samples"] == len(train)
        assert f"{figures[0]:.3f}" in printed and f"{figures[1]:.3f}" in printed


def test_sentiment_is_also_scored_without_neutral_rows(all_studies: tuple[Workspace, str]) -> None:
    confirmed = [run for run in all_studies[0].runs() if run.data.tags.get("stage") == "confirm"]
    for run in confirmed:
        is_sentiment = run.data.params["data_dataset"] == "mosei"
        assert any(name.startswith("test/accuracy_nonzero/") for name in run.data.metrics) == is_sentiment


def test_changed_data_are_refused_by_a_study_that_began_with_others(
    all_studies: tuple[Workspace, str], make_workspace: MakeWorkspace, tmp_path: Path, local_ray: None
) -> None:
    workspace, path = make_workspace().with_all_of(all_studies[0]), tmp_path / "mustard/sarcasm.pkl"
    before = workspace.records()
    next(workspace.folder.glob("runs/mustard_vt-*/journal/*.json")).unlink()  # something is left to do
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(made_content(sarcasm, seed=1)))
    code, output = workspace.run_here(*SMALL, "--data-dir", str(tmp_path), script="mustard_vt")
    assert code == 2
    assert "expected the data that this study began with" in output
    assert len(workspace.records()) == len(before) - 1


def test_data_that_cannot_be_trained_on_are_refused_before_a_trial(
    make_workspace: MakeWorkspace, tmp_path: Path, local_ray: None
) -> None:
    content = made_content(sarcasm)
    content["train"]["labels"][:] = 1
    path = tmp_path / "mustard/sarcasm.pkl"
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(content))
    workspace = make_workspace()
    for extra in ([], ["--dry-run"]):
        code, output = workspace.run_here(*SMALL, "--data-dir", str(tmp_path), *extra, script="mustard_va")
        assert code == 2
        assert "expected rows of each class, found none of class 0" in output
    assert not list(workspace.folder.glob("runs/*/journal/*.json"))


def quicker(name: str, workspace: Workspace) -> Path:
    """A script of that study, with one small configuration, and few rows for the estimate of the information."""
    script = workspace.folder / f"{name}.py"
    script.write_text(
        f"from dataclasses import replace\nfrom studies import main, {name}\n\n"
        f"one = {{choice: values[:1] for choice, values in {name}.STUDY.search_space.items()}} | {{'depth': (1,)}}\n"
        f"main(replace({name}.STUDY, information_rows=100, search_seeds=1, search_space=one))\n"
    )
    return script


def test_a_rehearsal_says_so_in_all_that_it_records(make_workspace: MakeWorkspace, local_ray: None) -> None:
    workspace = make_workspace()
    arguments = "--rehearse --lambdas 0 1 --configurations 1 --seeds 1 --max-seeds 1 --max-epochs 1".split()
    code, output = workspace.run_here(*arguments, "--train-samples", "64", script=quicker("mustard_va", workspace))
    assert code == 0, output
    assert "REHEARSAL: generated data in place of MUStARD" in output
    for run in workspace.runs():
        assert "REHEARSAL" in run.info.run_name, run.data.tags
    (folder,) = workspace.folder.glob("runs/*REHEARSAL*/figures")
    for table in folder.glob("*.csv"):
        assert "REHEARSAL" in table.read_text(), table


def test_own_features_are_a_study_of_their_own(
    make_workspace: MakeWorkspace, shared_data: Path, local_ray: None
) -> None:
    archive, workspace = shared_data / "mustard/mustard_text_audio.npz", make_workspace()
    arguments = ["--quick", *SMALL, "--archive", str(archive), "--modalities", "text", "audio"]
    code, output = workspace.run_here(*arguments, script="custom")
    assert code == 0, output
    records = read_study(workspace.tracking_uri, "mustard_text_audio-text-audio")
    assert set(records.scores["encoder"]) == {"text", "audio"}
    assert np.isfinite(records.information["corrected"]).all()


def test_features_of_mmsa_are_a_study_as_they_are(
    make_workspace: MakeWorkspace, tmp_path: Path, local_ray: None
) -> None:
    archive, workspace = tmp_path / "unaligned_50.pkl", make_workspace()
    archive.write_bytes(pickle.dumps(made_mmsa(aligned=False)))
    code, output = workspace.run_here(
        *SMALL, "--archive", str(archive), "--modalities", "vision", "text", script="custom"
    )
    assert code == 0, output
    for sentence in ("the labels are regression_labels", "lengths are vision_lengths", "lengths are the mask of text_"):
        assert sentence in output.replace("\n", " ")
    records = read_study(workspace.tracking_uri, "unaligned_50-vision-text")
    assert len(records.scores) == 2 * 2 * 2  # λ, encoders, seeds
    assert set(records.trials["outcome"]) == {"finished"}


def test_sixty_rows_with_words_as_labels_are_a_study(
    make_workspace: MakeWorkspace, tmp_path: Path, local_ray: None
) -> None:
    """Of which nine are left to test on: fewer than mutual k-NN usually has neighbours."""
    archive, workspace, draw = tmp_path / "few.npz", make_workspace(), np.random.default_rng(0)
    label = np.array(["angry", "happy", "sad"])[np.arange(60) % 3]
    np.savez(archive, a=draw.standard_normal((60, 4)), b=draw.standard_normal((60, 5)), label=label)
    code, output = workspace.run_here(*SMALL, "--archive", str(archive), "--modalities", "a", "b", script="custom")
    assert code == 0, output
    assert "words read as 3 classes: angry, happy, sad" in output
    assert "test has 9 rows: mutual k-NN compares 4 of a row's neighbours, not 10" in output
    records = read_study(workspace.tracking_uri, "few-a-b")
    assert set(records.trials["outcome"]) == {"finished"}
    measured = records.alignment.query("metric == 'mutual_knn'")
    assert len(measured) and measured["value"].between(0, 1).all()


def test_written_and_spoken_digits_are_run_to_their_end(
    make_workspace: MakeWorkspace, shared_data: Path, local_ray: None
) -> None:
    workspace = make_workspace()
    arguments = "--lambdas 0 1 --configurations 1 --seeds 1 --max-seeds 1 --max-epochs 1 --train-samples 512".split()
    script = quicker("avmnist", workspace)
    code, output = workspace.run_here(*arguments, "--data-dir", str(shared_data), script=script)
    assert code == 0, output
    assert len(read_study(workspace.tracking_uri, "avmnist").scores) == 2 * 2


@pytest.mark.parametrize(
    ("script", "arguments", "messages"),
    [
        ("mosei_va", ["--data-dir", "nowhere"], ["nowhere/mosei/mosei_senti_data.pkl", "MultiBench"]),
        ("custom", ["--archive", "nothing.npz", "--modalities", "a", "b"], ["found no file nothing.npz"]),
        ("paper", ["--data-dir", "nowhere", "--studies", "avmnist", "mosei_va"], ["no study's data are in nowhere"]),
        ("paper", ["--studies", "mnist"], ["no study is named mnist", "mosei_va"]),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    tmp_path: Path, repository: Path, script: str, arguments: list[str], messages: list[str]
) -> None:
    workspace = Workspace(tmp_path, repository)
    code, output = workspace.run(*arguments, script=script)
    assert code == 2
    for message in messages:
        assert message in output
    assert not list(workspace.folder.iterdir())
