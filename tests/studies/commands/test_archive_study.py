"""The users' own features as a study."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from studies.engine import Study
from studies.engine.commands.archive_study import archive_command, archive_study
from trainables.config import ArchiveData, Mlp, ProjectedTransformer, Refused
from trainables.data import MissingDataError, shapes
from trainables.data.content import content_of

TEMPLATE = partial(
    Study, lambdas=(0, 1), search_space={"learning_rate": (1e-3,)}, configurations=1, seeds=1, max_epochs=1
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    path = tmp_path / "my features.npz"
    np.savez(
        path,
        text=draw.standard_normal((30, 5, 768)).astype(np.float16),
        audio=draw.standard_normal((30, 7)),
        label=np.arange(30) % 3,
    )
    return path


def test_encoders_follow_the_shapes_and_the_study_is_of_the_content(archive: Path, tmp_path: Path) -> None:
    study = archive_study(TEMPLATE, archive, ("text", "audio"))
    assert study.variants == {"my features": ArchiveData(content=content_of(archive), modalities=("text", "audio"))}
    assert (study.encoder_1, study.encoder_2) == (ProjectedTransformer(width=64), Mlp(width=64))
    copy = tmp_path / "elsewhere" / archive.name
    copy.parent.mkdir()
    shutil.copy(archive, copy)
    assert archive_study(TEMPLATE, copy, ("text", "audio")).identity == study.identity


def test_other_content_or_other_modalities_are_another_study(archive: Path) -> None:
    study = archive_study(TEMPLATE, archive, ("text", "audio"))
    assert archive_study(TEMPLATE, archive, ("audio", "text")).identity != study.identity
    with np.load(archive) as arrays:
        np.savez(archive, **{**arrays, "audio": -arrays["audio"]})
    assert archive_study(TEMPLATE, archive, ("text", "audio")).identity != study.identity


def test_labels_that_may_be_read_in_two_ways_are_asked_about(archive: Path) -> None:
    with np.load(archive) as arrays:
        np.savez(archive, **{**arrays, "label": np.arange(30) % 3 - 1.0})
    with pytest.raises(Refused, match="--task classification or --task regression"):
        archive_study(TEMPLATE, archive, ("text", "audio"))
    found = {}
    for task in ("classification", "regression"):
        (data,) = archive_study(TEMPLATE, archive, ("text", "audio"), task).variants.values()
        found[task] = shapes(data, archive)
        assert found[task].task == task
    assert (found["classification"].num_classes, found["regression"].num_classes) == (3, 2)


def test_its_name_can_be_a_folder_and_an_experiment(archive: Path) -> None:
    assert archive_study(TEMPLATE, archive, ("text", "audio")).name == "my_features-text-audio"


@pytest.mark.parametrize(
    ("modalities", "message"),
    [(("text", "video"), "named video; it has: text, audio"), (("text", "text"), "two different ones")],
)
def test_modalities_that_are_not_there_are_refused(archive: Path, modalities: tuple, message: str) -> None:
    with pytest.raises(Refused, match=message):
        archive_study(TEMPLATE, archive, modalities)


def test_its_place_may_be_text(archive: Path) -> None:
    assert archive_study(TEMPLATE, str(archive), ("text", "audio")) == archive_study(
        TEMPLATE, archive, ("text", "audio")
    )


def test_an_archive_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"expected a feature archive, found no file .*nothing\.npz"):
        archive_study(TEMPLATE, tmp_path / "nothing.npz", ("a", "b"))


def test_what_the_system_refuses_of_an_archive_is_a_sentence_that_promises_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["custom.py", "--archive", "a" * 300, "--modalities", "a", "b"])
    with pytest.raises(SystemExit) as left:
        archive_command(TEMPLATE)
    said = capsys.readouterr().out
    assert left.value.code == 2 and "nothing was done: OSError" in said and "What was recorded" not in said


def test_on_the_command_line_a_missing_archive_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["custom.py", "--archive", "nothing.npz", "--modalities", "a", "b"])
    with pytest.raises(SystemExit) as left:
        archive_command(TEMPLATE)
    assert left.value.code == 2
    assert "feature archive: expected a feature archive, found no file nothing.npz" in capsys.readouterr().out
