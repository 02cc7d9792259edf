import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.generated_mmsa import SIZES, WIDTHS, made_mmsa
from trainables.config import ArchiveData, Refused
from trainables.data import load, shapes
from trainables.data.archive import mmsa_arrays
from trainables.data.content import content_of
from trainables.data.pickles.pickle_opcodes import UnsafePickleError
from trainables.data.validation import check

Store = Callable[..., tuple[ArchiveData, Path]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Write a content as a file, with an empty cache; gives the data set of two of its modalities, and the path."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(content: Any, modalities: tuple[str, str] = ("text", "audio"), **fields: Any) -> tuple[ArchiveData, Path]:
        path = tmp_path / "unaligned_50.pkl"
        path.write_bytes(pickle.dumps(content))
        return ArchiveData(content=content_of(path), modalities=modalities, **fields), path

    return write


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("modalities", [("text", "audio"), ("vision", "text"), ("audio", "vision")])
def test_features_are_those_of_the_file_standardised_by_the_real_steps_of_training(store, aligned, modalities):
    content = made_mmsa(aligned=aligned)
    splits = load(*store(content, modalities))
    for place, name in enumerate(modalities):
        num_steps = 6 if aligned or name == "text" else 9

        def real_steps(part: dict[str, Any], name: str = name, num_steps: int = num_steps) -> np.ndarray:
            lengths = part.get(f"{name}_lengths", part["text_bert"][:, 1].sum(axis=1))
            return np.arange(num_steps) < np.array(lengths)[:, None]

        steps = content["train"][name][real_steps(content["train"])].astype(np.float64)
        for split, part in splits.by_name.items():
            real = real_steps(content[split])
            values, lengths = ((part.x1, part.lengths_1), (part.x2, part.lengths_2))[place]
            expected = (content[split][name] - steps.mean(axis=0)) / steps.std(axis=0) * real[..., None]
            np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-5)  # float32
            np.testing.assert_array_equal(lengths, real.sum(axis=1))


def test_the_label_is_the_sentiment_or_its_class_and_it_is_said_which(store):
    content = made_mmsa(aligned=False)
    sentiment = load(*store(content))
    for name, part in sentiment.by_name.items():
        np.testing.assert_array_equal(part.y, content[name]["regression_labels"])
        np.testing.assert_array_equal(sentiment.classes(part), content[name]["regression_labels"] > 0)
    assert (sentiment.task, sentiment.num_classes) == ("regression", 2)
    assert "the labels are regression_labels, not classification_labels, which the other --task takes" in check(
        sentiment, 8
    )
    classes = load(*store(content, task="classification"))
    assert (classes.task, classes.num_classes) == ("classification", 3)
    for name, part in classes.by_name.items():
        np.testing.assert_array_equal(part.y, content[name]["classification_labels"])
    assert any("the labels are classification_labels, not regression_labels" in note for note in classes.notes)


def test_classes_may_be_words(store):
    content = made_mmsa(aligned=True)
    for part in content.values():
        part["classification_labels"] = np.array(["Negative", "Neutral", "Positive"])[
            np.array(part["classification_labels"], dtype=int)
        ]
    config, path = store(content)
    assert load(config, path).task == "regression"
    splits = load(replace(config, task="classification"), path)
    assert (splits.num_classes, len(splits.train)) == (3, SIZES["train"])


def test_sentiment_of_whole_numbers_is_a_regression_as_its_name_says(store):
    content = made_mmsa(aligned=True)
    for part in content.values():
        part["regression_labels"] = np.round(part["regression_labels"])
    assert load(*store(content)).task == "regression"
    for part in content.values():
        del part["regression_labels"]
    assert load(*store(content)).task == "classification"
    with pytest.raises(Refused, match="expected regression_labels for --task regression, found classification_labels"):
        load(*store(content, task="regression"))


def test_shapes_are_those_of_what_is_loaded(store):
    config, path = store(made_mmsa(aligned=False), ("vision", "audio"))
    known, splits = shapes(config, path), load(config, path)
    assert known.sizes == tuple(SIZES.values()) == tuple(len(part) for part in splits.by_name.values())
    assert (known.row_1, known.row_2) == ((9, WIDTHS["vision"]), (9, WIDTHS["audio"]))
    assert (known.task, known.has_lengths_1, known.has_lengths_2) == ("regression", True, True)


def test_numbers_that_are_not_finite_are_0_and_counted(store):
    content, mended = made_mmsa(aligned=False), made_mmsa(aligned=False)
    for row, bad in enumerate((np.nan, -np.inf, np.inf)):
        content["train"]["audio"][row, 0, 0] = bad
        mended["train"]["audio"][row, 0, 0] = 0
    splits = load(*store(content))
    assert any(note.startswith("audio: 3 numbers that are not finite are read as 0") for note in splits.notes)
    np.testing.assert_array_equal(splits.train.x2, load(*store(mended)).train.x2)


def test_lengths_beyond_the_steps_and_of_nothing_are_the_nearest_that_can_be(store):
    content = made_mmsa(aligned=False)
    content["test"]["audio_lengths"][:2] = [0, 400]
    lengths = load(*store(content)).test.lengths_2
    assert lengths is not None
    assert lengths[:2].tolist() == [1, 9]


def test_without_a_mask_text_ends_with_its_last_step_that_is_not_0(store):
    content = made_mmsa(aligned=True)
    for part in content.values():
        part["text"][part.pop("text_bert")[:, 1] == 0] = 0
    splits = load(*store(content))
    np.testing.assert_array_equal(splits.train.lengths_1, splits.train.lengths_2)
    assert any(
        note.startswith("text: lengths end with the last step that is not all 0, 3 to 6") for note in splits.notes
    )


def test_a_file_is_read_once_for_all_pairs(store, monkeypatch):
    read, parsed = mmsa_arrays.read_pickle, []
    monkeypatch.setattr(mmsa_arrays, "read_pickle", lambda path: parsed.append(path) or read(path))
    content = made_mmsa(aligned=True)
    for modalities in (("text", "audio"), ("vision", "text")):
        config, path = store(content, modalities)
        shapes(config, path)
        load(config, path)
    assert len(parsed) == 1


def test_the_validation_split_may_have_another_name(store):
    content = made_mmsa(aligned=True)
    content["dev"] = content.pop("valid")
    assert len(load(*store(content)).valid) == SIZES["valid"]


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, dict[str, Any]]:
    content = made_mmsa(aligned=False)
    change(content["train"])
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"train": {}, "test": {}}, "found no valid"),
        ([1, 2], "expected a dictionary with train, valid, test"),
        ({name: {"labels": np.zeros(3)} for name in SIZES}, "regression_labels or .*, found labels"),
        (broken(lambda part: part.update(audio=["words"])), "expected audio to be an array of numbers, found <U5"),
        (
            broken(lambda part: part.update(audio=part["audio"][1:])),
            r"audio of shape \[88, steps, features\], .* \[87, 9",
        ),
        (broken(lambda part: part["audio_lengths"].pop()), r"audio_lengths of shape \[88\], found \[87\]"),
        (
            broken(lambda part: part.update(audio=part["audio"].astype(float) * 1e39)),
            "numbers of audio that float32 can hold",
        ),
        (broken(lambda part: part.pop("audio")), "named audio; it has: text, vision"),
        (
            broken(lambda part: part.update(vision=part["vision"][:, 1:])),
            r"vision of the same steps and features in each split, found shapes \[40, ",
        ),
        (
            broken(lambda part: part.update(text=part["text"][..., 1:])),
            "text of the same steps and features in each split",
        ),
    ],
)
def test_content_of_another_format_is_refused_by_name(store, content, message):
    with pytest.raises(Refused, match=rf"unaligned_50\.pkl: .*{message}"):
        load(*store(content))


def test_what_is_no_mere_data_is_refused(store):
    with pytest.raises(UnsafePickleError, match=r"unaligned_50\.pkl: refused .*Path"):
        load(*store(made_mmsa(aligned=True) | {"extra": Path("x")}))
