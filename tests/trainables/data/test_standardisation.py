import numpy as np
import pytest

from trainables.data.standardisation import fit_standardisation


def test_real_values_get_mean_0_and_variance_1_and_the_others_are_0():
    draw = np.random.default_rng(0)
    values = draw.normal(1e4, 3.0, size=(3_000, 4, 5)).astype(np.float32)  # more rows than are taken at once
    real = np.arange(4) < draw.integers(0, 5, size=3_000)[:, None]
    values[~real] = np.inf  # what is not real may be anything
    found = fit_standardisation(values, real).apply(values, real)
    assert found.dtype == np.float32
    steps = values[real].astype(np.float64)
    # float64 throughout, then rounded to float32.
    np.testing.assert_allclose(found[real], (steps - steps.mean(axis=0)) / steps.std(axis=0), rtol=1e-6, atol=1e-6)
    assert not found[~real].any()


def test_other_rows_are_scaled_as_the_rows_of_the_statistics():
    fitted = fit_standardisation(np.array([[0.0], [4.0]]), np.ones(2, dtype=bool))
    np.testing.assert_allclose(fitted.apply(np.array([[6.0]]), np.ones(1, dtype=bool)), [[2.0]])


def test_constant_feature_is_0_whatever_the_rounding_of_its_mean():
    values = np.full((1_000, 2), 0.1)
    values[0, 1] = 0.2
    everything = np.ones(1_000, dtype=bool)
    assert values[:, 0].mean() != 0.1
    fitted = fit_standardisation(values, everything)
    found = fitted.apply(values + 5, everything)
    assert not found[:, 0].any()
    assert found[:, 1].all()


@pytest.mark.parametrize("power", [-1000, -700, -500, 500, 700, 1000])
def test_columns_of_any_size_are_standardised_alike(power):
    values = np.random.default_rng(0).normal(1, 2, size=(2_000, 3))
    everything = np.ones(2_000, dtype=bool)
    expected = fit_standardisation(values, everything).apply(values, everything)
    extreme = values * np.array([1.0, 2.0**power, 1.0])  # 1e154 and more, whose squares overflow, or vanish
    found = fit_standardisation(extreme, everything).apply(extreme, everything)
    np.testing.assert_array_equal(found, expected)  # a power of two changes no digit


def test_the_largest_numbers_of_both_signs_have_variance_1():
    values = np.array([[1.7e308], [-1.7e308]] * 10)
    everything = np.ones(20, dtype=bool)
    np.testing.assert_array_equal(fit_standardisation(values, everything).apply(values, everything), np.sign(values))


def test_what_float32_cannot_say_of_other_rows_is_infinite():
    fitted = fit_standardisation(np.array([[0.0], [1e-300]]), np.ones(2, dtype=bool))
    assert np.isinf(fitted.apply(np.array([[1.0]]), np.ones(1, dtype=bool))).all()


def test_nothing_real_is_refused():
    with pytest.raises(ValueError, match="found none"):
        fit_standardisation(np.zeros((2, 3)), np.zeros(2, dtype=bool))
