"""Named distributions and the information in a table: values by hand, a naive form, and tables that are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.distributions import NamedDistribution, checked_table, informations, named_distributions

NAMED = named_distributions()

every_name = pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)


def naive_information(joint: np.ndarray) -> float:
    """H(rows) + H(columns) - H(both), in bits."""

    def entropy(probabilities: np.ndarray) -> float:
        return -sum(p * np.log2(p) for p in probabilities.ravel() if p > 0)

    return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint)


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


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.1, 1))
def test_informations_equal_their_naive_form(seed: int, share: float) -> None:
    draw = np.random.default_rng(seed)
    table = draw.random((4, 5, 3)) * (draw.random((4, 5, 3)) < share)
    table[0, 0, 0] += 0.01
    probabilities = table / table.sum()
    found = informations(table)
    assert found.information_1 == pytest.approx(naive_information(probabilities.sum(axis=1)), abs=1e-13)
    assert found.information_2 == pytest.approx(naive_information(probabilities.sum(axis=0)), abs=1e-13)
    assert found.total == pytest.approx(naive_information(probabilities.reshape(-1, 3)), abs=1e-13)


@pytest.mark.parametrize("shift", [1e-3, 1e-6, 1e-9])
def test_tiny_information_keeps_its_digits(shift: float) -> None:
    # Two fair bits that agree with probability 1/2 + shift: 1 - h(1/2 + shift) = (2 shift² + O(shift⁴)) / ln 2.
    agree, differ = 0.25 + shift / 2, 0.25 - shift / 2
    table = np.array([[agree, differ], [differ, agree]])[:, None, :]
    # The shift itself is rounded when it is added to 1/4: to 1e-16 / shift of its value, and its square to twice that.
    tolerance = 4e-16 / shift + 4 * shift**2
    assert informations(table).information_1 == pytest.approx(2 * shift**2 / np.log(2), rel=tolerance)
    assert informations(table).information_2 == 0


def test_counts_of_any_size_mean_their_proportions() -> None:
    counts = np.random.default_rng(0).integers(0, 20, (4, 3, 2))
    for scale in (1, 7, 1e-300, 1e305):
        assert informations(scale * counts) == pytest.approx(informations(counts / counts.sum()), abs=1e-14)


def test_probabilities_of_very_different_sizes_give_finite_information() -> None:
    table = np.array([[1.0, 1e-200], [1e-300, 1e-30]])[:, None, :]
    # The rare row shows the rare column, which is worth 1e-30 log2(1e30) bits.
    assert informations(table).information_1 == pytest.approx(1e-30 * 30 * np.log2(10), rel=0.02)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (np.ones((2, 2)), r"must be \[n1, n2, ny\], got shape \(2, 2\)"),
        (np.zeros((2, 2, 2)), "must have a positive entry"),
        (np.ones((0, 2, 2)), "must have a positive entry"),
        (np.array([[[1.0, -0.5]]]), "must not be negative, got a least entry of -0.5"),
        (np.array([[[1.0, np.nan]]]), "must be finite, got NaN or infinity in 1 entries"),
        (np.array([[[np.inf, np.nan]]]), "must be finite, got NaN or infinity in 2 entries"),
    ],
)
def test_tables_that_are_none_are_refused(table: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_table(table)
