import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.config import Refused
from trainables.data.grouped import grouped_split


@settings(deadline=None, max_examples=50)
@given(num_groups=st.integers(4, 40), seed=st.integers(0, 99))
def test_every_row_is_in_one_part_and_no_group_in_two(num_groups, seed):
    draw = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(num_groups), draw.integers(num_groups, size=200)])
    labels = draw.integers(3, size=len(groups))
    sizes = (len(groups) - 60, 30, 30)
    parts = grouped_split(labels, groups, sizes, np.random.default_rng(seed))
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))
    members = [set(groups[part].tolist()) for part in parts]
    assert sum(map(len, members)) == num_groups
    assert len(members[2]) >= 2


def test_many_small_groups_meet_sizes_and_proportions():
    draw = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 5)
    labels = (draw.random(1_000) < 0.3).astype(int)
    parts = grouped_split(labels, groups, (700, 150, 150), draw)
    # The last groups of five fill what is missing, so no part is further off than a group.
    np.testing.assert_allclose([len(part) for part in parts], [700, 150, 150], atol=5)
    np.testing.assert_allclose([labels[part].mean() for part in parts], labels.mean(), atol=0.03)


def test_the_largest_group_is_for_training():
    groups = np.repeat([0, 1, 2, 3], [70, 10, 10, 10])
    train, valid, test = grouped_split(np.zeros(100, dtype=int), groups, (70, 15, 15), np.random.default_rng(0))
    assert set(groups[train]) == {0}
    assert len(valid) + len(test) == 30
    assert len(valid) in (10, 20)


def test_the_seed_draws_which_of_equal_groups_go_where():
    labels, groups = np.zeros(60, dtype=int), np.repeat(np.arange(20), 3)
    first, again, other = (grouped_split(labels, groups, (40, 10, 10), np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, other))


@pytest.mark.parametrize("num_groups", [4, 5, 6, 8, 10])
def test_few_large_groups_are_two_at_least_to_test_on(num_groups):
    """A test split of 15 % has room for one of them or none."""
    groups = np.repeat(np.arange(num_groups), 100)
    sizes = [round(share * len(groups)) for share in (0.7, 0.15, 0.15)]
    parts = grouped_split(np.zeros(len(groups), dtype=int), groups, sizes, np.random.default_rng(0))
    assert [len(np.unique(groups[part])) >= fewest for part, fewest in zip(parts, (1, 1, 2), strict=True)] == [True] * 3
    assert sorted(np.concatenate(parts)) == list(range(len(groups)))


def test_too_few_groups_are_refused():
    with pytest.raises(Refused, match="at least 4 groups, one for each split and two to test on, got 3"):
        grouped_split(np.zeros(9, dtype=int), np.arange(9) % 3, (7, 1, 1), np.random.default_rng(0))
