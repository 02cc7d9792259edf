"""Dividing rows into parts so that no group, a speaker or a video, is in two of them."""

from collections.abc import Sequence

import numpy as np

from trainables.config import Refused


def grouped_split(
    labels: np.ndarray, groups: np.ndarray, sizes: Sequence[int], generator: np.random.Generator
) -> list[np.ndarray]:
    """Divide the rows into parts of about `sizes` rows, groups kept whole and classes in about the same proportions.

    `labels` int [n], `groups` [n] of anything that can be compared. Returns one int64 array of row numbers a part, in
    increasing order. Groups go by decreasing size, equal ones at random, each to the part that its classes are most
    missing from (greedy). Raises Refused where there are fewer groups than parts.
    """
    _, group_codes = np.unique(groups, return_inverse=True)
    _, class_codes = np.unique(labels, return_inverse=True)
    num_groups = int(group_codes.max(initial=-1)) + 1
    if num_groups < len(sizes):
        raise Refused(f"expected at least {len(sizes)} groups, one for each split, got {num_groups}")
    counts = np.zeros((num_groups, int(class_codes.max()) + 1))
    np.add.at(counts, (group_codes, class_codes), 1)
    shares = counts / counts.sum(axis=0)  # so that a rare class weighs as much as a frequent one
    missing = np.outer(np.asarray(sizes) / len(labels), np.ones(counts.shape[1]))
    order = generator.permutation(num_groups)
    part_of = np.empty(num_groups, dtype=np.int64)
    for group in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        part_of[group] = np.argmax(missing @ shares[group])
        missing[part_of[group]] -= shares[group]
    return [np.flatnonzero(part_of[group_codes] == part) for part in range(len(sizes))]
