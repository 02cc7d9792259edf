from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from trainables.config import ArchiveData, Refused
from trainables.data import MissingDataError, load, modalities, require, shapes
from trainables.data.archive.npz_arrays import NpzArrays
from trainables.data.content import content_of
from trainables.data.stand_in import stand_in
from trainables.data.summary import summary
from trainables.data.validation import check

NUM_ROWS = 60


def made_arrays(**changes: np.ndarray | None) -> dict[str, np.ndarray]:
    """Sequences of text and vectors of audio in two classes; `changes` replace arrays, None leaves one out."""
    draw = np.random.default_rng(0)
    arrays: dict[str, np.ndarray | None] = {
        "text": draw.normal(5, 2, size=(NUM_ROWS, 4, 3)).astype(np.float16),
        "text_length": draw.integers(1, 5, size=NUM_ROWS),
        "audio": draw.normal(-1, 3, size=(NUM_ROWS, 2)),
        "label": np.arange(NUM_ROWS) % 2,
        "split": np.repeat([0, 1, 2], [40, 10, 10]),
        "id": np.array([f"clip{row}" for row in range(NUM_ROWS)]),
    }
    return {name: values for name, values in (arrays | changes).items() if values is not None}


def store(path: Path, **changes: np.ndarray | None) -> ArchiveData:
    np.savez(path, **made_arrays(**changes))  # pyright: ignore[reportArgumentType]
    return ArchiveData(content=content_of(path), modalities=("text", "audio"))


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "features.npz"


def test_features_are_standardised_by_the_real_steps_of_training(path):
    config = store(path)
    arrays, splits = made_arrays(), load(config, path)
    train = arrays["split"] == 0
    text, audio = arrays["text"].astype(np.float64), arrays["audio"]
    is_real = np.arange(4) < arrays["text_length"][:, None]
    steps, vectors = text[train][is_real[train]], audio[train]
    expected_text = np.where(is_real[..., None], (text - steps.mean(axis=0)) / steps.std(axis=0), 0)
    expected_audio = (audio - vectors.mean(axis=0)) / vectors.std(axis=0)
    for number, split in enumerate(splits.by_name.values()):
        rows = arrays["split"] == number
        assert split.x1.dtype == split.x2.dtype == np.float32
        np.testing.assert_allclose(split.x1, expected_text[rows], rtol=1e-5, atol=1e-6)  # as float32
        np.testing.assert_allclose(split.x2, expected_audio[rows], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(split.lengths_1, arrays["text_length"][rows])
        assert split.lengths_2 is None
        np.testing.assert_array_equal(split.y, arrays["label"][rows])


@pytest.mark.parametrize(
    "labels", [np.arange(NUM_ROWS) % 3, np.arange(NUM_ROWS) % 2 == 0, np.arange(NUM_ROWS) % 3 * 5 - 5]
)
def test_classes_are_numbered_by_their_values(path, labels):
    splits = load(store(path, label=labels), path)
    assert splits.task == "classification"
    assert splits.num_classes == len(set(labels.tolist()))
    assert splits.train.y.dtype == np.int64
    values = np.unique(labels)
    np.testing.assert_array_equal(values[splits.train.y], labels[:40])


def test_real_labels_are_a_regression_on_their_sign(path):
    labels = np.linspace(-1, 1, NUM_ROWS)[np.random.default_rng(0).permutation(NUM_ROWS)]
    splits = load(store(path, label=labels), path)
    assert splits.task == "regression"
    np.testing.assert_array_equal(splits.train.y, labels[:40].astype(np.float32))
    np.testing.assert_array_equal(splits.classes(splits.train), labels[:40] > 0)


@pytest.mark.parametrize("size", [2.0**600, 2.0**1000, 2.0**-600])
def test_features_of_any_size_are_read_alike(path, size):
    expected = load(store(path), path)
    found = load(store(path, audio=made_arrays()["audio"] * size), path)
    np.testing.assert_array_equal(found.train.x2, expected.train.x2)
    assert found.train.x2.any()


def test_values_in_the_padding_cannot_matter(path, tmp_path):
    expected = load(store(path), path)
    text = made_arrays()["text"]
    text[np.arange(4) >= made_arrays()["text_length"][:, None]] = np.nan
    found = load(store(tmp_path / "other.npz", text=text), tmp_path)
    np.testing.assert_array_equal(found.train.x1, expected.train.x1)


def test_without_splits_the_classes_are_divided_in_proportion_by_the_seed(path):
    config = store(path, split=None)
    splits = load(config, path)
    assert [len(split) for split in splits.by_name.values()] == [42, 9, 9]
    for split in splits.by_name.values():
        assert abs(np.mean(split.y) - 0.5) < 0.06  # of 9 rows, 4 or 5 are of each class
    rows = np.concatenate([split.x2 for split in splits.by_name.values()])
    assert len(np.unique(rows, axis=0)) == NUM_ROWS
    np.testing.assert_array_equal(load(config, path).test.x1, splits.test.x1)
    assert not np.array_equal(load(replace(config, seed=1), path).test.x2, splits.test.x2)


def test_no_group_is_in_two_splits(path):
    speakers = np.array([f"speaker{row // 4}" for row in range(NUM_ROWS)])
    marked = np.repeat(np.arange(NUM_ROWS // 4), 4)[:, None] * np.ones((1, 2))  # a feature that names the speaker
    splits = load(store(path, split=None, group=speakers, audio=marked), path)
    seen = [set(np.round(split.x2[:, 0], 5).tolist()) for split in splits.by_name.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == NUM_ROWS // 4
    assert all(seen)
    for split in splits.by_name.values():  # rows have the same group where they have the same speaker
        assert split.groups is not None and split.groups.dtype == np.int64
        same_speaker = split.x2[:, 0] == split.x2[:, :1]
        np.testing.assert_array_equal(split.groups == split.groups[:, None], same_speaker)


def test_groups_are_kept_where_the_archive_says_which_rows_a_split_has(path):
    speakers = np.arange(NUM_ROWS) // 4
    splits = load(store(path, group=speakers), path)
    np.testing.assert_array_equal(splits.test.groups, speakers[-10:])
    assert load(store(path), path).test.groups is None


@pytest.mark.parametrize(
    "words", [("train", "valid", "test"), ("training", "dev", "testing"), (" Train", "VAL", "test"), (0, 1, 2)]
)
def test_splits_may_be_words(path, words):
    split = np.repeat(words, [40, 10, 10])
    expected = load(store(path), path)
    found = load(store(path, split=split), path)
    for name, part in found.by_name.items():
        np.testing.assert_array_equal(part.x2, expected.by_name[name].x2)


def test_sequences_that_end_in_zeros_and_have_no_lengths_are_named(path):
    config = store(path, text_length=None)
    assert load(config, path).notes == ()
    text = made_arrays()["text"]
    text[:7, 2:] = 0
    (note,) = load(store(path, text=text, text_length=None), path).notes
    assert note.startswith("text: 7 of 60 sequences end in steps that are all 0")
    assert "add text_length" in note
    assert load(store(path, text=text), path).notes == ()  # their lengths say what is padding


def test_what_is_not_used_is_named_and_comes_first_among_the_warnings(path):
    config = store(path, year=np.arange(NUM_ROWS), video=np.ones((NUM_ROWS, 2)), video_length=np.ones(NUM_ROWS))
    splits = load(config, path)
    assert splits.notes == ("arrays of the archive that are not used: year",)
    assert check(splits, 16)[0] == splits.notes[0]


NEAR_MISSES = {
    "text_lengths": np.full(NUM_ROWS, 4),
    "text_lens": np.full(NUM_ROWS, 4.0),
    "text_len": np.full((NUM_ROWS, 1), 4),
    "txt_length": np.full(NUM_ROWS, 4),
    "text_lenght": np.full(NUM_ROWS, 4),
    "TextLength": np.full(NUM_ROWS, 4),
    "lengths_text": np.full(NUM_ROWS, 4),
    "lengths": np.full(NUM_ROWS, 4),
    "text_mask": np.ones((NUM_ROWS, 4), dtype=bool),
    "attention_mask": np.ones((NUM_ROWS, 4)),
    "text_padding_mask": np.ones((NUM_ROWS, 4), dtype=bool),
    "text_seq_lens": np.full(NUM_ROWS, 4),
    "num_frames": np.full(NUM_ROWS, 4),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_lengths_by_another_name_are_refused_where_padding_would_be_trained_on(path, name):
    config = store(path, **{"text_length": None, name: NEAR_MISSES[name]})
    for read in (load, shapes):
        with pytest.raises(Refused, match=rf"{path}: found an array {name}, which is not read, and no text_length"):
            read(config, path)
    load(store(path, **{name: NEAR_MISSES[name]}), path)  # beside lengths of the right name it is one more array


@pytest.mark.parametrize(
    ("name", "meant"), [("groups", "group"), ("Group", "group"), ("splits", "split"), ("spilt", "split")]
)
def test_splits_and_groups_by_another_name_are_refused(path, name, meant):
    values = made_arrays()["split"]
    with pytest.raises(Refused, match=f"found an array {name}, which is not read, and no {meant}: call it {meant}"):
        load(store(path, **{"split": None, name: values}), path)
    load(store(path, **{"group": values, name: values}), path)


@pytest.mark.parametrize(
    "further",
    [
        {"texts": np.array(["words"] * NUM_ROWS)},
        {"video_length": np.full(NUM_ROWS, 4)},
        {"text_lengths": np.full(3, 4)},  # not one a row
        {"text_stride": np.full(NUM_ROWS, 4)},
        {"audio_lengths": np.full(NUM_ROWS, 4)},  # vectors have none
        {"speaker": np.arange(NUM_ROWS)},
    ],
)
def test_other_arrays_are_no_near_misses(path, further):
    splits = load(store(path, text_length=None, **further), path)
    assert splits.notes == (f"arrays of the archive that are not used: {next(iter(further))}",)


def test_archives_that_cannot_be_opened_are_refused_with_the_reason(path):
    for offset, value, message in ((8, 9, "compressed by deflate64"), (6, 1, "without a password")):
        np.savez(path, label=np.arange(3))
        content = bytearray(path.read_bytes())
        central = content.index(b"PK\x01\x02")  # the archive's directory has the two fields two bytes further on
        content[central + offset + 2] = content[offset] = value
        path.write_bytes(content)
        with pytest.raises(Refused, match=rf"{path}: expected .*{message}"):
            NpzArrays(path)


def test_an_archive_is_its_content_wherever_it_lies(path, tmp_path):
    config = store(path)
    expected = load(config, path)
    moved = tmp_path / "elsewhere" / "renamed.npz"
    moved.parent.mkdir()
    (moved.parent / "another.npz").write_bytes(b"PK")
    path.rename(moved)
    for place in (moved, moved.parent):
        np.testing.assert_array_equal(load(config, place).train.x1, expected.train.x1)


def test_missing_or_changed_archive_is_refused(path, tmp_path):
    config = store(path)
    require(config, path)
    with path.open("ab") as file:
        file.write(b"\0")
    for place in (path, tmp_path, tmp_path / "absent.npz"):
        with pytest.raises(MissingDataError, match=f"no feature archive with the SHA-256 {config.content}"):
            require(config, place)
    with pytest.raises(MissingDataError, match="needs its path"):
        load(config, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": None}, "an array label .* found none; its arrays are text, text_length, audio, split, id$"),
        ({"label": None, **dict.fromkeys(map(str, range(20)), np.ones(2))}, "text_length, audio, split, id, 0, .*, …$"),
        ({"label": None, "targets": np.arange(NUM_ROWS) % 2}, r"found none \(is it targets\? then rename it\)"),
        ({"label": np.zeros(NUM_ROWS, dtype="M8[s]")}, "an array label .* found datetime64"),
        ({"label": np.full(NUM_ROWS, np.nan)}, "finite labels, found 60"),
        ({"text": None}, r"float \[n, d\] or \[n, t, d\] named text; it has: audio$"),
        (
            {"text": np.ones((NUM_ROWS, 4, 3), dtype=np.int8)},
            r"named text, found int8 of shape \[60, 4, 3\] \(store them as text\.astype\('float32'\)\); it has: audio$",
        ),
        ({"text": np.ones((NUM_ROWS, 2, 4, 3))}, r"named text, found float64 of shape \[60, 2, 4, 3\]; it has: audio$"),
        ({"text": np.ones(NUM_ROWS)}, r"named text, found float64 of shape \[60\]; it has: audio$"),
        ({"text": np.ones((NUM_ROWS, 3), dtype=complex)}, r"found complex128 of shape \[60, 3\]; it has: audio$"),
        ({"text": np.ones((59, 4, 3))}, r"60 rows of text, as there are labels, found shape \[59, 4, 3\]"),
        ({"split": np.zeros((NUM_ROWS, 1), dtype=int)}, r"split of shape \[60\]"),
        ({"split": np.arange(NUM_ROWS) % 2}, r"found \[0, 1\]"),
        ({"split": np.arange(NUM_ROWS) % 4 - 1}, r"found \[-1, 0, 1, 2\]"),
        ({"text_length": np.arange(NUM_ROWS) % 5}, "text_length from 1 to 4, found 0 to 4"),
        ({"text_length": np.full(NUM_ROWS, 2.0)}, "text_length as integers"),
        ({"audio_length": np.ones(NUM_ROWS, dtype=int)}, "audio_length as integers, and for sequences"),
        ({"audio": np.where(np.arange(NUM_ROWS)[:, None] < 3, np.nan, np.ones((1, 2)))}, "in 3 of 60 rows of audio"),
        (
            {"audio": np.arange(120.0).reshape(60, 2) * ([[1e-300]] * 59 + [[1]])},
            "scale of the training rows, found 1 that are",
        ),
        ({"split": None, "group": np.zeros(NUM_ROWS)}, "at least 4 groups"),
        ({"group": np.where(np.arange(NUM_ROWS) % 6, np.arange(NUM_ROWS) // 4, np.nan)}, "a group .* none in 10 of 60"),
        ({"group": np.array(["ann", "", "bob"])[np.arange(NUM_ROWS) % 3]}, "a group in each row, found none in 20 of"),
        ({"group": np.array([b"ann", b"nan", b"bob"])[np.arange(NUM_ROWS) % 3]}, "a group .* none in 20 of 60"),
        ({"label": np.array([0, "a"] * 30, dtype=object)}, r"an array label .* found object .*label\.astype\(str\)"),
        ({"split": None, "group": np.array([0, "a"] * 30, dtype=object)}, "without pickled objects"),
    ],
)
def test_archive_of_another_format_is_refused(path, changes, message):
    config = store(path, **changes)
    with pytest.raises(Refused, match=message):
        load(config, path)


@pytest.mark.parametrize("name", ["features.h5", "features.csv", "features.npy", "features.npz.gz", "features"])
def test_a_file_of_another_kind_is_refused_with_those_that_are_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"1,2,3")
    config = ArchiveData(content=content_of(path), modalities=("text", "audio"))
    with pytest.raises(
        Refused, match=rf"{path}: expected a file that ends in \.npz, .*\.parquet, or a folder of \.npy"
    ):
        load(config, path)


@pytest.mark.parametrize("name", ["FEATURES.NPZ", "features.zip", "features"])
def test_an_archive_is_known_by_its_content_and_not_by_how_its_name_is_written(path, tmp_path, name):
    config = store(path)
    np.testing.assert_array_equal(load(config, path.rename(tmp_path / name)).test.y, [0, 1] * 5)


def test_what_lies_beside_the_arrays_of_an_archive_is_none(path):
    store(path)
    with ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "of the lab")
        archive.writestr("__MACOSX/._text.npy", "of a system")
    assert NpzArrays(path).headers.keys() == made_arrays().keys()
    load(ArchiveData(content=content_of(path), modalities=("text", "audio")), path)


def test_what_is_no_archive_is_refused_by_name(path):
    store(path)
    for content in (b"text", path.read_bytes()[:-100]):
        path.write_bytes(content)
        with pytest.raises(Refused, match=rf"{path}: expected a whole npz archive"):
            NpzArrays(path)


def test_damage_within_is_found(path):
    store(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"text.npy") + 400] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match=rf"{path}: expected .* whole"):
        load(ArchiveData(content=content_of(path), modalities=("text", "audio")), path)


@pytest.mark.parametrize("label", [np.arange(NUM_ROWS) % 3, np.arange(NUM_ROWS) - 20.0])
@pytest.mark.parametrize("split", [None, np.repeat([0, 1, 2], [40, 10, 10])])
def test_shapes_are_those_of_what_is_loaded(path, label, split):
    config = store(path, label=label, split=split)
    known, splits = shapes(config, path), load(config, path)
    assert known.sizes == tuple(len(split) for split in splits.by_name.values())
    assert (known.row_1, known.row_2) == (splits.train.x1.shape[1:], splits.train.x2.shape[1:])
    assert (known.num_classes, known.task) == (splits.num_classes, splits.task)
    assert (known.has_lengths_1, known.has_lengths_2) == (True, False)
    assert modalities(config) == ("text", "audio")
    assert check(stand_in(config, 200, path), 16) == []
    with pytest.raises(MissingDataError):
        shapes(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"content": "abc"}, "SHA-256"), ({"modalities": ("text", "text")}, "two different ones")],
)
def test_impossible_configurations_are_refused(change, message):
    with pytest.raises(Refused, match=message):
        replace(ArchiveData(content="0" * 64, modalities=("text", "audio")), **change)


def test_real_mustard_archive(shared_data):
    path = shared_data / "mustard" / "mustard_text_audio.npz"
    config = ArchiveData(content=content_of(path), modalities=("text", "audio"))
    splits = load(config, path.parent)
    assert splits.train.x1.shape[1:] == (50, 300)
    assert splits.train.x2.shape[1:] == (3,)
    assert splits.num_classes == 2
    assert sum(map(len, splits.by_name.values())) == 690
    for row in summary(splits):
        assert row.modalities[0].mean_length == pytest.approx(14, abs=1.5)  # 14.5 tokens, some utterances cut at 50
    check(splits, 32)
    steps = splits.train.x1[np.arange(50) < splits.train.lengths_1[:, None]]
    np.testing.assert_allclose(steps.mean(axis=0, dtype=np.float64), 0, atol=1e-5)  # of float16 values in float32
    np.testing.assert_allclose(steps.std(axis=0, dtype=np.float64), 1, atol=1e-5)
