from dataclasses import replace

import numpy as np
import pytest

from trainables.config import Refused, SyntheticData
from trainables.data import Split, Splits, load
from trainables.data.summary import summary
from trainables.data.validation import check


def made_split(num_rows: int, seed: int) -> Split:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 5, size=num_rows)
    sequences = draw.standard_normal((num_rows, 4, 3), dtype=np.float32)
    sequences[np.arange(4) >= lengths[:, None]] = 0
    vectors = draw.standard_normal((num_rows, 2), dtype=np.float32)
    return Split(x1=vectors, x2=sequences, y=np.arange(num_rows) % 3, lengths_2=lengths)


@pytest.fixture
def splits() -> Splits:
    train, valid, test = made_split(150, 0), made_split(120, 1), made_split(120, 2)
    return Splits(train=train, valid=valid, test=test, modalities=("vector", "sequence"), num_classes=3)


def raw_split(num_rows: int, seed: int) -> Split:
    """Images [n, channels, height, width] with a black edge; videos [n, t, channels, height, width] of 1-4 steps."""
    draw = np.random.default_rng(seed)
    images = draw.uniform(1, 255, size=(num_rows, 3, 8, 6)).astype(np.float32)
    images[..., 0] = 0
    lengths = draw.integers(1, 5, size=num_rows)
    videos = draw.standard_normal((num_rows, 4, 3, 5, 5), dtype=np.float32)
    videos[np.arange(4) >= lengths[:, None]] = 0
    videos[..., -1] = 0
    return Split(x1=images, x2=videos, y=np.arange(num_rows) % 2, lengths_2=lengths)


@pytest.fixture
def raw() -> Splits:
    train, valid, test = raw_split(150, 0), raw_split(120, 1), raw_split(120, 2)
    return Splits(train=train, valid=valid, test=test, modalities=("image", "video"), num_classes=2)


@pytest.fixture
def regression(splits) -> Splits:
    def with_values(split: Split) -> Split:
        return replace(split, y=split.y.astype(np.float32) - 1)

    parts = {name: with_values(split) for name, split in splits.by_name.items()}
    return replace(splits, **parts, num_classes=2, task="regression")


def changed(splits: Splits, name: str, **fields) -> Splits:
    return replace(splits, **{name: replace(splits.by_name[name], **fields)})


def test_sound_data_raise_no_word(splits, regression):
    assert check(splits, 64) == check(regression, 64) == []


def test_raw_images_and_videos_raise_no_word(raw):
    """Not of their edges either, which are the same in every row."""
    assert check(raw, 64) == []


def test_raw_waveforms_raise_no_word(splits):
    def with_waveforms(split: Split, seed: int) -> Split:
        return replace(split, x1=np.random.default_rng(seed).standard_normal((len(split), 400), dtype=np.float32))

    parts = {name: with_waveforms(split, seed) for seed, (name, split) in enumerate(splits.by_name.items())}
    assert check(replace(splits, **parts), 64) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (lambda s: {"x1": with_values_at(s.x1, (3, 1, 2), np.nan)}, "image in train: .* 6 NaN or infinite in 1 rows"),
        (lambda s: {"x2": with_values_at(s.x2, (5, 0), np.inf)}, "video in train: .* 75 NaN or infinite in 1 rows"),
        (lambda s: {"lengths_2": s.lengths_2 + 1}, "video in train: expected lengths from 1 to 4, found 2 to 5"),
        (lambda s: {"lengths_1": np.full(150, 4)}, "image in train: expected lengths from 1 to 3, found 4 to 4"),
        (lambda s: {"x1": s.x1[:, :, :0]}, r"image in train: expected features .*, found \[150, 3, 0, 6\]"),
        (lambda s: {"x2": np.ones_like(s.x2)}, "video: expected it to vary"),
    ],
)
def test_what_cannot_be_trained_on_of_raw_inputs_is_refused(raw, fields, message):
    with pytest.raises(Refused, match=message):
        check(changed(raw, "train", **fields(raw.train)), 64)


def test_the_same_raw_rows_in_two_splits_are_counted(raw):
    x1, x2 = raw.valid.x1.copy(), raw.valid.x2.copy()
    x1[:7], x2[:7] = raw.train.x1[:7], raw.train.x2[:7]
    assert check(changed(raw, "valid", x1=x1, x2=x2), 64) == [
        "7 different pairs of rows are both in train and in valid"
    ]


def test_summary_of_raw_inputs(raw):
    black = changed(raw, "train", x1=with_values_at(raw.train.x1, np.s_[:30], 0))
    image, video = summary(black)[0].modalities
    assert (image.row_shape, image.missing_share, image.mean_length) == ((3, 8, 6), 0.2, None)
    assert (video.row_shape, video.missing_share) == ((4, 3, 5, 5), 0)
    assert video.mean_length == pytest.approx(raw.train.lengths_2.mean())


def test_every_combination_of_bits_is_in_one_split_alone():
    assert check(load(SyntheticData(shared_bits=4)), 512) == []


def with_values_at(values: np.ndarray, place, value: float) -> np.ndarray:
    result = values.copy()
    result[place] = value
    return result


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        (
            "test",
            lambda s: {"x1": with_values_at(s.x1, (3, 1), np.nan)},
            "vector in test: .* 1 NaN or infinite in 1 rows",
        ),
        ("train", lambda s: {"x2": with_values_at(s.x2, 5, -np.inf)}, "sequence in train: .* 12 NaN or infinite in 1 "),
        ("valid", lambda s: {"x1": s.x1[:, :1]}, r"vector: expected rows of one shape, found \[2\] in train, \[1\] in"),
        ("valid", lambda s: {"x1": s.x1[:, 0]}, r"vector in valid: expected features \[n, d\].*found \[120\]"),
        (
            "train",
            lambda s: {"lengths_2": s.lengths_2 - 1},
            "sequence in train: expected lengths from 1 to 4, found 0 to 3",
        ),
        (
            "test",
            lambda s: {"lengths_2": s.lengths_2 + 1},
            "sequence in test: expected lengths from 1 to 4, found 2 to 5",
        ),
        ("test", lambda s: {"lengths_1": np.ones(120, dtype=int)}, "vector in test: expected lengths from 1 to 0"),
        ("test", lambda s: {"y": s.y + 1}, "labels in test: expected classes from 0 to 2, found 1 to 3"),
        ("train", lambda s: {"y": s.y % 2}, "labels in train: expected rows of each class, found none of class 2"),
        ("train", lambda s: {"x1": np.ones_like(s.x1)}, "vector: expected it to vary"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(splits, name, fields, message):
    broken = changed(splits, name, **fields(splits.by_name[name]))
    with pytest.raises(Refused, match=message):
        check(broken, 64)


def test_all_errors_are_told_at_once(splits):
    broken = changed(splits, "train", y=splits.train.y % 2, x1=np.ones_like(splits.train.x1))
    with pytest.raises(Refused, match=r"none of class 2\n.*expected it to vary"):
        check(broken, 64)


def test_empty_split_is_refused(splits):
    empty = replace(splits, valid=made_split(0, 0), test=made_split(0, 0))
    with pytest.raises(Refused, match="found none in valid, test"):
        check(empty, 64)


def test_a_single_class_is_refused(splits):
    parts = {name: replace(split, y=np.zeros_like(split.y)) for name, split in splits.by_name.items()}
    with pytest.raises(Refused, match="at least 2 classes, found 1"):
        check(replace(splits, **parts, num_classes=1), 64)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.arange(150, dtype=np.float32), None),
        (
            np.arange(1, 151, dtype=np.float32),
            r"none of value 0 or below\. Values .* on their sign.* from 1 to 150: .*75",
        ),
        (
            -np.arange(1, 151, dtype=np.float32),
            r"above 0\. Values .* on their sign.* from -150 to -1",
        ),
        (np.full(150, np.nan, dtype=np.float32), "labels in train: expected finite values, found 150"),
    ],
)
def test_values_need_both_signs_and_to_be_finite(regression, values, message):
    splits = changed(regression, "train", y=values)
    if message is None:
        assert check(splits, 64) == []
    else:
        with pytest.raises(Refused, match=message):
            check(splits, 64)


@pytest.mark.parametrize(
    ("name", "num_rows", "message"),
    [("train", 9, "at least 10 rows in train, .*, found 9"), ("test", 3, "at least 4 rows in test, .*, found 3")],
)
def test_fewer_rows_than_can_be_measured_on_are_refused(splits, name, num_rows, message):
    with pytest.raises(Refused, match=message):
        check(replace(splits, **{name: made_split(num_rows, 4)}), 64)
    check(replace(splits, **{name: made_split(num_rows + 1, 4)}), 64)


def test_few_test_rows_have_fewer_neighbours_and_it_is_said(splits):
    warnings = check(replace(splits, test=made_split(9, 4)), 64)
    assert "test has 9 rows: mutual k-NN compares 4 of a row's neighbours, not 10" in warnings


def test_of_many_classes_that_are_absent_a_few_are_named(splits):
    with pytest.raises(Refused, match=r"class 3, class 4, .*, class 10 and 189 more$"):
        check(replace(splits, num_classes=200), 64)


def test_warnings_say_what_may_be_meant(splits):
    small = replace(splits, test=made_split(50, 3))
    small = changed(small, "valid", y=np.zeros(120, dtype=int))
    small = changed(small, "train", x2=with_values_at(small.train.x2, np.s_[..., 1], 0))
    assert check(small, 151) == [
        "150 training rows are fewer than a batch of 151: each batch is all of them",
        "valid has no row of class 1, class 2",
        "test has 50 rows: a single one is 2.0% of its accuracy",
        "sequence: 1 of 3 features are constant in training",
    ]


def test_rows_in_two_splits_are_counted_whatever_their_labels(splits):
    test = splits.test
    x1, x2 = test.x1.copy(), test.x2.copy()
    x1[:5], x2[:5] = splits.train.x1[:5], splits.train.x2[:5]
    x1[5] = splits.train.x1[5]  # in one modality alone, which is another pair
    shared = changed(splits, "test", x1=x1, x2=x2, y=(test.y + 1) % 3)
    assert check(shared, 64) == ["5 different pairs of rows are both in train and in test"]


def test_a_class_that_is_nearly_all_of_the_test_rows_is_told(splits):
    labels = np.where(np.arange(120) < 102, 1, np.arange(120) % 3)  # 102 and six more
    uneven = replace(splits, test=replace(splits.test, y=labels))
    assert check(uneven, 64) == ["always naming the largest class is right in 90.0% of test, so accuracy tells little"]


def test_one_modality_twice_is_said(splits):
    same = {name: replace(split, x2=split.x1, lengths_2=split.lengths_1) for name, split in splits.by_name.items()}
    twice = replace(splits, **same)
    first, second = splits.modalities
    assert check(twice, 64) == [
        f"{first} and {second} are the same numbers in training: nothing is there to be aligned"
    ]


def test_few_groups_to_test_on_are_said_and_one_is_refused(splits):
    def tested_on(num_groups: int):
        return replace(splits, test=replace(splits.test, groups=np.arange(len(splits.test)) % num_groups))

    assert check(tested_on(10), 64) == []
    assert check(tested_on(9), 64) == ["test has rows of 9 groups, from which decisions must tell how groups scatter"]
    with pytest.raises(Refused, match="rows of at least 2 groups in test, found 1"):
        check(tested_on(1), 64)


def test_groups_in_two_splits_are_counted(splits):
    of_each = {"train": range(5), "valid": range(5, 9), "test": range(9, 20)}
    grouped = {
        name: replace(split, groups=np.resize(of_each[name], len(split))) for name, split in splits.by_name.items()
    }
    apart = replace(splits, **grouped)
    assert check(apart, 64) == []
    shared = replace(apart, test=replace(apart.test, groups=apart.test.groups - 6))
    said = "groups have rows both in"
    assert check(shared, 64) == [
        f"2 {said} train and in test, so these are not independent",
        f"4 {said} valid and in test, so these are not independent",
    ]


def test_summary_counts(splits):
    train = splits.train
    splits = changed(splits, "train", x1=with_values_at(train.x1, np.s_[:30], 0), y=np.repeat([0, 1, 2], [75, 60, 15]))
    rows = summary(splits)
    assert [(row.name, row.num_rows) for row in rows] == [("train", 150), ("valid", 120), ("test", 120)]
    assert rows[0].class_shares == pytest.approx((0.5, 0.4, 0.1))
    vector, sequence = rows[0].modalities
    assert (vector.name, vector.row_shape, vector.mean_length) == ("vector", (2,), None)
    assert vector.missing_share == pytest.approx(0.2)
    assert (sequence.row_shape, sequence.missing_share) == ((4, 3), 0)
    assert train.lengths_2 is not None
    assert sequence.mean_length == pytest.approx(train.lengths_2.mean())


def test_summary_of_values_counts_their_signs(regression):
    assert summary(regression)[0].class_shares == pytest.approx((2 / 3, 1 / 3))  # −1 and 0, then 1
