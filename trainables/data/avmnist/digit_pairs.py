"""AV-MNIST: MNIST digits paired with spoken digits of the same class, from the raw files of MNIST and FSDD.

Looked for below the data folder: `mnist/` with MNIST's four IDX files, packed by gzip or not, and `fsdd/`
with FSDD's folder `recordings/`, or else with `recordings.tar.gz`.

55,000 training and 5,000 validation pairs take MNIST's training images, 10,000 test pairs its test images. No
recording is shared between splits: FSDD's official test recordings, indexes 0-4 of each speaker and digit,
are for the test, 5-9 for validation, all others for training.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.config import AvMnistData, Refused
from trainables.data.avmnist.avmnist_files import AvMnistFiles, locate_digits
from trainables.data.avmnist.idx import read_idx
from trainables.data.avmnist.mfcc import speech_features, standardised
from trainables.data.avmnist.spoken_digits import NUM_DIGITS, Recordings, read_recordings
from trainables.data.splits import Split, Splits
from trainables.data.stratified import stratified_split
from trainables.randomness import generator

MODALITIES = ("vision", "audio")
NUM_TRAIN_IMAGES = 60_000
NUM_TEST_IMAGES = 10_000
NUM_VALID_PAIRS = 5_000
FIRST_VALID_INDEX = 5
FIRST_TRAIN_INDEX = 10


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs of one split: row numbers of its images and of its recordings, int64 [n] each."""

    images: np.ndarray
    recordings: np.ndarray


@dataclass(frozen=True, kw_only=True)
class _Digits:
    """MNIST as stored: images uint8 [n, 28, 28], labels int64 [n]."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_digit_pairs(config: AvMnistData, data_dir: Path | None) -> Splits:
    """Read, pair and standardise; `config.seed` draws the validation images and the pairs.

    `x1` is [n, 28, 28], `x2` [n, 20, 36] with `lengths_2`. Pixels are standardised by the mean and the
    deviation of all pixels of the training images, MFCC each by those of the training recordings' real steps.
    Raises MissingDataError where files are missing, and Refused, naming the file, where one is damaged.
    """
    files = locate_digits(data_dir)
    digits = _read_digits(files)
    recordings = read_recordings(files.recordings)
    speech = standardised(speech_features(recordings), recordings.indexes >= FIRST_TRAIN_INDEX)
    train, valid, test = draw_pairs(digits.train_labels, digits.test_labels, recordings, config.seed)
    mean, deviation = _pixel_statistics(digits.train_images[train.images])

    def split(pairs: Pairs, images: np.ndarray, labels: np.ndarray) -> Split:
        x1 = images[pairs.images].astype(np.float32)
        x1 -= mean
        x1 /= deviation
        return Split(
            x1=x1,
            x2=speech.values[pairs.recordings],
            y=labels[pairs.images],
            lengths_2=speech.lengths[pairs.recordings],
        )

    return Splits(
        train=split(train, digits.train_images, digits.train_labels),
        valid=split(valid, digits.train_images, digits.train_labels),
        test=split(test, digits.test_images, digits.test_labels),
        modalities=MODALITIES,
        num_classes=NUM_DIGITS,
    )


def draw_pairs(
    train_labels: np.ndarray, test_labels: np.ndarray, recordings: Recordings, seed: int
) -> tuple[Pairs, Pairs, Pairs]:
    """Training, validation and test pairs: every image once, with a recording of its digit and of its split.

    `train_labels`, `test_labels` int64 [n]. The validation images are a stratified draw of 5,000 from the
    training images. The recordings of a digit are dealt out in shuffled rounds, so each is used as often as
    any other, or once more.
    """
    sizes = (len(train_labels) - NUM_VALID_PAIRS, NUM_VALID_PAIRS)
    train_images, valid_images = stratified_split(train_labels, sizes, generator(seed, "avmnist", "images"))
    is_train = recordings.indexes >= FIRST_TRAIN_INDEX
    is_test = recordings.indexes < FIRST_VALID_INDEX

    def pair(name: str, images: np.ndarray, labels: np.ndarray, members: np.ndarray) -> Pairs:
        draw = generator(seed, "avmnist", "pairs", name)
        partners = np.empty(len(images), dtype=np.int64)
        for digit in range(NUM_DIGITS):
            rows = np.flatnonzero(labels[images] == digit)
            candidates = np.flatnonzero(members & (recordings.digits == digit))
            num_rounds = len(rows) // len(candidates) + 1
            rounds = [draw.permutation(candidates) for _ in range(num_rounds)]
            partners[rows] = np.concatenate(rounds)[: len(rows)]
        return Pairs(images=images, recordings=partners)

    return (
        pair("train", train_images, train_labels, is_train),
        pair("valid", valid_images, train_labels, ~is_train & ~is_test),
        pair("test", np.arange(len(test_labels)), test_labels, is_test),
    )


def _read_digits(files: AvMnistFiles) -> _Digits:
    return _Digits(
        train_images=read_idx(files.train_images, (NUM_TRAIN_IMAGES, 28, 28)),
        train_labels=_read_labels(files.train_labels, NUM_TRAIN_IMAGES),
        test_images=read_idx(files.test_images, (NUM_TEST_IMAGES, 28, 28)),
        test_labels=_read_labels(files.test_labels, NUM_TEST_IMAGES),
    )


def _read_labels(path: Path, num_labels: int) -> np.ndarray:
    labels = read_idx(path, (num_labels,)).astype(np.int64)
    if labels.max() >= NUM_DIGITS:
        raise Refused(f"{path}: expected labels from 0 to {NUM_DIGITS - 1}, found {labels.max()}")
    return labels


def _pixel_statistics(images: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation over all pixels of all images, uint8 [n, 28, 28]."""
    mean = float(images.mean())
    # Squares of bytes fit 16 bits, a quarter of the memory that a float64 copy of the images would take.
    mean_square = float(np.square(images, dtype=np.uint16).mean())
    return mean, math.sqrt(mean_square - mean**2)
