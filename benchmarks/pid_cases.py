"""Samples whose atoms are known: the synthetic bits by their exact table, and features by integration on a fine grid.

In each continuous case a modality tells about the label by one number alone. So the exact decomposition of a fine grid
of both numbers is that of the features, but for rounding to the grid.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import norm

from pid import Atoms, broja
from trainables.config import SyntheticData
from trainables.data.synthetic import bits_table
from trainables.data.synthetic.shared_bits import generate_bits

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]

_GRID = 120
_EXTENT = 7.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """How `num_samples` rows (x1, x2, y) are drawn by a generator, and their atoms in bits."""

    name: str
    draw: Callable[[int, np.random.Generator], Sample]
    atoms: Atoms


def synthetic(shared_bits: int, tanh_depth: int = 0) -> Case:
    """Rows of the training split; a frozen network of any depth changes no atom."""
    config = SyntheticData(shared_bits=shared_bits, tanh_depth=tanh_depth)

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        train = _training_split(config)
        rows = generator.choice(len(train.y), size=num_samples, replace=False)
        return train.x1[rows], train.x2[rows], train.y[rows]

    name = f"synthetic, R = {shared_bits}" + (f", tanh {tanh_depth}" if tanh_depth else "")
    return Case(name=name, draw=draw, atoms=broja(bits_table(config)).atoms)


@cache
def _training_split(config: SyntheticData):
    return generate_bits(config).train


def redundant(shift_1: float = 1.2, shift_2: float = 1.2, num_columns: int = 1, num_noise: int = 0) -> Case:
    """Two classes whose means are apart in both modalities, over `num_columns` columns beside columns of noise."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        y = generator.integers(0, 2, num_samples)
        features = []
        for shift in (shift_1, shift_2):
            x = generator.standard_normal((num_samples, num_columns + num_noise))
            x[:, :num_columns] += ((2 * y - 1) * shift / np.sqrt(num_columns))[:, None]
            features.append(x)
        return features[0], features[1], y

    density_1, density_2 = (_densities([-shift, shift], [1, 1]) for shift in (shift_1, shift_2))
    table = np.einsum("iy,jy->ijy", density_1, density_2) / 2
    name = f"redundant, {num_columns} of {num_columns + num_noise} columns"
    return Case(name=name, draw=draw, atoms=broja(table).atoms)


def unique(shift_1: float = 1.5, shift_2: float = 1.0) -> Case:
    """Four classes: each modality shows one of two bits of the class."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        y = generator.integers(0, 4, num_samples)
        x1, x2 = generator.standard_normal((2, num_samples, 2))
        x1[:, 0] += (2 * (y // 2) - 1) * shift_1
        x2[:, 0] += (2 * (y % 2) - 1) * shift_2
        return x1, x2, y

    density_1 = _densities([-shift_1, -shift_1, shift_1, shift_1], [1] * 4)
    density_2 = _densities([-shift_2, shift_2, -shift_2, shift_2], [1] * 4)
    return Case(
        name="unique", draw=draw, atoms=broja(np.einsum("iy,jy->ijy", density_1, density_2) / 4, tolerance=1e-5).atoms
    )


def synergistic(flipped: float = 0.1) -> Case:
    """The label says whether both modalities have one sign, but for a share of `flipped` labels."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        x1, x2 = generator.standard_normal((2, num_samples, 2))
        y = (x1[:, 0] * x2[:, 0] > 0) ^ (generator.random(num_samples) < flipped)
        return x1, x2, y.astype(np.int64)

    told = 1 + flipped * np.log2(flipped) + (1 - flipped) * np.log2(1 - flipped)
    return Case(name="synergistic", draw=draw, atoms=Atoms(redundancy=0, unique_1=0, unique_2=0, synergy=float(told)))


def nonlinear(spread: float = 3.0, shift: float = 1.0) -> Case:
    """Two classes that differ by their spread in modality 1, and by their mean in modality 2."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        y = generator.integers(0, 2, num_samples)
        x1, x2 = generator.standard_normal((2, num_samples, 2))
        x1[:, 0] *= np.where(y == 1, spread, 1)
        x2[:, 0] += (2 * y - 1) * shift
        return x1, x2, y

    density_1 = _densities([0, 0], [1, spread], extent=_EXTENT * spread / 1.5)
    table = np.einsum("iy,jy->ijy", density_1, _densities([-shift, shift], [1, 1])) / 2
    return Case(name="nonlinear", draw=draw, atoms=broja(table).atoms)


def parity(num_bits: int = 2) -> Case:
    """The parity of `num_bits` bits, shared out over both modalities beside as many that are noise."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        bits_1, bits_2 = generator.integers(0, 2, (2, num_samples, num_bits))
        half = num_bits // 2
        y = (bits_1[:, :half].sum(axis=1) + bits_2[:, : num_bits - half].sum(axis=1)) % 2
        return bits_1.astype(float), bits_2.astype(float), y

    return Case(
        name=f"parity of {num_bits} bits", draw=draw, atoms=Atoms(redundancy=0, unique_1=0, unique_2=0, synergy=1)
    )


def independent(num_classes: int, num_columns: int = 20) -> Case:
    """Labels that have nothing to do with the features."""

    def draw(num_samples: int, generator: np.random.Generator) -> Sample:
        x1, x2 = generator.standard_normal((2, num_samples, num_columns))
        return x1, x2, generator.integers(0, num_classes, num_samples)

    name = f"independent, {num_classes} classes"
    return Case(name=name, draw=draw, atoms=Atoms(redundancy=0, unique_1=0, unique_2=0, synergy=0))


def _densities(means: list[float], spreads: list[float], extent: float = _EXTENT) -> np.ndarray:
    """Probabilities [grid, num_classes] of the bins of a grid under a normal distribution for each class."""
    edges = np.linspace(-extent, extent, _GRID + 1)
    rows = np.stack([np.diff(norm.cdf(edges, mean, spread)) for mean, spread in zip(means, spreads, strict=True)], 1)
    return rows / rows.sum(axis=0)
