"""Sequences as columns: order, single steps and lengths are in them, padding is not."""

import numpy as np
import pytest

from pid.estimation import estimate
from pid.posterior.fold_views import standardised_columns
from pid.sequence_description import as_columns


def sequences(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.standard_normal((30, 6, 2)), draw.integers(2, 7, 30)


def test_columns_are_those_of_a_loop_over_rows() -> None:
    steps, lengths = sequences()
    columns = as_columns(steps, lengths=lengths, missing="refuse")
    for row, length in enumerate(lengths):
        real = steps[row, :length]
        time = np.arange(length) - (length - 1) / 2
        centred = real - real.mean(axis=0)
        expected = np.concatenate(
            [
                real.mean(axis=0),
                real.std(axis=0),
                real.min(axis=0),
                real.max(axis=0),
                time @ centred / (time**2).sum(),
                (centred[1:] * centred[:-1]).sum(axis=0) / length,
                real[-1],
                [length],
                *real,
                *[real.mean(axis=0)] * (6 - length),
            ]
        )
        assert columns[row] == pytest.approx(expected, abs=1e-12)


def test_padding_does_not_matter() -> None:
    steps, lengths = sequences()
    padded = steps.copy()
    padded[np.arange(6) >= lengths[:, None]] = np.nan
    plain = as_columns(steps, lengths=lengths, missing="refuse")
    np.testing.assert_array_equal(as_columns(padded, lengths=lengths, missing="refuse"), plain)


def test_wide_sequences_share_columns_of_stretches() -> None:
    steps = np.random.default_rng(1).standard_normal((12, 40, 100))
    # 10 stretches of 4 steps beside 7 statistics of 100 columns and the length.
    columns = as_columns(steps, missing="refuse")
    assert columns.shape == (12, 7 * 100 + 1 + 10 * 100)
    np.testing.assert_allclose(columns[:, 701:801], steps[:, :4].mean(axis=1))


def test_features_are_left_alone_and_codes_become_indicators() -> None:
    features = np.random.default_rng(2).standard_normal((9, 3))
    np.testing.assert_array_equal(as_columns(features, missing="refuse"), features)
    np.testing.assert_array_equal(as_columns(np.array([5, -1, 5]), missing="refuse"), [[0, 1], [1, 0], [0, 1]])


@pytest.mark.parametrize("kind", ["order", "one step of fifty", "length"])
def test_what_the_mean_of_the_steps_loses_is_found(kind: str) -> None:
    draw = np.random.default_rng(3)
    y = draw.integers(0, 2, 300)
    steps, lengths = draw.standard_normal((300, 50, 2)), None
    if kind == "order":
        steps[:, :, 0] += np.where(y[:, None] == 1, 1, -1) * np.linspace(-2, 2, 50)
    elif kind == "one step of fifty":
        steps[:, 17, 1] = np.where(y == 1, 2, -2) + 0.3 * draw.standard_normal(300)
    else:
        lengths = np.where(y == 1, 40, 30) + draw.integers(-3, 4, 300)
    other = draw.standard_normal((300, 2))
    found = estimate(steps, other, y, lengths_1=lengths, num_permutations=19)
    # The label is determined: H(Y) is 1 bit, and all of it is unique.
    assert found.dominant == "unique_1"
    assert found.interval["unique_1"].upper > 0.99
    assert found.atoms.unique_1 > 0.8
    means = estimate(steps, other, y, lengths_1=lengths, method="broja", num_permutations=19, num_resamples=19)
    assert means.corrected.unique_1 < 0.3


@pytest.mark.parametrize("power", [-900, 700])
def test_sequences_of_extreme_size_are_described_as_others_are(power: int) -> None:
    steps, lengths = sequences()
    expected, found = (
        standardised_columns(as_columns(array, lengths=lengths, missing="refuse"))
        for array in (steps, steps * 2.0**power)
    )
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
