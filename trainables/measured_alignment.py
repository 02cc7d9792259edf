"""Alignment of the two encoders of each replica, with what each measure gives by chance."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
from torch import Tensor

from alignment import (
    MeasuredSimilarity,
    debiased_cka_with_chance,
    linear_cka_with_chance,
    mutual_knn_with_chance,
    svcca_with_chance,
)
from trainables.config import TrialConfig
from trainables.measured_rows import num_neighbours
from trainables.randomness import generator

ALIGNMENT_METRICS: dict[str, Callable[[Tensor, Tensor, np.random.Generator], MeasuredSimilarity]] = {
    "cka": lambda a, b, draw: linear_cka_with_chance(a, b),
    "debiased_cka": lambda a, b, draw: debiased_cka_with_chance(a, b),
    "svcca": svcca_with_chance,
    "mutual_knn": lambda a, b, draw: mutual_knn_with_chance(a, b, draw, k=num_neighbours(len(a))),
}

# By the field of `MeasuredSimilarity`: what stands before the metric in a recorded name.
_FOLDERS = {"value": "", "chance": "chance/", "chance_high": "chance_high/"}


def measured_places(config: TrialConfig) -> list[int]:
    """Places in `config.replicas` of those whose alignment is measured: numbers below `config.measured_replicas`."""
    return [place for place, replica in enumerate(config.replicas) if replica < config.measured_replicas]


def measure_alignment(prefix: str, config: TrialConfig, first: Tensor, second: Tensor) -> dict[str, np.ndarray]:
    """Metrics [M] by name between representations [M, n, d] of the replicas at `measured_places`.

    `<prefix>/<metric>` is the value, `<prefix>/chance/<metric>` its mean over permutations of the rows, and
    `<prefix>/chance_high/<metric>` its 95 % point there. NaN where a replica's representations are not finite.
    """
    found: dict[str, list[float]] = {}
    replicas = [config.replicas[place] for place in measured_places(config)]
    for replica, a, b in zip(replicas, first, second, strict=True):
        is_finite = bool(a.isfinite().all() and b.isfinite().all())
        for metric, measure in ALIGNMENT_METRICS.items():
            name = f"{prefix}/{metric}"
            draw = generator(config.seed, config.stream, replica, "chance", name)
            figures = asdict(measure(a, b, draw)) if is_finite else dict.fromkeys(_FOLDERS, np.nan)
            for figure, folder in _FOLDERS.items():
                found.setdefault(f"{prefix}/{folder}{metric}", []).append(figures[figure])
    return {name: np.array(values) for name, values in found.items()}
