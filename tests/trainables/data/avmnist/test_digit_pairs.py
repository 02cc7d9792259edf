import gzip
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from trainables.config import AvMnistData, Refused
from trainables.data import MissingDataError, load, require
from trainables.data.avmnist.avmnist_files import locate_digits
from trainables.data.avmnist.digit_pairs import draw_pairs
from trainables.data.avmnist.spoken_digits import Recordings, read_recordings
from trainables.data.splits import Split, Splits

MNIST_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(scope="module")
def recordings(generated_data) -> Recordings:
    return read_recordings(generated_data / "fsdd" / "recordings")


@pytest.fixture(scope="module")
def labels() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    # Digits of unequal frequency, one of them too rare to use all recordings.
    weights = np.array([3e-3, *range(1, 10)]) / (3e-3 + 45)
    return random.choice(10, size=60_000, p=weights), random.choice(10, size=10_000, p=weights)


@pytest.fixture(scope="module")
def splits(generated_data) -> Splits:
    return load(AvMnistData(), generated_data)


@pytest.fixture
def linked_data(generated_data, tmp_path) -> Path:
    """A data folder that a test may change."""
    (tmp_path / "mnist").mkdir()
    for name in MNIST_NAMES:
        (tmp_path / "mnist" / name).symlink_to(generated_data / "mnist" / name)
    (tmp_path / "fsdd").mkdir()
    (tmp_path / "fsdd/recordings").symlink_to(generated_data / "fsdd/recordings")
    return tmp_path


def test_pairs_use_every_image_once_and_match_its_class(labels, recordings):
    train_labels, test_labels = labels
    train, valid, test = draw_pairs(labels[0], labels[1], recordings, seed=0)
    assert [len(pairs.images) for pairs in (train, valid, test)] == [55_000, 5_000, 10_000]
    assert sorted([*train.images, *valid.images]) == list(range(60_000))
    assert sorted(test.images) == list(range(10_000))
    for pairs, image_labels in ((train, train_labels), (valid, train_labels), (test, test_labels)):
        assert np.array_equal(recordings.digits[pairs.recordings], image_labels[pairs.images])


def test_each_split_has_recordings_of_its_own(labels, recordings):
    train, valid, test = draw_pairs(labels[0], labels[1], recordings, seed=0)
    used = [set(recordings.indexes[pairs.recordings]) for pairs in (train, valid, test)]
    assert used == [set(range(10, 50)), set(range(5, 10)), set(range(5))]


def test_recordings_of_a_digit_are_used_as_evenly_as_possible(labels, recordings):
    for pairs in draw_pairs(labels[0], labels[1], recordings, seed=0):
        uses = np.bincount(pairs.recordings, minlength=len(recordings.names))
        for digit in range(10):
            members = np.unique(recordings.indexes[pairs.recordings])
            uses_of_digit = uses[(recordings.digits == digit) & np.isin(recordings.indexes, members)]
            assert uses_of_digit.max() - uses_of_digit.min() <= 1


def test_seed_decides_the_pairs(labels, recordings):
    first, again, other = (draw_pairs(labels[0], labels[1], recordings, seed=seed) for seed in (0, 0, 1))
    for a, b, c in zip(first, again, other, strict=True):
        assert np.array_equal(a.images, b.images)
        assert np.array_equal(a.recordings, b.recordings)
        assert not np.array_equal(a.recordings, c.recordings)
    assert not np.array_equal(np.sort(first[1].images), np.sort(other[1].images))


def test_shapes_and_types(splits):
    for split, count in ((splits.train, 55_000), (splits.valid, 5_000), (splits.test, 10_000)):
        assert split.x1.shape == (count, 28, 28)
        assert split.x2.shape == (count, 20, 36)
        assert split.x1.dtype == split.x2.dtype == np.float32
        assert split.y.dtype == np.int64
        assert split.lengths_1 is None
        assert split.lengths_2.min() >= 1
        assert split.lengths_2.max() == 20
    assert splits.modalities == ("vision", "audio")
    assert splits.num_classes == 10
    assert splits.ceilings is None


def test_pixels_are_standardised_by_the_training_images(splits, generated_data):
    # One pixel of 784 is 255, all others are 0, so the deviation is 255·sqrt(p(1 − p)) with p = 1/784.
    share = 1 / 784
    dark, bright = -share / np.sqrt(share * (1 - share)), (1 - share) / np.sqrt(share * (1 - share))
    for split in (splits.train, splits.valid, splits.test):
        levels = np.unique(split.x1)
        np.testing.assert_allclose(levels, [dark, bright], rtol=1e-5)
    # Test images are in the order of their file.
    stored = np.frombuffer((generated_data / "mnist/t10k-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    assert np.array_equal(splits.test.x1 > 0, stored.reshape(-1, 28, 28) > 0)


def test_speech_is_standardised_by_the_training_recordings(splits):
    def statistics_of_distinct_recordings(split: Split) -> tuple[np.ndarray, np.ndarray]:
        _, rows = np.unique(split.x2[:, :, 0], axis=0, return_index=True)
        # Padding is all zeros, and no real step is.
        is_real = split.x2[rows].any(axis=2)
        steps = split.x2[rows][is_real].astype(np.float64)
        return steps.mean(axis=0), steps.var(axis=0)

    mean, variance = statistics_of_distinct_recordings(splits.train)
    # float32 values, some 5,000 of them a coefficient.
    np.testing.assert_allclose(mean, 0, atol=1e-5)
    np.testing.assert_allclose(variance, 1, atol=1e-5)
    # The contrast: other recordings, other statistics.
    assert np.abs(statistics_of_distinct_recordings(splits.test)[0]).max() > 1e-3


def test_archive_and_gzip_give_the_same_as_plain_files(splits, generated_data, tmp_path):
    (tmp_path / "mnist").mkdir()
    for name in MNIST_NAMES:
        content = (generated_data / "mnist" / name).read_bytes()
        (tmp_path / f"mnist/{name}.gz").write_bytes(gzip.compress(content, compresslevel=1))
    shutil.make_archive(
        str(tmp_path / "fsdd/recordings"), "gztar", root_dir=generated_data / "fsdd", base_dir="recordings"
    )
    packed = load(AvMnistData(), tmp_path)
    for name in ("x1", "x2", "y", "lengths_2"):
        assert np.array_equal(getattr(packed.valid, name), getattr(splits.valid, name))


def test_missing_files_are_listed_with_where_they_were_looked_for(linked_data):
    require(AvMnistData(), linked_data)
    (linked_data / "mnist/t10k-labels-idx1-ubyte").unlink()
    (linked_data / "fsdd/recordings").unlink()
    for check in (require, load):
        with pytest.raises(MissingDataError) as caught:
            check(AvMnistData(), linked_data)
        message = str(caught.value)
        for name in ("mnist/t10k-labels-idx1-ubyte", "fsdd/recordings"):
            assert re.search(f"missing  {linked_data / name} or {linked_data / name}\\.", message)
        assert f"found    {linked_data / 'mnist/train-images-idx3-ubyte'}\n" in message
        assert "https://github.com/Jakobovski/free-spoken-digit-dataset" in message
        assert "http://yann.lecun.com/exdb/mnist" in message


@pytest.mark.parametrize("check", [require, load])
def test_no_data_folder_is_a_missing_data_set(check):
    with pytest.raises(MissingDataError, match="AV-MNIST needs a data folder"):
        check(AvMnistData(), None)


def test_empty_folder_does_not_hide_the_archive(linked_data):
    (linked_data / "fsdd/recordings").unlink()
    (linked_data / "fsdd/recordings").mkdir()
    with pytest.raises(MissingDataError):
        locate_digits(linked_data)
    archive = linked_data / "fsdd/recordings.tar.gz"
    archive.touch()
    assert locate_digits(linked_data).recordings == archive


def test_unpacked_files_are_preferred(linked_data):
    for name in ("mnist/train-labels-idx1-ubyte.gz", "fsdd/recordings.tar.gz"):
        (linked_data / name).touch()
    files = locate_digits(linked_data)
    assert files.train_labels == linked_data / "mnist/train-labels-idx1-ubyte"
    assert files.recordings == linked_data / "fsdd/recordings"


def test_test_images_in_the_place_of_training_images_are_refused(linked_data):
    path = linked_data / "mnist/train-images-idx3-ubyte"
    path.unlink()
    path.symlink_to(linked_data / "mnist/t10k-images-idx3-ubyte")
    with pytest.raises(Refused, match=rf"{path}: expected .* \(60000, 28, 28\), found \(10000, 28, 28\)"):
        load(AvMnistData(), linked_data)


def test_label_that_is_no_digit_is_refused(linked_data, idx_bytes):
    path = linked_data / "mnist/t10k-labels-idx1-ubyte"
    path.unlink()
    path.write_bytes(idx_bytes(np.append(np.zeros(9_999), 17)))
    with pytest.raises(Refused, match=f"{path}: expected labels from 0 to 9, found 17"):
        load(AvMnistData(), linked_data)


def test_damaged_recording_is_refused_by_name(linked_data, generated_data):
    (linked_data / "fsdd/recordings").unlink()
    shutil.copytree(generated_data / "fsdd/recordings", linked_data / "fsdd/recordings")
    os.truncate(linked_data / "fsdd/recordings/6_ada_33.wav", 500)
    with pytest.raises(Refused, match=r"6_ada_33\.wav: expected"):
        load(AvMnistData(), linked_data)
