"""Dividing rows into parts that each hold the classes in the same proportions."""

from collections.abc import Sequence

import numpy as np


def stratified_split(labels: np.ndarray, sizes: Sequence[int], generator: np.random.Generator) -> list[np.ndarray]:
    """Divide the rows at random into parts of exactly `sizes` rows, stratified by label.

    `labels` int [n]. Returns one int64 array of row numbers a part, in random order. The rows, shuffled and
    then ordered by label, are dealt out at even distances (systematic sampling): part k holds a number of
    each class that is within k of its exact share, and the sizes are met exactly. Raises ValueError where the
    sizes do not sum to n.
    """
    if min(sizes, default=-1) < 0 or sum(sizes) != len(labels):
        raise ValueError(f"sizes must be at least 0 and sum to the {len(labels)} rows, got {tuple(sizes)}")
    shuffled = generator.permutation(len(labels))
    remaining = shuffled[np.argsort(labels[shuffled], kind="stable")]
    parts = []
    for size in sizes:
        share = np.arange(len(remaining) + 1) * size // max(len(remaining), 1)
        chosen = np.diff(share) == 1
        parts.append(generator.permutation(remaining[chosen]))
        remaining = remaining[~chosen]
    return parts
