"""The alarm for features that were trained on the labels of their training rows."""

import numpy as np
import pytest

from pid.estimation import estimate
from pid.label_bins import quantile_bins
from pid.leak import on_held_out_rows


def features(y: np.ndarray, shift: float, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((len(y), 3))
    x[:, 0] += shift * (2 * y - 1)
    return x


def test_training_rows_that_tell_more_than_others_raise_the_alarm() -> None:
    y, held_out_y = np.arange(400) % 2, np.arange(300) % 2
    x2, held_out_x2 = features(y, 0, seed=1), features(held_out_y, 0, seed=2)
    held_out = estimate(features(held_out_y, 0.5, seed=3), held_out_x2, held_out_y, num_permutations=19)
    leaking = estimate(features(y, 3, seed=4), x2, y, num_permutations=19)
    honest = estimate(features(y, 0.5, seed=5), x2, y, num_permutations=19)
    assert on_held_out_rows(honest, held_out) is honest
    found = on_held_out_rows(leaking, held_out)
    assert found.corrected == held_out.corrected
    assert found.notes[0].startswith(f"LEAK: unique_1 {leaking.corrected.unique_1:.2f} bits of training rows")
    assert "LEAK" in found.verdict


def test_quantile_bins_are_even_and_ordered() -> None:
    values = np.random.default_rng(0).standard_normal(400)
    bins = quantile_bins(values, 4)
    assert np.bincount(bins).tolist() == [100] * 4
    assert all(values[bins == each].max() < values[bins == each + 1].min() for each in range(3))
    assert quantile_bins(np.r_[np.zeros(90), np.arange(10)], 4).max() == 1  # ties share a bin
    for bad, number in ((np.ones(5), 2), (np.array([1, np.nan]), 2), (np.arange(5), 1)):
        with pytest.raises(ValueError, match="must be"):
            quantile_bins(bad, number)
