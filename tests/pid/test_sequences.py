"""One vector a row: padding changes nothing, and codes are no features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.sequences import as_vectors, fill_values, pooled


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
