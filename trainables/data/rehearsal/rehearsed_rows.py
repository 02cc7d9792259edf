"""A stand-in for a data set that is not there: generated rows of its shapes, whose information is known exactly.

Each row shows a class to either modality. In half of the rows both show the label, in three tenths the first alone, in
a tenth the second alone, in a tenth none; what does not show the label shows a class at random. A class is a direction
of the features, added to each step of white noise, so that an encoder can learn it.
"""

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np

from trainables.config import RehearsalData
from trainables.data.adapter import Shapes
from trainables.data.mapped_cache import mapped_arrays
from trainables.data.population import exact_figures
from trainables.data.splits import REGRESSION, SPLIT_NAMES, Split, Splits
from trainables.data.standardisation import row_slices
from trainables.randomness import generator

FORMAT_VERSION = 1
SHARES = (0.5, 0.3, 0.1, 0.1)  # of rows that show the label in both modalities, the first, the second, none
SIGNAL = 0.5  # length of a class's direction in each feature, where the noise has 1
LARGEST_VALUE = 3.0
NEUTRAL_SHARE = 0.2  # of the values that are not above 0, as a rehearsed regression has them


def generate_rows(config: RehearsalData, known: Shapes) -> Splits:
    """Rows of the shapes `known`, the original's; generated once, then mapped from the user's cache folder.

    `Splits.ceilings` and `Splits.population` are those of the classes that the modalities show. A regression's values
    lie in (0, 3] for the positive class, else in [−3, 0], a fifth of them 0.
    """
    parts = ["x1", "x2", "y", *_length_parts(known)]
    digest = hashlib.sha256(repr(config).encode()).hexdigest()
    arrays = mapped_arrays(
        f"rehearsal-{FORMAT_VERSION}-{digest}",
        lambda: _generated(config, known),
        [f"{split}-{part}" for split in SPLIT_NAMES for part in parts],
    )
    train, valid, test = (_split(arrays, name) for name in SPLIT_NAMES)
    ceilings, population = exact_figures(shown_classes_table(known.num_classes))
    return Splits(
        train=train,
        valid=valid,
        test=test,
        modalities=known.modalities,
        num_classes=known.num_classes,
        task=known.task,
        ceilings=ceilings,
        population=population,
    )


def shown_classes_table(num_classes: int) -> np.ndarray:
    """Exact joint distribution of the class that each modality shows and of the label, float64 [c, c, c]."""
    shown, anything = np.eye(num_classes), np.full((num_classes, num_classes), 1 / num_classes)  # (code, label)
    kinds = ((shown, shown), (shown, anything), (anything, shown), (anything, anything))  # in the order of the shares
    tables = [np.einsum("iy,jy->ijy", first, second) for first, second in kinds]
    return np.tensordot(SHARES, tables, axes=1) / num_classes


def _split(arrays: Mapping[str, np.ndarray], name: str) -> Split:
    return Split(
        x1=arrays[f"{name}-x1"],
        x2=arrays[f"{name}-x2"],
        y=arrays[f"{name}-y"],
        lengths_1=arrays.get(f"{name}-lengths_1"),
        lengths_2=arrays.get(f"{name}-lengths_2"),
    )


def _length_parts(known: Shapes) -> list[str]:
    has_lengths = {"lengths_1": known.has_lengths_1, "lengths_2": known.has_lengths_2}
    return [name for name, has in has_lengths.items() if has]


def _generated(config: RehearsalData, known: Shapes) -> Iterator[tuple[str, np.ndarray]]:
    """All arrays of the three splits, one after another."""
    for split, num_rows in zip(SPLIT_NAMES, known.sizes, strict=True):
        draw = generator(config.seed, "rehearsal", split, "labels")
        classes = draw.integers(known.num_classes, size=num_rows)
        shows = draw.choice(len(SHARES), size=num_rows, p=SHARES)
        yield f"{split}-y", _values(classes, draw) if known.task == REGRESSION else classes
        described = ((known.row_1, known.has_lengths_1, (0, 1)), (known.row_2, known.has_lengths_2, (0, 2)))
        for number, (row_shape, has_lengths, showing) in enumerate(described, start=1):
            codes = np.where(np.isin(shows, showing), classes, draw.integers(known.num_classes, size=num_rows))
            of_classes = generator(config.seed, "rehearsal", "directions", number)
            shape = (known.num_classes, *(row_shape[1:] if has_lengths else row_shape))
            directions = of_classes.standard_normal(shape, dtype=np.float32)
            lengths = None
            if has_lengths:
                lengths = draw.integers(1, row_shape[0] + 1, size=num_rows)
                yield f"{split}-lengths_{number}", lengths
            features = generator(config.seed, "rehearsal", split, "features", number)
            yield f"{split}-x{number}", _features(codes, directions, row_shape, lengths, features)


def _features(
    codes: np.ndarray,
    directions: np.ndarray,
    row_shape: tuple[int, ...],
    lengths: np.ndarray | None,
    draw: np.random.Generator,
) -> np.ndarray:
    """Float32 [n, *row_shape]: white noise, the direction of the row's class in each step, and padding of 0."""
    values = np.empty((len(codes), *row_shape), dtype=np.float32)
    for rows in row_slices(len(codes)):  # a few at a time, since a large set should not be held twice
        values[rows] = draw.standard_normal((len(codes[rows]), *row_shape), dtype=np.float32)
        signal = SIGNAL * directions[codes[rows]]
        values[rows] += signal if lengths is None else signal[:, None]
        if lengths is not None:
            values[rows][np.arange(row_shape[0]) >= lengths[rows, None]] = 0
    return values


def _values(classes: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Float32 values whose sign is the class."""
    sizes = LARGEST_VALUE * (1 - draw.random(len(classes)))  # above 0, at most the largest
    sizes[(classes == 0) & (draw.random(len(classes)) < NEUTRAL_SHARE)] = 0
    return np.where(classes == 1, sizes, -sizes).astype(np.float32)
