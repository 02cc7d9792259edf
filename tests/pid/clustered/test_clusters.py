"""Features to clusters: what units, order of splits and missing values may change, and what they may not."""

from typing import Any

import numpy as np
import pytest

from pid.clustered.clusters import fit_discretizer


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
