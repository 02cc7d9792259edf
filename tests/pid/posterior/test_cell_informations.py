"""Informations of cells: exact where posteriors are, and first-order parts that say how they would change."""

import numpy as np
import pytest

from pid.distributions import named_distributions
from pid.exact import broja, union_prices
from pid.joint_tables import mutual_information
from pid.posterior.cell_informations import cell_informations, chance_bits


@pytest.mark.parametrize("name", ["AND", "SUM", "RDN", "COPY"])
def test_true_posteriors_give_the_atoms_of_the_table(name: str) -> None:
    known = named_distributions()[name]
    table = known.table
    places = np.random.default_rng(0).choice(table.size, size=4000, p=table.ravel())
    x1, x2, codes = np.unravel_index(places, table.shape)
    joint = table / table.sum()
    with np.errstate(divide="ignore"):
        logs = [
            np.log(margin / margin.sum(axis=-1, keepdims=True) + 1e-9)
            for margin in (joint.sum(axis=1), joint.sum(axis=0), np.where(joint > 0, joint, 1e-12))
        ]
    found = cell_informations([logs[0][x1], logs[1][x2], logs[2][x1, x2]], codes, None, seed=0)
    atoms = known.atoms
    expected = [atoms.information_1, atoms.information_2, atoms.total - atoms.synergy, atoms.total]
    # Frequencies of 4,000 rows are off by 1/√4000 ≈ 0.016.
    assert found.values == pytest.approx(expected, abs=0.05)
    assert found.of_rows.mean(axis=0) == pytest.approx(found.values, abs=0.02)


def test_prices_are_the_slope_of_the_union_information() -> None:
    draw = np.random.default_rng(3)
    table = draw.dirichlet(np.ones(4 * 5 * 3)).reshape(4, 5, 3)
    change = draw.dirichlet(np.ones(4 * 5 * 3)).reshape(4, 5, 3) - table

    def union(joint: np.ndarray) -> float:
        atoms = broja(joint, tolerance=1e-9).atoms
        return atoms.redundancy + atoms.unique_1 + atoms.unique_2

    price_1, price_2 = union_prices(broja(table, tolerance=1e-9))
    slope = (change.sum(axis=1) * price_1).sum() + (change.sum(axis=0) * price_2).sum()
    slope -= (change.sum(axis=(0, 1)) * np.log2(table.sum(axis=(0, 1)))).sum()
    step = 1e-4
    # Central differences of a smooth function: an error of the order of step², beside that of the solver over step.
    assert slope == pytest.approx((union(table + step * change) - union(table - step * change)) / (2 * step), abs=1e-3)


def test_chance_is_how_much_too_high_counted_information_is_on_average() -> None:
    draw = np.random.default_rng(5)
    joint = draw.dirichlet(np.ones(6 * 3)).reshape(6, 3)
    tables = draw.multinomial(2000, joint.ravel(), size=4000).reshape(-1, 6, 3)
    excess = [mutual_information(table / 2000) - mutual_information(joint) for table in tables]
    # A mean of 4,000 such errors is off by about .0003 bit, and the expansion by terms of 1 / n².
    assert np.mean(excess) == pytest.approx(chance_bits(tables[0]), abs=0.001)
    assert chance_bits(tables[0]) == pytest.approx(5 * 2 / (4000 * np.log(2)))


def test_cells_that_determine_the_label_tell_nothing_by_chance() -> None:
    assert chance_bits(np.array([[5.0, 0, 0], [0, 7, 0], [0, 0, 3], [2, 0, 0]])) == 0
    assert chance_bits(np.array([[5.0, 4, 0], [3, 7, 0], [1, 0, 3]])) == pytest.approx(0.5 / (23 * np.log(2)))
