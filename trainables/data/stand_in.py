"""Random rows of a data set's shapes, to measure what training on it costs before its files are there."""

from pathlib import Path

import numpy as np

from trainables.config import DataConfig
from trainables.data import shapes
from trainables.data.adapter import Shapes
from trainables.data.splits import REGRESSION, Split, Splits


def stand_in(config: DataConfig, num_rows: int, data_dir: Path | None = None) -> Splits:
    """Splits of `num_rows` random rows each, in the shapes of the data set; their labels mean nothing."""
    return stand_in_rows(shapes(config, data_dir), num_rows)


def stand_in_rows(known: Shapes, num_rows: int) -> Splits:
    """Splits of `num_rows` random rows each, in the shapes `known`; their labels mean nothing."""
    draw = np.random.default_rng(0)

    def split() -> Split:
        return Split(
            x1=draw.standard_normal((num_rows, *known.row_1), dtype=np.float32),
            x2=draw.standard_normal((num_rows, *known.row_2), dtype=np.float32),
            y=(
                draw.standard_normal(num_rows, dtype=np.float32)
                if known.task == REGRESSION
                else draw.integers(known.num_classes, size=num_rows)
            ),
            lengths_1=np.full(num_rows, known.row_1[0]) if known.has_lengths_1 else None,
            lengths_2=np.full(num_rows, known.row_2[0]) if known.has_lengths_2 else None,
        )

    return Splits(
        train=split(),
        valid=split(),
        test=split(),
        modalities=known.modalities,
        num_classes=known.num_classes,
        task=known.task,
    )
