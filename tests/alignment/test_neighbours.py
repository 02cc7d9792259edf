"""Nearest neighbours against exact rational arithmetic: the order of ties is part of the answer."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.neighbours import cosine_neighbours


def exact_neighbours(rows: np.ndarray, k: int) -> list[set[int]]:
    """By definition, for integer rows: cosines compared as fractions, since sign(x) x² keeps their order."""

    def signed_square(i: int, j: int) -> Fraction:
        product, squared_length = int(rows[i] @ rows[j]), int(rows[j] @ rows[j])
        return Fraction(product * abs(product), squared_length) if squared_length else Fraction(0)

    others = [[j for j in range(len(rows)) if j != i] for i in range(len(rows))]
    return [set(sorted(others[i], key=lambda j, i=i: (-signed_square(i, j), j))[:k]) for i in range(len(rows))]


def as_sets(neighbours: np.ndarray) -> list[set[int]]:
    return [set(row.tolist()) for row in neighbours]


@settings(deadline=None, max_examples=60)
@given(num_rows=st.integers(2, 60), width=st.integers(1, 4), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_equal_exact_arithmetic_on_rows_full_of_ties(num_rows: int, width: int, seed: int, data: st.DataObject) -> None:
    # Few different rows: copies of a row, rows of one direction, and different directions with the same cosine.
    rows = np.random.default_rng(seed).integers(-1, 2, size=(num_rows, width))
    k = data.draw(st.integers(1, num_rows - 1))
    assert as_sets(cosine_neighbours(rows.astype(np.float64), k)) == exact_neighbours(rows, k)


def test_equal_a_full_sort_over_several_blocks() -> None:
    rows = np.random.default_rng(0).standard_normal((2500, 5))
    directions = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similarities = directions @ directions.T
    np.fill_diagonal(similarities, -np.inf)
    expected = np.argsort(-similarities, axis=1)[:, :7]
    assert (np.sort(cosine_neighbours(rows, 7), axis=1) == np.sort(expected, axis=1)).all()


def test_copies_of_a_row_come_in_the_order_of_their_indices() -> None:
    directions = np.random.default_rng(0).standard_normal((3, 17))
    rows = np.tile(directions, (700, 1))  # 2,100 rows: each has 699 others at cosine 1, in several blocks
    neighbours = np.sort(cosine_neighbours(rows, 5), axis=1)
    for row in (0, 1, 2, 1000, 2099):
        copies = [index for index in range(row % 3, 2100, 3) if index != row]
        assert neighbours[row].tolist() == copies[:5]


def test_close_neighbours_are_told_apart_and_not_taken_for_ties() -> None:
    # Cosines of these angles differ from 1 and from each other by 1e-10 at the least. Gaps halve towards the end, so
    # that the nearest row is the next one, and the last one's the row before it.
    angles = 1e-3 * (1 - 0.5 ** np.arange(7))
    rows = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    assert cosine_neighbours(rows, 1).ravel().tolist() == [1, 2, 3, 4, 5, 6, 5]


def test_every_other_row_is_a_neighbour_at_the_largest_k() -> None:
    rows = np.random.default_rng(0).standard_normal((40, 3))
    assert as_sets(cosine_neighbours(rows, 39)) == [set(range(40)) - {row} for row in range(40)]


@pytest.mark.parametrize("k", [0, -1, 5, 6])
def test_a_k_without_so_many_other_rows_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"k = {k} with n = 5"):
        cosine_neighbours(np.eye(5), k)
