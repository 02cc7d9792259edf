"""AV-MNIST from the real files of MNIST and FSDD; skipped where they are not there."""

import numpy as np
import pytest

from trainables.config import AvMnistData
from trainables.data import load
from trainables.data.splits import Split, Splits

TEST_DIGITS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
TRAIN_DIGITS = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)


@pytest.fixture
def splits(shared_data) -> Splits:
    return load(AvMnistData(), shared_data)


def distinct_recordings(split: Split) -> dict[bytes, int]:
    """The digit of each different recording."""
    return {x.tobytes(): int(y) for x, y in zip(split.x2, split.y, strict=True)}


def test_splits_share_no_recording_and_no_recording_has_two_classes(splits):
    parts = (splits.train, splits.valid, splits.test)
    used = [distinct_recordings(split) for split in parts]
    # 6 speakers, 10 digits; 40, 5 and 5 recordings of each.
    assert [len(digits) for digits in used] == [2_400, 300, 300]
    assert len(used[0].keys() | used[1].keys() | used[2].keys()) == 3_000
    for split, digits in zip(parts, used, strict=True):
        assert all(digits[x.tobytes()] == y for x, y in zip(split.x2, split.y, strict=True))


def test_images_are_mnist(splits):
    assert tuple(np.bincount(splits.test.y)) == TEST_DIGITS
    assert tuple(np.bincount(splits.train.y) + np.bincount(splits.valid.y)) == TRAIN_DIGITS
    # A twelfth of each class validates.
    np.testing.assert_allclose(np.bincount(splits.valid.y), np.array(TRAIN_DIGITS) / 12, atol=2)
    assert splits.train.x1.mean(dtype=np.float64) == pytest.approx(0, abs=1e-5)
    assert splits.train.x1.std(dtype=np.float64) == pytest.approx(1, abs=1e-5)
    # The darkest pixel, −mean/deviation, by the figures 0.1307 and 0.3081 that are in common use.
    assert splits.train.x1.min() == pytest.approx(-0.1307 / 0.3081, abs=0.002)


def test_twenty_steps_hold_most_recordings_whole(splits):
    for split in (splits.train, splits.valid, splits.test):
        assert np.mean(split.lengths_2 < 20) > 0.9


@pytest.mark.parametrize("modality", ["x1", "x2"])
def test_each_modality_tells_the_digit(splits, modality):
    def flat(split: Split, count: int) -> np.ndarray:
        return getattr(split, modality)[:count].reshape(count, -1).astype(np.float64)

    train, test = flat(splits.train, 6_000), flat(splits.test, 2_000)
    targets = np.eye(10)[splits.train.y[:6_000]]

    def ridge_accuracy(targets: np.ndarray) -> float:
        weights = np.linalg.solve(train.T @ train + 100 * np.eye(train.shape[1]), train.T @ targets)
        return float(np.mean((test @ weights).argmax(axis=1) == splits.test.y[:2_000]))

    # A linear classifier is far above chance, and at chance once the labels are shuffled.
    assert ridge_accuracy(targets) > 0.75
    assert ridge_accuracy(np.random.default_rng(0).permutation(targets)) < 0.25


def test_same_seed_same_pairs(splits, shared_data):
    again = load(AvMnistData(), shared_data)
    other = load(AvMnistData(seed=1), shared_data)
    for name in ("x1", "x2", "y", "lengths_2"):
        assert np.array_equal(getattr(splits.valid, name), getattr(again.valid, name))
    assert not np.array_equal(splits.valid.y, other.valid.y)
