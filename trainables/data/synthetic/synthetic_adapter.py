"""The synthetic bits as a data set: all of it is known from the configuration."""

from pathlib import Path

import numpy as np

from trainables.config import SyntheticData
from trainables.data.adapter import Shapes
from trainables.data.splits import Splits
from trainables.data.synthetic.shared_bits import (
    MODALITIES,
    NUM_CLASSES,
    NUM_SHARED,
    NUM_UNIQUE,
    SPLIT_SIZES,
    bits_table,
    generate_bits,
)


class SyntheticAdapter:
    """See `DataAdapter`; there are no files."""

    has_known_shapes = True

    def load(self, config: SyntheticData, data_dir: Path | None) -> Splits:
        """The rows; the folder is not looked at."""
        return generate_bits(config)

    def require(self, config: SyntheticData, data_dir: Path | None) -> None:
        """Nothing is required."""

    def content(self, config: SyntheticData, data_dir: Path | None) -> None:
        """None, as the rows are generated."""

    def shapes(self, config: SyntheticData, data_dir: Path | None) -> Shapes:
        """The same for every configuration."""
        width = NUM_SHARED + NUM_UNIQUE
        return Shapes(modalities=MODALITIES, row_1=(width,), row_2=(width,), num_classes=NUM_CLASSES, sizes=SPLIT_SIZES)

    def modalities(self, config: SyntheticData, data_dir: Path | None) -> tuple[str, str]:
        """Names of modality 1 and 2."""
        return MODALITIES

    def population(self, config: SyntheticData) -> np.ndarray:
        """See `bits_table`."""
        return bits_table(config)
