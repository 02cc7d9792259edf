"""One vector a row: padding changes nothing, and codes are no features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.sequences import as_vectors, fill_values, moderate, pooled


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


def test_features_are_taken_as_they_are_and_a_column_of_integers_is_refused() -> None:
    features = np.random.default_rng(0).standard_normal((5, 3))
    np.testing.assert_array_equal(as_vectors(features, missing="refuse"), features)
    np.testing.assert_array_equal(as_vectors(features[:, 0], missing="refuse"), features[:, :1])
    with pytest.raises(ValueError, match="got a column of integers, which are codes"):
        as_vectors(np.arange(5), missing="refuse")


@pytest.mark.parametrize("power", [-1000, -600, 600, 1000])
def test_columns_of_extreme_size_are_divided_by_powers_of_two_and_others_left_alone(power: int) -> None:
    features = np.random.default_rng(0).standard_normal((9, 4, 3))
    assert moderate(features) is features
    scale = np.array([1.0, 2.0**power, 1.0])
    found = moderate(features * scale)
    np.testing.assert_array_equal(found[..., [0, 2]], features[..., [0, 2]])
    # A power of two changes no digit, and the largest value comes to lie between a half and 1.
    np.testing.assert_array_equal(np.frexp(found[..., 1])[0], np.frexp(features[..., 1])[0])
    assert 0.5 <= np.abs(found[..., 1]).max() < 1


def test_the_size_of_a_column_is_that_of_its_real_steps() -> None:
    draw = np.random.default_rng(0)
    sequences = [draw.standard_normal((length, 3)) for length in (1, 3, 2)]
    lengths = np.array([1, 3, 2])
    for value in (1e300, np.nan, np.inf):
        array = padded(sequences, 4, value)
        np.testing.assert_array_equal(moderate(array, lengths), array)
    huge = padded([sequence * 2.0**900 for sequence in sequences], 4, 0.0)
    means = pooled(moderate(huge, lengths), lengths)
    expected = pooled(padded(sequences, 4, 0.0), lengths)
    ratios = expected / means
    np.testing.assert_array_equal(ratios, np.broadcast_to(ratios[0], ratios.shape))


def test_single_precision_and_codes_are_moderated_too() -> None:
    large = np.full((4, 5, 1), 2.0**126, dtype=np.float32)  # five of them are more than float32 can hold
    np.testing.assert_array_equal(as_vectors(large, missing="refuse"), np.full((4, 1), 0.5))
    codes = np.arange(5)
    assert moderate(codes) is codes
