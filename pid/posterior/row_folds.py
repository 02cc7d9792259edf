"""Folds of rows that are held out in turn: each class evenly, or whole groups where rows belong together."""

import numpy as np


def row_folds(
    codes: np.ndarray, groups: np.ndarray | None, num_folds: int, generator: np.random.Generator
) -> np.ndarray:
    """A fold 0 … num_folds - 1 for each row [n]: `codes` [n] classes from 0, `groups` [n] from 0 or None.

    Without groups, the rows of one class are shared out evenly. With them, each group goes to one fold, the largest
    first, always to the fold that has the fewest rows.
    """
    if groups is None:
        folds = np.empty(len(codes), dtype=np.int64)
        for code in range(codes.max() + 1):
            rows = np.flatnonzero(codes == code)
            # With a random first fold, the spare rows of all classes do not all fall into fold 0.
            folds[generator.permutation(rows)] = (np.arange(len(rows)) + generator.integers(num_folds)) % num_folds
        return folds
    sizes = np.bincount(groups)
    order = generator.permutation(len(sizes))
    fold_of_group, load = np.empty(len(sizes), dtype=np.int64), np.zeros(num_folds)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of_group[group] = load.argmin()
        load[fold_of_group[group]] += sizes[group]
    return fold_of_group[groups]
