"""Random rows of a data set's shapes, to measure what training on it costs before its files are there."""

from dataclasses import dataclass

import numpy as np

from trainables.config import AvMnistData, DataConfig, SyntheticData
from trainables.data import avmnist, mfcc, spoken_digits, synthetic
from trainables.data.splits import Split, Splits


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """What is known of a data set without its files: modalities, the shape of a row of each, classes, split sizes.

    `has_lengths_2`: the sequences of modality 2 differ in length.
    """

    modalities: tuple[str, str]
    row_1: tuple[int, ...]
    row_2: tuple[int, ...]
    num_classes: int
    sizes: tuple[int, int, int]
    has_lengths_2: bool = False


def shapes(config: DataConfig) -> Shapes:
    """Shapes of the data set that `config` names, known without its files."""
    if isinstance(config, SyntheticData):
        width = synthetic.NUM_SHARED + synthetic.NUM_UNIQUE
        return Shapes(
            modalities=synthetic.MODALITIES,
            row_1=(width,),
            row_2=(width,),
            num_classes=synthetic.NUM_CLASSES,
            sizes=synthetic.SPLIT_SIZES,
        )
    if isinstance(config, AvMnistData):
        num_train = avmnist.NUM_TRAIN_IMAGES - avmnist.NUM_VALID_PAIRS
        return Shapes(
            modalities=avmnist.MODALITIES,
            row_1=(28, 28),
            row_2=(mfcc.NUM_STEPS, mfcc.NUM_COEFFICIENTS),
            num_classes=spoken_digits.NUM_DIGITS,
            sizes=(num_train, avmnist.NUM_VALID_PAIRS, avmnist.NUM_TEST_IMAGES),
            has_lengths_2=True,
        )
    raise ValueError(f"expected a data configuration (SyntheticData, AvMnistData), got {config!r}")


def stand_in(config: DataConfig, num_rows: int) -> Splits:
    """Splits of `num_rows` random rows each, in the shapes of the data set; their labels mean nothing."""
    known = shapes(config)
    draw = np.random.default_rng(0)

    def split() -> Split:
        return Split(
            x1=draw.standard_normal((num_rows, *known.row_1), dtype=np.float32),
            x2=draw.standard_normal((num_rows, *known.row_2), dtype=np.float32),
            y=draw.integers(known.num_classes, size=num_rows),
            lengths_2=np.full(num_rows, known.row_2[0]) if known.has_lengths_2 else None,
        )

    return Splits(
        train=split(), valid=split(), test=split(), modalities=known.modalities, num_classes=known.num_classes
    )
