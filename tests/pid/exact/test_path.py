"""Starting near the path of a similar table: the same optimum, in fewer steps where the tables are near."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.exact import BrojaResult, broja
from pid.exact.path import Path, Unknowns

# What each of two results may be off by, at the default tolerance.
TWO_GAPS = 2e-6


def union(result: BrojaResult) -> float:
    return result.atoms.redundancy + result.atoms.unique_1 + result.atoms.unique_2


def counts(shape: tuple[int, int, int], num_rows: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.multinomial(num_rows, draw.dirichlet(np.ones(np.prod(shape)))).reshape(shape)


def resampled(table: np.ndarray, seed: int) -> np.ndarray:
    shares = table.ravel() / table.sum()
    return np.random.default_rng(seed).multinomial(table.sum(), shares).reshape(table.shape)


@settings(deadline=None, max_examples=40)
@given(
    shape=st.tuples(st.integers(2, 7), st.integers(2, 7), st.integers(2, 4)),
    num_rows=st.integers(10, 100_000),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_optimum_is_the_same(shape: tuple[int, int, int], num_rows: int, seed: int) -> None:
    # Few rows leave out values, so that the longer axis need not be the same one.
    table = counts(shape, num_rows, seed)
    draw = resampled(table, seed + 1)
    near, alone = broja(draw, near=broja(table)), broja(draw)
    assert near.gap_bits <= 1e-6
    assert union(near) == pytest.approx(union(alone), abs=TWO_GAPS)
    np.testing.assert_allclose(near.joint.sum(axis=1), draw.sum(axis=1) / draw.sum(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(near.joint.sum(axis=0), draw.sum(axis=0) / draw.sum(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", [(8, 6, 3), (6, 8, 3)])
def test_the_nearer_the_tables_the_fewer_the_steps(shape: tuple[int, int, int]) -> None:
    totals = {}
    for num_rows in (200, 20_000, 2_000_000):
        table = counts(shape, num_rows, seed=0)
        result = broja(table)
        draws = [resampled(table, seed) for seed in range(1, 9)]
        alone = sum(broja(draw).iterations for draw in draws)
        totals[num_rows] = sum(broja(draw, near=result).iterations for draw in draws) / alone
    assert totals[2_000_000] < 0.7
    assert totals[2_000_000] < totals[20_000] < 1
    # The table itself is at its optimum already, and a chain of results serves as well as the first.
    assert broja(table, near=result).iterations <= 1
    assert broja(table, near=broja(draws[0], near=result)).iterations < broja(table).iterations


def test_a_table_that_has_what_the_other_has_not_starts_from_its_own() -> None:
    table = counts((5, 4, 3), 10_000, seed=0)
    for lacking in (np.s_[2, :, :], np.s_[:, 1, :], np.s_[:, :, 0], np.s_[2, :, 0]):
        other = table.copy()
        other[lacking] = 0
        assert broja(table, near=broja(other)).iterations == broja(table).iterations
        # The other way round it is a part of a path that is joined, or not, and leads to the same.
        assert union(broja(other, near=broja(table))) == pytest.approx(union(broja(other)), abs=TWO_GAPS)


def path_of(gaps: list[float], margins: np.ndarray) -> Path:
    """A path for two pairs whose every step lowers l by 1, raises m by 2, halves s, and has these sums of w·s."""
    points = [
        Unknowns(
            np.full((2, 2), -1.0 * step),
            np.full((1, 2), 2.0 * step),
            np.full((2, 1), gap / 2 * 2.0**step),
            np.full((2, 1), 0.5**step),
        )
        for step, gap in enumerate(gaps)
    ]
    return Path(margin_1=margins, margin_2=margins.sum(axis=0)[None], points=tuple(points))


@pytest.mark.parametrize(("first", "steps"), [(0.25, 3), (0.26, 2), (0.3, 1), (0.4, 0)])
def test_the_path_is_joined_where_its_gap_is_as_large_as_the_distance_of_the_margins(first: float, steps: int) -> None:
    path = path_of([0.2, 0.1, 1e-3, 1e-9], np.full((2, 2), 0.25))
    margin = np.array([[first, 0.5 - first], [0.25, 0.25]])
    # From (1/4, 1/4, 1/4, 1/4) and (1/2, 1/2) in nats: 0 and 0; .0004 and .0002; .010 and .005; .096 and .046.
    own = Unknowns(np.zeros((2, 2)), np.zeros((1, 2)), np.full((2, 1), 3.0), np.full((2, 1), 5.0))
    joined = path.joined(own, margin, margin.sum(axis=0)[None])
    factor = path.points[steps].mass[0, 0] / path.points[0].mass[0, 0]
    np.testing.assert_array_equal(joined.multiplier_1, np.full((2, 2), -1.0 * steps))
    np.testing.assert_array_equal(joined.multiplier_2, np.full((1, 2), 2.0 * steps))
    np.testing.assert_allclose(joined.mass, np.full((2, 1), 3.0 * factor))
    np.testing.assert_allclose(joined.slack, np.full((2, 1), 5.0 * 0.5**steps))
