"""Joint tables: every row counted, the information against a naive form, and tables that are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.joint_tables import checked_table, informations, joint_table


def test_the_table_counts_every_row_once() -> None:
    draw = np.random.default_rng(0)
    codes_1, codes_2, y = (draw.integers(0, size, 200) for size in (4, 3, 2))
    expected = np.zeros((4, 3, 2))
    for cell in zip(codes_1, codes_2, y, strict=True):
        expected[cell] += 1
    table = joint_table(codes_1, codes_2, y)
    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, expected)


def naive_information(joint: np.ndarray) -> float:
    """H(rows) + H(columns) - H(both), in bits."""

    def entropy(probabilities: np.ndarray) -> float:
        return -sum(p * np.log2(p) for p in probabilities.ravel() if p > 0)

    return entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint)


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
        (np.ma.masked_less([[[1.0, 2.0]]], 2), "must have no masked entries, got 1"),
        (np.array([[[1.0, 1j]]]), "must have real entries, got complex ones"),
    ],
)
def test_tables_that_do_not_fit_are_refused(table: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked_table(table)


@pytest.mark.parametrize("bad", [np.array([0, -1]), np.array([0.0, 1.0]), np.array([[0, 1]]), np.array([0, 1, 1])])
@pytest.mark.parametrize("place", range(3))
def test_a_table_needs_three_columns_of_codes(bad: np.ndarray, place: int) -> None:
    columns = [np.array([0, 1])] * 3
    columns[place] = bad
    with pytest.raises(ValueError, match="got"):
        joint_table(*columns)
