"""Numbers to quantile bins and integers to their places: ties, units, missing and unseen values."""

import numpy as np
import pytest

from pid.clustered.bins import fit_known_values, fit_quantile_bins


def test_quantile_bins_hold_equally_many_rows_and_never_split_ties() -> None:
    column = np.random.default_rng(0).permutation(100).astype(float)
    bins = fit_quantile_bins(column, num_bins=5)
    np.testing.assert_array_equal(np.bincount(bins.codes(column)), [20] * 5)
    np.testing.assert_array_equal(bins.codes(np.sort(column)), np.arange(100) // 20)
    np.testing.assert_array_equal(bins.codes(np.array([-1e9, 1e9])), [0, 4])
    tied = np.array([0.0] * 70 + [1.0] * 10 + [2.0] * 20)
    codes = fit_quantile_bins(tied, num_bins=10).codes(tied)
    assert codes[0] == 0
    assert [len(set(codes[tied == value])) for value in (0, 1, 2)] == [1, 1, 1]
    assert fit_quantile_bins(np.ones(9)).num_codes == 1


def test_quantile_bins_do_not_depend_on_units() -> None:
    column = np.random.default_rng(0).standard_normal(64)
    expected = fit_quantile_bins(column, num_bins=8).codes(column)
    other = 3.0 * column + 2.0
    np.testing.assert_array_equal(fit_quantile_bins(other, num_bins=8).codes(other), expected)


def test_missing_numbers_are_refused_or_binned_with_the_mean_of_the_split_they_were_fitted_on() -> None:
    column = np.array([0.0, 1.0, 2.0, 3.0, np.nan, np.inf])
    with pytest.raises(ValueError, match="2 of their 6 rows"):
        fit_quantile_bins(column)
    bins = fit_quantile_bins(column, num_bins=2, missing="impute")
    # The mean 1.5 is the median of 0, 1, 1.5, 1.5, 2, 3 as well, and an edge belongs to the upper bin.
    np.testing.assert_array_equal(bins.codes(column), [0, 0, 1, 1, 1, 1])
    np.testing.assert_array_equal(bins.codes(np.array([-9.0, np.nan])), [0, 1])


def test_integers_are_codes_and_unseen_ones_are_named() -> None:
    known = fit_known_values(np.array([7, -2, 7, 30]))
    assert known.num_codes == 3
    np.testing.assert_array_equal(known.codes(np.array([30, 7, -2])), [2, 1, 0])
    with pytest.raises(ValueError, match=r"got \[8, 31\]"):
        known.codes(np.array([7, 31, 8, 31]))
    with pytest.raises(ValueError, match="got float64"):
        fit_known_values(np.array([1.0]))


def test_what_cannot_be_binned_is_refused() -> None:
    with pytest.raises(ValueError, match="got width 2"):
        fit_quantile_bins(np.ones((4, 2)))
    with pytest.raises(ValueError, match="got 0"):
        fit_quantile_bins(np.ones(4), num_bins=0)
