"""Features to codes: what padding, units, order of splits and missing values may change, and what they may not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.discretize import fit_discretizer, fit_known_values, fit_quantile_bins, joint_table
from pid.sequences import fill_values, pooled


def clouds(num_rows: int = 120, num_clouds: int = 4, width: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features around corners that lie 10 standard deviations apart or more, and the corner of each row."""
    draw = np.random.default_rng(seed)
    corner = np.arange(num_rows) % num_clouds
    centres = 10.0 * np.eye(num_clouds, width)
    return centres[corner] + draw.standard_normal((num_rows, width)), corner


def same_partition(codes: np.ndarray, others: np.ndarray) -> bool:
    """Whether two codes divide the rows alike, whatever they call the parts."""
    pairs = len(set(zip(codes.tolist(), others.tolist(), strict=True)))
    return pairs == len(set(codes.tolist())) == len(set(others.tolist()))


def padded(sequences: list[np.ndarray], num_steps: int, value: float) -> np.ndarray:
    """Sequences [t_i, d] as [n, num_steps, d] with `value` behind them."""
    array = np.full((len(sequences), num_steps, sequences[0].shape[1]), value)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array


@settings(deadline=None, max_examples=20)
@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=8), value=st.sampled_from([0.0, 1e9, np.nan, np.inf]))
def test_padding_changes_nothing_whatever_it_is(lengths: list[int], value: float) -> None:
    draw = np.random.default_rng(0)
    sequences = [draw.standard_normal((length, 3)) for length in lengths]
    expected = [sequence.mean(axis=0) for sequence in sequences]
    for num_steps in (5, 9):
        array = padded(sequences, num_steps, value)
        np.testing.assert_allclose(pooled(array, np.array(lengths)), expected, rtol=1e-12, atol=1e-15)
        means = fill_values(array, np.array(lengths), "impute")
        np.testing.assert_allclose(means, np.concatenate(sequences).mean(axis=0), rtol=1e-12, atol=1e-15)


def test_missing_values_are_counted_or_filled_with_the_mean_of_the_split_they_were_fitted_on() -> None:
    features, _ = clouds()
    features[3, 1], features[7, 0], features[7, 2] = np.nan, np.inf, -np.inf
    with pytest.raises(ValueError, match="NaN or infinity in 2 of their 120 rows"):
        fit_discretizer(features)
    fitted = fit_discretizer(features, missing="impute", num_clusters=4)
    means = [features[np.isfinite(features[:, column]), column].mean() for column in range(3)]
    filled = features.copy()
    filled[3, 1], filled[7, 0], filled[7, 2] = means[1], means[0], means[2]
    np.testing.assert_array_equal(fitted.codes(features), fitted.codes(filled))
    other = np.full((1, 6), np.nan)  # another split has no say in what stands in for its values
    assert fitted.fill is not None
    assert fitted.codes(other) == fitted.codes(fitted.fill[None])


@pytest.mark.parametrize("scaling", ["columns", "rows", "none"])
@pytest.mark.parametrize("num_components", [None, 3])
def test_clouds_far_apart_are_found_and_other_rows_of_them_join_them(scaling: Any, num_components: int | None) -> None:
    features, corner = clouds()
    fitted = fit_discretizer(features, num_clusters=4, scaling=scaling, num_components=num_components)
    assert fitted.num_codes == 4
    assert same_partition(fitted.codes(features), corner)
    others, other_corner = clouds(seed=1)
    both = np.concatenate((fitted.codes(features), fitted.codes(others)))
    assert same_partition(both, np.concatenate((corner, other_corner)))


def test_wide_features_are_reduced_and_their_clouds_still_found() -> None:
    features, corner = clouds(width=80)
    fitted = fit_discretizer(features, num_clusters=4, scaling="none")
    assert fitted.directions.shape == (80, 50)
    assert same_partition(fitted.codes(features), corner)


def test_units_of_a_column_matter_only_where_columns_are_not_scaled() -> None:
    features, _ = clouds(num_rows=200, num_clouds=3)
    units = np.array([1.0, 1.0, 1.0, 1e4, 1.0, 1.0])

    def codes(scaling: Any, factor: np.ndarray) -> np.ndarray:
        return fit_discretizer(features * factor, num_clusters=3, scaling=scaling).codes(features * factor)

    assert same_partition(codes("columns", units), codes("columns", np.ones(6)))
    assert not same_partition(codes("none", units), codes("none", np.ones(6)))


def test_length_of_a_row_does_not_matter_where_rows_are_scaled() -> None:
    features, _ = clouds()
    fitted = fit_discretizer(features, num_clusters=7, scaling="rows")
    lengths = np.random.default_rng(2).uniform(0.1, 10, (len(features), 1))
    np.testing.assert_array_equal(fitted.codes(lengths * features), fitted.codes(features))
    assert (fitted.codes(-features) != fitted.codes(features)).any()
    assert 0 <= fitted.codes(np.zeros((1, 6)))[0] < 7  # a row without direction is still some cluster's


def test_every_row_is_in_the_cluster_whose_centre_is_nearest() -> None:
    features, _ = clouds()
    fitted = fit_discretizer(features, num_clusters=9, num_components=2)
    scores = (features - fitted.origin) @ fitted.directions
    distances = ((scores[:, None] - fitted.centres[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(fitted.codes(features), distances.argmin(axis=1))


def test_a_seed_gives_the_same_codes_and_another_gives_others() -> None:
    features = np.random.default_rng(0).standard_normal((300, 5))
    first, again, other = (fit_discretizer(features, seed=seed).codes(features) for seed in (3, 3, 2**62))
    np.testing.assert_array_equal(first, again)
    assert not same_partition(first, other)


@pytest.mark.parametrize("width", [1, 60])
def test_fewer_different_rows_than_clusters_give_as_many_codes_as_rows(width: int) -> None:
    rows = np.random.default_rng(0).standard_normal((3, width))
    features = rows[np.arange(30) % 3]
    assert same_partition(fit_discretizer(features).codes(features), np.arange(30) % 3)
    constant = np.full((30, width), 0.1)
    assert fit_discretizer(constant).num_codes == 1


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


def test_the_table_counts_every_row_once() -> None:
    draw = np.random.default_rng(0)
    codes_1, codes_2, y = (draw.integers(0, size, 200) for size in (4, 3, 2))
    expected = np.zeros((4, 3, 2))
    for cell in zip(codes_1, codes_2, y, strict=True):
        expected[cell] += 1
    table = joint_table(codes_1, codes_2, y)
    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, expected)


@pytest.mark.parametrize(
    ("features", "options"),
    [
        (np.ones((0, 3)), {}),
        (np.ones((2, 3, 4, 5)), {}),
        (np.array(["a", "b"]), {}),
        (np.ones((9, 3)), {"lengths": np.ones(9, dtype=int)}),
        (np.ones((9, 4, 3)), {"lengths": np.ones(8, dtype=int)}),
        (np.ones((9, 4, 3)), {"lengths": np.ones(9)}),
        (np.ones((9, 4, 3)), {"lengths": np.zeros(9, dtype=int)}),
        (np.ones((9, 4, 3)), {"lengths": np.full(9, 5)}),
        (np.ones((9, 3)), {"num_clusters": 0}),
        (np.ones((9, 3)), {"num_components": 0}),
        (np.ones((9, 3)), {"missing": "ignore"}),
        (np.ones((9, 3)), {"scaling": "both"}),
        (np.full((9, 3), np.nan), {"missing": "impute"}),
    ],
)
def test_what_does_not_fit_is_refused(features: np.ndarray, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="got"):
        fit_discretizer(features, **options)


def test_another_width_than_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="6 wide, as when fitted, got 5"):
        fit_discretizer(clouds()[0]).codes(np.ones((4, 5)))
    with pytest.raises(ValueError, match="got width 2"):
        fit_quantile_bins(np.ones((4, 2)))
    with pytest.raises(ValueError, match="got 0"):
        fit_quantile_bins(np.ones(4), num_bins=0)


@pytest.mark.parametrize("bad", [np.array([0, -1]), np.array([0.0, 1.0]), np.array([[0, 1]]), np.array([0, 1, 1])])
@pytest.mark.parametrize("place", range(3))
def test_a_table_needs_three_columns_of_codes(bad: np.ndarray, place: int) -> None:
    columns = [np.array([0, 1])] * 3
    columns[place] = bad
    with pytest.raises(ValueError, match="got"):
        joint_table(*columns)
