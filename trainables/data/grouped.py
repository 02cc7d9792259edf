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
    missing from (greedy). Then each part that has too few takes the smallest group of the part that has most: one is
    enough, but for the last part, on which encoders are tested, two, as one says nothing about how groups scatter.
    Raises Refused where there are not so many groups.
    """
    fewest = np.array([1] * (len(sizes) - 1) + [2])
    _, group_codes = np.unique(groups, return_inverse=True)
    _, class_codes = np.unique(labels, return_inverse=True)
    num_groups = int(group_codes.max(initial=-1)) + 1
    if num_groups < fewest.sum():
        raise Refused(
            f"expected at least {fewest.sum()} groups, one for each split and two to test on, got {num_groups}"
        )
    counts = np.zeros((num_groups, int(class_codes.max()) + 1))
    np.add.at(counts, (group_codes, class_codes), 1)
    shares = counts / counts.sum(axis=0)  # so that a rare class weighs as much as a frequent one
    missing = np.outer(np.asarray(sizes) / len(labels), np.ones(counts.shape[1]))
    order = generator.permutation(num_groups)
    part_of = np.empty(num_groups, dtype=np.int64)
    for group in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        part_of[group] = np.argmax(missing @ shares[group])
        missing[part_of[group]] -= shares[group]
    group_sizes = counts.sum(axis=1)
    while (lacking := np.flatnonzero((spare := np.bincount(part_of, minlength=len(sizes)) - fewest) < 0)).size:
        of_the_richest = order[part_of[order] == np.argmax(spare)]
        part_of[of_the_richest[np.argmin(group_sizes[of_the_richest])]] = lacking[0]
    return [np.flatnonzero(part_of[group_codes] == part) for part in range(len(sizes))]
