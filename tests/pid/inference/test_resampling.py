"""Permutations and resamples: what stays together, how often it comes, and that rows stay whole."""

import numpy as np

from pid.inference import Sample, halved, permuted_labels, resampled, rows_in_place_of, sample_of


def test_groups_stay_together_in_every_draw() -> None:
    sizes = np.array([1, 3, 2, 4, 1, 5, 2, 2, 3, 1])
    groups = np.repeat(np.arange(10), sizes)
    sample = sample_of(groups, np.arange(24), groups % 2, groups)
    generator = np.random.default_rng(0)
    for _ in range(20):
        labels = permuted_labels(sample, generator)
        of_groups = [set(part) for part in np.split(labels.y, sample.starts[1:-1])]
        assert [len(found) for found in of_groups] == [1] * 10  # as each group has one label in the sample
        assert sum(found == {1} for found in of_groups) == 5
        np.testing.assert_array_equal(labels.x2, sample.x2)
        for draw, repeats in ((resampled, True), (halved, False)):
            taken = draw(sample, generator)
            times = np.bincount(taken.x1, minlength=10) / sizes
            assert (times == times.round()).all()
            assert times.sum() == (10 if repeats else 5)
            np.testing.assert_array_equal(np.diff(taken.starts), sizes[taken.x1[taken.starts[:-1]]])
            assert repeats or times.max() == 1


def test_labels_of_another_group_are_repeated_or_cut() -> None:
    starts = np.array([0, 2, 5, 6])
    rows = rows_in_place_of(starts, np.array([1, 2, 0]))
    np.testing.assert_array_equal(rows, [2, 3, 5, 5, 5, 0])  # by hand


def test_draws_of_single_rows_are_the_permutation_the_bootstrap_and_the_half() -> None:
    sample = sample_of(np.arange(50), np.arange(50), np.arange(50) % 5)
    generator = np.random.default_rng(0)
    assert (permuted_labels(sample, generator).y != sample.y).any()
    assert len(resampled(sample, generator).y) == 50
    assert len(set(resampled(sample, generator).x1)) < 50
    half = halved(sample, generator)
    assert len(set(half.x1)) == len(half.x1) == 25
    assert isinstance(half, Sample)
    np.testing.assert_array_equal(half.y, half.x1 % 5)  # rows stay whole
