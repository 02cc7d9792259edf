"""Folds: each class evenly, groups whole."""

import numpy as np

from pid.posterior.row_folds import row_folds


def test_each_class_is_shared_out_evenly() -> None:
    codes = np.repeat([0, 1, 2], [50, 23, 4])
    folds = row_folds(codes, None, 5, np.random.default_rng(0))
    for code in range(3):
        counts = np.bincount(folds[codes == code], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_groups_stay_whole_and_folds_stay_even() -> None:
    groups = np.repeat(np.arange(40), np.arange(40) % 7 + 1)
    folds = row_folds(np.zeros(len(groups), dtype=int), groups, 5, np.random.default_rng(0))
    assert all(len(np.unique(folds[groups == group])) == 1 for group in range(40))
    counts = np.bincount(folds, minlength=5)
    # The largest first, always to the emptiest fold: loads differ by no more than the largest group.
    assert counts.max() - counts.min() <= 7
