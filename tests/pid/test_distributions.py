"""Named distributions: their atoms against the information in their tables, and values by hand."""

import numpy as np
import pytest

from pid.distributions import NamedDistribution, named_distributions
from pid.joint_tables import informations

NAMED = named_distributions()

every_name = pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)


@every_name
def test_atoms_add_up_to_the_informations_of_the_table(named: NamedDistribution) -> None:
    found = informations(named.table)
    # Sums of at most 64 terms of about 1 bit.
    assert found.information_1 == pytest.approx(named.atoms.information_1, abs=1e-14)
    assert found.information_2 == pytest.approx(named.atoms.information_2, abs=1e-14)
    assert found.total == pytest.approx(named.atoms.total, abs=1e-14)


@every_name
def test_tables_are_distributions_without_empty_values(named: NamedDistribution) -> None:
    assert named.table.sum() == pytest.approx(1, abs=1e-15)
    for axes in ((1, 2), (0, 2), (0, 1)):
        assert (named.table.sum(axis=axes) > 0).all()


def test_redundancy_of_and_is_the_information_of_one_input() -> None:
    # p(y = 1) = 1/4, and y is a fair coin where x1 = 1: h(1/4) - 1/2.
    expected = -0.25 * np.log2(0.25) - 0.75 * np.log2(0.75) - 0.5
    assert NAMED["AND"].atoms.redundancy == pytest.approx(expected, abs=1e-15)
    assert NAMED["AND"].atoms.redundancy == pytest.approx(0.311278, abs=1e-6)
