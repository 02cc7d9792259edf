"""AV-MNIST as a data set."""

from dataclasses import astuple
from pathlib import Path

from trainables.config import AvMnistData
from trainables.data.adapter import Shapes
from trainables.data.avmnist.avmnist_files import locate_digits
from trainables.data.avmnist.digit_pairs import (
    MODALITIES,
    NUM_TEST_IMAGES,
    NUM_TRAIN_IMAGES,
    NUM_VALID_PAIRS,
    read_digit_pairs,
)
from trainables.data.avmnist.mfcc import NUM_COEFFICIENTS, NUM_STEPS
from trainables.data.avmnist.spoken_digits import NUM_DIGITS
from trainables.data.content import content_of_all
from trainables.data.splits import Splits


class AvMnistAdapter:
    """See `DataAdapter`."""

    has_known_shapes = True

    def load(self, config: AvMnistData, data_dir: Path | None) -> Splits:
        """See `read_digit_pairs`."""
        return read_digit_pairs(config, data_dir)

    def require(self, config: AvMnistData, data_dir: Path | None) -> None:
        """Raise MissingDataError, which lists every path looked for, where files are missing."""
        locate_digits(data_dir)

    def content(self, config: AvMnistData, data_dir: Path | None) -> str:
        """SHA-256 of the images, the labels and the recordings, as they are stored."""
        return content_of_all(astuple(locate_digits(data_dir)))

    def shapes(self, config: AvMnistData, data_dir: Path | None) -> Shapes:
        """The same for every configuration."""
        return Shapes(
            modalities=MODALITIES,
            row_1=(28, 28),
            row_2=(NUM_STEPS, NUM_COEFFICIENTS),
            num_classes=NUM_DIGITS,
            sizes=(NUM_TRAIN_IMAGES - NUM_VALID_PAIRS, NUM_VALID_PAIRS, NUM_TEST_IMAGES),
            has_lengths_2=True,
        )

    def modalities(self, config: AvMnistData, data_dir: Path | None) -> tuple[str, str]:
        """Names of modality 1 and 2."""
        return MODALITIES

    def population(self, config: AvMnistData) -> None:
        """None, as nobody knows it."""
