import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data.stratified import stratified_split


@given(data=st.data(), class_counts=st.lists(st.integers(0, 60), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_parts_have_exact_sizes_and_each_class_its_share(data, class_counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(class_counts)), class_counts))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(labels)), min_size=2, max_size=2)))
    sizes = np.diff([0, *cuts, len(labels)]).tolist()

    parts = stratified_split(labels, sizes, np.random.default_rng(seed))

    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate(parts)) == list(range(len(labels)))
    for number, part in enumerate(parts, start=1):
        exact_shares = np.array(class_counts) * len(part) / max(len(labels), 1)
        counts = np.bincount(labels[part], minlength=len(class_counts))
        assert np.all(np.abs(counts - exact_shares) < number + 1e-9)


def test_every_row_is_as_likely_as_any_other():
    labels = np.repeat(np.arange(4), [4, 8, 12, 16])
    generator = np.random.default_rng(0)
    num_draws = 2_000
    counts = np.zeros(len(labels))
    for _ in range(num_draws):
        counts[stratified_split(labels, (10, 30), generator)[0]] += 1
    # Five binomial standard deviations, in 40 rows.
    assert np.abs(counts / num_draws - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / num_draws)


def test_same_seed_same_parts_and_another_seed_others():
    labels = np.arange(100) % 3
    first, again, other = (stratified_split(labels, (60, 40), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(np.sort(first[0]), np.sort(other[0]))


def test_parts_are_in_random_order_rather_than_by_class():
    labels = np.repeat([0, 1], 500)
    part, _ = stratified_split(labels, (400, 600), np.random.default_rng(0))
    # Of 100 rows of 400 that hold 200 of each class; hypergeometric standard deviation 4.3.
    assert 28 < labels[part[:100]].sum() < 72


@pytest.mark.parametrize("sizes", [(), (5,), (5, 6), (-1, 11)])
def test_sizes_that_do_not_divide_the_rows_are_refused(sizes):
    with pytest.raises(ValueError, match="sum to the 10 rows"):
        stratified_split(np.zeros(10, dtype=int), sizes, np.random.default_rng(0))
