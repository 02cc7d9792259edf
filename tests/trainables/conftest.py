"""A small data set of every kind of row, and trials on it that take a moment."""

import numpy as np
import pytest

from alignment import InfoNce
from trainables.config import Hyperparameters, Mlp, SyntheticData, Transformer, TrialConfig
from trainables.data import Split, Splits
from trainables.placement import PlacedSplits


def _split(draw: np.random.Generator, num_rows: int) -> Split:
    y = draw.integers(3, size=num_rows)
    centres = np.random.default_rng(0).standard_normal((3, 6))
    x2 = (centres[y][:, None, :] + draw.standard_normal((num_rows, 5, 6))).astype(np.float32)
    return Split(
        x1=(centres[y] + draw.standard_normal((num_rows, 6))).astype(np.float32),
        x2=x2,
        y=y,
        lengths_2=draw.integers(1, 6, size=num_rows),
    )


@pytest.fixture(scope="session")
def splits() -> Splits:
    """Vectors paired with padded sequences, three classes."""
    draw = np.random.default_rng(1)
    return Splits(
        train=_split(draw, 96),
        valid=_split(draw, 48),
        test=_split(draw, 48),
        modalities=("vector", "sequence"),
        num_classes=3,
    )


@pytest.fixture(scope="session")
def placed(splits: Splits) -> PlacedSplits:
    return PlacedSplits(splits)


@pytest.fixture
def trial() -> TrialConfig:
    """A trial that uses everything: dropout, projections, clipping, drawn rows."""
    return TrialConfig(
        data=SyntheticData(shared_bits=0),
        encoder_1=Mlp(width=5, depth=2),
        encoder_2=Transformer(depth=1),
        lambda_=0.5,
        hyperparameters=Hyperparameters(
            learning_rate=1e-2,
            weight_decay=1e-2,
            dropout_1=0.2,
            dropout_2=0.2,
            projection_size=4,
            projection_learning_rate=5e-3,
            projection_weight_decay=0.0,
        ),
        objective=InfoNce(),
        max_epochs=4,
        batch_size=16,
        train_samples=64,
        replicas=(0, 1, 2),
    )
