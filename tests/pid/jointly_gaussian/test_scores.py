"""The Gaussian decomposition of samples: what it does not depend on, and what it may and may not notice."""

import math

import numpy as np
import pytest

from pid.atoms import Atoms
from pid.features import principal_scores
from pid.jointly_gaussian import check_resampled_scores, gaussian, gaussian_of_scores

# Certified by default; atoms differ from their true values by no more.
CERTIFIED = 1e-7
ROUNDING = 1e-9


def values(atoms: Atoms) -> np.ndarray:
    return np.array([atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy])


def sample(num_samples: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = generator.standard_normal((num_samples, 2))
    x1, x2 = (
        y @ generator.standard_normal((2, size)) + generator.standard_normal((num_samples, size)) for size in (3, 4)
    )
    return x1, x2, y


def test_invertible_linear_maps_and_shifts_do_not_matter() -> None:
    x1, x2, y = sample()
    maps = [np.random.default_rng(seed).standard_normal((size, size)) for seed, size in ((4, 3), (5, 4), (6, 2))]
    moved = gaussian(x1 @ maps[0] + 1e3, 1e-3 * x2 @ maps[1], y @ maps[2] - 7.0)
    assert values(moved.atoms) == pytest.approx(values(gaussian(x1, x2, y).atoms), abs=CERTIFIED)


def test_collinear_and_constant_columns_do_not_matter() -> None:
    x1, x2, y = sample()
    padded = np.column_stack((x1, x1.sum(axis=1), np.full(len(x1), 0.1)))
    result = gaussian(padded, x2, y)
    assert result.sizes == (3, 4, 2)
    assert values(result.atoms) == pytest.approx(values(gaussian(x1, x2, y).atoms), abs=CERTIFIED)


@pytest.mark.parametrize("num_chosen", [400, 40])
def test_scores_of_a_whole_sample_serve_any_of_its_rows_with_any_labels(num_chosen: int) -> None:
    x1, x2, y = sample()
    x1 = np.column_stack((x1, np.arange(400) == 7, x1[:, 0] + x1[:, 1]))  # only row 7 has something in one column
    generator = np.random.default_rng(10)
    rows = np.setdiff1d(generator.integers(0, 400, num_chosen), [7])[:, None].repeat(2)
    labels = generator.permutation(y)[rows]
    found = gaussian_of_scores(principal_scores(x1)[rows], principal_scores(x2)[rows], labels)
    expected = gaussian(x1[rows], x2[rows], labels)
    assert found.sizes == expected.sizes == (3, 4, 2)
    assert values(found.atoms) == pytest.approx(values(expected.atoms), abs=CERTIFIED)


def test_two_classes_follow_from_the_correlation_with_their_indicator() -> None:
    y = np.tile([0, 0, 1], 200)
    generator = np.random.default_rng(7)
    x1, x2 = y + generator.standard_normal(600), y + 2 * generator.standard_normal(600)
    atoms = gaussian(x1, x2, y + 5).atoms
    for information, x in ((atoms.information_1, x1), (atoms.information_2, x2)):
        assert information == pytest.approx(-math.log2(1 - np.corrcoef(x, y)[0, 1] ** 2) / 2, abs=ROUNDING)


def test_classes_that_differ_in_spread_only_are_not_seen() -> None:
    generator = np.random.default_rng(8)
    y = generator.integers(0, 2, 4000)
    noise = generator.standard_normal((4000, 2)) * np.where(y, 5.0, 1.0)[:, None]
    # In bits, chance gives each information about 1 / (2 n ln 2) = .0002 and a spread of the same order.
    assert gaussian(noise[:, 0], noise[:, 1], y).atoms.total < 0.005


def test_wide_features_can_be_reduced() -> None:
    x1, x2, y = sample(num_samples=30)
    wide = np.hstack((x1, np.random.default_rng(9).standard_normal((30, 40))))
    with pytest.raises(ValueError, match="got n = 30 and dimensions"):
        gaussian(wide, x2, y)
    assert gaussian(wide, x2, y, num_components=3).sizes == (3, 3, 2)


def test_a_sample_whose_resamples_would_not_fit_is_refused() -> None:
    x1, x2, y = sample(num_samples=20)
    scores = principal_scores(x1), principal_scores(x2)
    check_resampled_scores(*scores, y)  # 9 dimensions, 10 rows at the least
    with pytest.raises(ValueError, match="takes n >= 20 for 9 dimensions of x1, x2 and y, got n = 19"):
        check_resampled_scores(scores[0][:19], scores[1][:19], y[:19])


def test_features_that_do_not_fit_are_refused() -> None:
    x1, x2, y = sample()
    with pytest.raises(ValueError, match="same rows, got 400, 399 and 400"):
        gaussian(x1, x2[1:], y)
    with pytest.raises(ValueError, match="x2 must be finite, got NaN or infinity in 1 of its 400 rows"):
        gaussian(x1, np.where(np.arange(400)[:, None] == 3, np.nan, x2), y)
    with pytest.raises(ValueError, match="x1 must vary"):
        gaussian(np.ones(400), x2, y)
    with pytest.raises(ValueError, match="num_components must be at least 1, got 0"):
        gaussian(x1, x2, y, num_components=0)
    with pytest.raises(ValueError, match="at least two classes"):
        gaussian(x1, x2, np.zeros(400, dtype=int))
