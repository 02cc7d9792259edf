import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated_affect import NUM_STEPS, SIZES, made_content, sarcasm
from trainables.config import AffectData, Refused
from trainables.data import MissingDataError, Splits, load, modalities, require, shapes
from trainables.data.affect import affect_clips
from trainables.data.affect.affect_clips import front_padding_removed
from trainables.data.pickles.pickle_opcodes import UnsafePickleError

MOSEI = AffectData(dataset="mosei", modalities=("vision", "text"))


@pytest.fixture
def store(tmp_path, monkeypatch) -> Callable[..., Path]:
    """Write a content as a file of a data set, into a data folder with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(content: object, name: str = "mosei/mosei_senti_data.pkl", protocol: int = 4) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(content, protocol))
        return tmp_path / "data"

    return write


def assert_equal_splits(first: Splits, second: Splits) -> None:
    for name, split in first.by_name.items():
        for field in ("x1", "x2", "y", "lengths_1", "lengths_2"):
            np.testing.assert_array_equal(getattr(split, field), getattr(second.by_name[name], field))


def test_sentiment_is_a_regression_scored_on_its_sign(store):
    content = made_content()
    splits = load(MOSEI, store(content))
    assert splits.task == "regression"
    assert splits.modalities == ("vision", "text")
    for name, split in splits.by_name.items():
        values = content[name]["labels"][:, 0, 0]
        assert split.y.dtype == np.float32
        np.testing.assert_allclose(split.y, values, rtol=1e-7)  # as float32
        classes = splits.classes(split)
        assert classes.dtype == np.int64
        np.testing.assert_array_equal(classes, values > 0)
    assert (splits.train.y == 0).any()  # neutral, which counts as negative


@pytest.mark.parametrize(
    ("config", "name", "labels"),
    [
        (AffectData(dataset="mustard"), "mustard/sarcasm.pkl", sarcasm),
        (AffectData(dataset="humor"), "humor/humor.pkl", lambda draw, n: draw.integers(2, size=(n, 1, 1))),
        (AffectData(dataset="humor"), "humor/humor.pkl", lambda draw, n: draw.integers(2, size=n)),
    ],
)
def test_sarcasm_and_humour_are_two_classes(store, config, name, labels):
    content = made_content(labels)
    splits = load(config, store(content, name))
    assert splits.task == "classification"
    for name, split in splits.by_name.items():
        assert split.y.dtype == np.int64
        np.testing.assert_array_equal(split.y, content[name]["labels"].ravel() > 0)


def test_sentiment_is_the_first_of_seven_columns(store):
    content = made_content()
    plain = load(MOSEI, store(content))
    for parts in content.values():
        sentiments = parts["labels"][:, 0]
        parts["labels"] = np.hstack([sentiments, np.full((len(sentiments), 6), 3.0)])
    raw = load(replace(MOSEI, file="mosei_raw.pkl"), store(content, "mosei/mosei_raw.pkl"))
    assert_equal_splits(raw, plain)


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("kind", ["bytes", "tuples", "objects", "strings", "none"])
def test_neither_ids_nor_the_pickle_change_what_is_read(store, protocol, kind):
    content = made_content()
    expected = load(MOSEI, store(content))
    for parts in content.values():
        rows = parts.pop("id")
        made = np.empty(len(rows), dtype=object)
        made[:] = [tuple(row) for row in rows.tolist()]
        ids = {"bytes": rows.astype("S"), "tuples": made.tolist(), "objects": made, "strings": rows[:, 0].tolist()}
        parts |= {"id": ids[kind]} if kind in ids else {}
    assert_equal_splits(load(MOSEI, store(content, protocol=protocol)), expected)


def test_real_steps_come_first(store):
    content = made_content()
    splits = load(MOSEI, store(content))
    raw, split = content["test"]["text"], splits.test
    assert split.lengths_2 is not None
    for row, length in enumerate(split.lengths_2):
        np.testing.assert_array_equal(split.x2[row, :length], raw[row, NUM_STEPS - length :])
        assert not raw[row, : NUM_STEPS - length].any()
        assert not split.x2[row, length:].any()


# Rows of few steps and values are enough for every pattern of zeros.
@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=1, max_size=4))
def test_front_padding_is_what_precedes_the_first_step_that_is_not_zero(rows):
    values = np.array(rows, dtype=np.float32)[..., None] * np.arange(1, 5, dtype=np.float32)[:, None]
    shifted, lengths, present = front_padding_removed(values)
    for row, steps in enumerate(rows):
        first = steps.index(1) if 1 in steps else 3
        assert lengths[row] == 4 - first
        assert present[row] == (1 in steps)
        np.testing.assert_array_equal(shifted[row, : lengths[row]], values[row, first:])
        assert not shifted[row, lengths[row] :].any()


def test_vision_and_audio_are_standardised_over_the_real_steps_of_training(store):
    content = made_content()
    splits = load(AffectData(dataset="mosei", modalities=("vision", "audio")), store(content))
    for index, name in enumerate(splits.modalities):
        raw = content["train"][name].astype(np.float64)
        steps = raw[raw.any(axis=2)]
        for split_name, split in splits.by_name.items():
            x, lengths = ((split.x1, split.lengths_1), (split.x2, split.lengths_2))[index]
            assert lengths is not None
            for row, length in enumerate(lengths):
                expected = (content[split_name][name][row, NUM_STEPS - length :] - steps.mean(axis=0)) / steps.std(
                    axis=0
                )
                np.testing.assert_allclose(x[row, :length], expected, rtol=1e-5, atol=1e-6)  # float32
                assert not x[row, length:].any()


def test_constant_feature_is_zero_everywhere(store):
    content = made_content()
    for split, value in {"train": 0.1, "valid": 0.1, "test": 7.0}.items():
        steps = content[split]["vision"]
        steps[..., 2] = np.where(steps.any(axis=2), np.float32(value), 0)
    splits = load(MOSEI, store(content))
    for split in splits.by_name.values():
        assert not split.x1[..., 2].any()
        assert split.x1[..., 1].any()


def test_what_is_no_finite_number_is_zero_before_anything_else(store):
    broken, mended = made_content(), made_content()
    for row, bad in enumerate((np.nan, -np.inf, np.inf)):
        broken["train"]["audio"][row, -1, 0] = bad
        mended["train"]["audio"][row, -1, 0] = 0
    broken["train"]["audio"][4] = mended["train"]["audio"][4] = 0
    broken["train"]["audio"][4, :3] = -np.inf  # silence, then nothing: no audio at all
    config = AffectData(dataset="mosei", modalities=("audio", "text"))
    found, expected = (
        load(config, store(broken)),
        load(config, store(mended, "other/mosei/mosei_senti_data.pkl") / "other"),
    )
    assert_equal_splits(found, expected)


def test_rows_without_text_are_left_out_of_every_modality(store):
    content = made_content()
    content["train"]["text"][[3, 7]] = 0
    splits = load(AffectData(dataset="mosei", modalities=("vision", "audio")), store(content))
    assert len(splits.train) == SIZES["train"] - 2
    kept = np.delete(content["train"]["labels"][:, 0, 0], [3, 7])
    np.testing.assert_array_equal(splits.train.y, kept.astype(np.float32))
    assert len(splits.valid) == SIZES["valid"]


def test_row_without_a_modality_is_zero_with_one_step_and_counts_in_no_statistic(store):
    content = made_content()
    content["train"]["vision"][5] = 0
    splits = load(MOSEI, store(content))
    assert splits.train.lengths_1 is not None
    assert splits.train.lengths_1[5] == 1
    assert not splits.train.x1[5].any()
    real = np.arange(NUM_STEPS) < splits.train.lengths_1[:, None]
    real[5] = False
    # Sums of some 150 numbers of order 1 in float32.
    np.testing.assert_allclose(splits.train.x1[real].mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(splits.train.x1[real].std(axis=0, dtype=np.float64), 1, atol=1e-6)


def test_a_file_is_parsed_once_for_all_pairs(store, monkeypatch):
    folder = store(made_content())
    parsed = []
    read = affect_clips.read_pickle
    monkeypatch.setattr(affect_clips, "read_pickle", lambda path: parsed.append(path) or read(path))
    first = load(MOSEI, folder)
    assert_equal_splits(load(MOSEI, folder), first)
    load(AffectData(dataset="mosei", modalities=("audio", "text")), folder)
    assert len(parsed) == 1
    load(MOSEI, store(made_content(seed=1)))
    assert len(parsed) == 2  # another content under the same name is another data set


def test_splits_are_passed_on_without_being_copied(store):
    """Ray shares buffers of protocol 5; a memmap would be copied into the pickle itself."""
    splits = load(MOSEI, store(made_content()))
    buffers: list[pickle.PickleBuffer] = []
    in_band = pickle.dumps(splits, protocol=5, buffer_callback=buffers.append)
    shared = sum(buffer.raw().nbytes for buffer in buffers)
    assert shared >= sum(split.x1.nbytes + split.x2.nbytes for split in splits.by_name.values())
    assert len(in_band) < 5_000
    assert not splits.train.x1.flags.writeable


def test_missing_file_is_named_with_its_source_and_with_what_is_there(store, tmp_path):
    with pytest.raises(MissingDataError, match=r"mosei/mosei_senti_data\.pkl(.|\n)*MultiBench(.|\n)*Google Drive"):
        require(MOSEI, tmp_path)
    with pytest.raises(MissingDataError, match="CMU-MOSEI needs a data folder"):
        load(MOSEI, None)
    folder = store(made_content(), "mosei/mosei_raw.pkl")
    with pytest.raises(MissingDataError, match=r"found .*mosei_raw\.pkl, which file='mosei_raw\.pkl' takes"):
        load(MOSEI, folder)
    require(replace(MOSEI, file="mosei_raw.pkl"), folder)
    store({}, "mosei/aligned_50.pkl")
    with pytest.raises(
        MissingDataError, match=r"custom\.py --archive .*mosei/aligned_50\.pkl --modalities vision text"
    ):
        load(MOSEI, folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content.pop("valid"), "found no valid"),
        (lambda content: content["test"].pop("audio"), "test/audio to be an array of numbers, found NoneType"),
        (lambda content: content["test"].update(text=[["good"]]), "test/text to be an array of numbers, found list"),
        (lambda content: content["train"].update(vision=np.zeros((40, 4))), r"shape \[40, steps, features\]"),
        (lambda content: content["train"].update(vision=np.zeros((39, 6, 4))), r"found \[39, 6, 4\]"),
        (lambda content: content["train"]["vision"].fill(0), "vision in some training row, found none"),
        (lambda content: content["train"]["labels"].fill(3.5), r"sentiment from −3 to 3, found 3\.5"),
        (lambda content: content["train"]["labels"].fill(np.nan), "sentiment from −3 to 3, found nan"),
    ],
)
def test_content_of_another_format_is_refused_by_name(store, damage, message):
    content = made_content()
    damage(content)
    with pytest.raises(Refused, match=rf"mosei_senti_data\.pkl: expected .*{message}"):
        load(MOSEI, store(content))


@pytest.mark.parametrize("name", ["vision", "audio", "text"])
def test_numbers_that_float32_cannot_hold_are_refused_by_name(store, name):
    content = made_content()
    content["valid"][name] = content["valid"][name].astype(np.float64)
    content["valid"][name][3, -1, 0] = 3.5e38
    content["valid"][name][4, -1, :2] = -1e200
    with pytest.raises(Refused, match=rf"numbers of valid/{name} that float32 can hold, up to 3\.4e38, found 3 larger"):
        load(MOSEI, store(content))


@pytest.mark.parametrize("name", ["dev", "val"])
def test_the_validation_split_may_have_another_name(store, name):
    content = made_content()
    expected = load(MOSEI, store(content))
    content[name] = content.pop("valid")
    assert_equal_splits(load(MOSEI, store(content)), expected)
    with pytest.raises(Refused, match="expected one valid split, found several"):
        load(MOSEI, store(content | {"valid": content[name]}))


def test_classes_of_another_kind_are_refused(store):
    content = made_content(lambda draw, num_rows: draw.integers(-1, 2, size=(num_rows, 1, 1)))
    with pytest.raises(Refused, match=r"expected labels −1 and 1, or 0 and 1, found \[-1\.0, 0\.0, 1\.0\]"):
        load(AffectData(dataset="mustard"), store(content, "mustard/sarcasm.pkl"))


def test_what_is_no_mere_data_is_refused(store):
    with pytest.raises(UnsafePickleError, match=r"mosei_senti_data\.pkl: refused .*Path"):
        load(MOSEI, store(made_content() | {"extra": Path("x")}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "iemocap"}, "dataset must be one of mosei, mosi, mustard, humor, got 'iemocap'"),
        ({"file": "sarcasm.pkl"}, "file of mosei must be one of"),
        ({"modalities": ("vision", "vision")}, "modalities must be two of vision, audio, text"),
        ({"modalities": ("vision", "smell")}, "modalities must be two of vision, audio, text"),
    ],
)
def test_unknown_names_are_refused(tmp_path, change, message):
    with pytest.raises(Refused, match=message):
        require(replace(MOSEI, **change), tmp_path)


@pytest.mark.parametrize(
    ("dataset", "widths", "task"),
    [("mosei", (35, 300), "regression"), ("mosi", (35, 300), "regression"), ("mustard", (371, 300), "classification")],
)
def test_shapes_are_known_without_the_file(dataset, widths, task):
    config = AffectData(dataset=dataset)
    known = shapes(config)
    assert (known.row_1, known.row_2) == ((50, widths[0]), (50, widths[1]))
    assert known.task == task
    assert known.num_classes == 2
    assert known.modalities == modalities(config) == ("vision", "text")
