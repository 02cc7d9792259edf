"""Atoms of a Gaussian: closed forms, a search of the whole ball, identities and symmetry."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.atoms import Atoms
from pid.jointly_gaussian.covariance import gaussian_atoms

# Certified by default; atoms differ from their true values by no more.
CERTIFIED = 1e-7
ROUNDING = 1e-9


def channels(h1: np.ndarray, h2: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
    """Covariance of (H1 Y + N1, H2 Y + N2, Y) with white Y, N1, N2 and E[N1 N2'] = noise."""
    cross = np.zeros((len(h1), len(h2))) if noise is None else noise
    channel = np.vstack((h1, h2))
    noise_covariance = np.block([[np.eye(len(h1)), cross], [cross.T, np.eye(len(h2))]])
    return np.block([[noise_covariance + channel @ channel.T, channel], [channel.T, np.eye(h1.shape[1])]])


def draws(sizes: tuple[int, int, int], seed: int) -> np.ndarray:
    """A random covariance of (X1, X2, Y), with noise that both modalities share."""
    generator = np.random.default_rng(seed)
    h1, h2 = (generator.standard_normal((size, sizes[2])) for size in sizes[:2])
    noise = generator.standard_normal((sizes[0], sizes[1]))
    return channels(h1, h2, 0.5 * noise / np.linalg.norm(noise, 2))


def values(atoms: Atoms) -> np.ndarray:
    return np.array([atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy])


def naive_information(covariance: np.ndarray, rows: np.ndarray, target: np.ndarray) -> float:
    """½ log2 of the ratio of determinants."""

    def log_determinant(index: np.ndarray) -> float:
        return float(np.linalg.slogdet(covariance[np.ix_(index, index)])[1])

    both = np.concatenate((rows, target))
    return (log_determinant(rows) + log_determinant(target) - log_determinant(both)) / (2 * math.log(2))


SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))


@settings(deadline=None, max_examples=40)
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1))
def test_atoms_add_up_to_the_informations(sizes: tuple[int, int, int], seed: int) -> None:
    covariance = draws(sizes, seed)
    atoms = gaussian_atoms(covariance, sizes).atoms
    first, second, target = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    assert atoms.information_1 == pytest.approx(naive_information(covariance, first, target), abs=ROUNDING)
    assert atoms.information_2 == pytest.approx(naive_information(covariance, second, target), abs=ROUNDING)
    assert atoms.total == pytest.approx(naive_information(covariance, np.r_[first, second], target), abs=ROUNDING)


@settings(deadline=None, max_examples=40)
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1))
def test_no_atom_is_negative(sizes: tuple[int, int, int], seed: int) -> None:
    # max(I1, I2) <= union <= I12; the gap may only raise the union, and so lower redundancy and synergy.
    result = gaussian_atoms(draws(sizes, seed), sizes)
    assert 0 <= result.gap_bits <= CERTIFIED
    assert values(result.atoms).min() >= -CERTIFIED


@settings(deadline=None, max_examples=40)
@given(d_1=st.integers(1, 4), d_2=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_redundancy_about_one_dimension_is_the_smaller_information(d_1: int, d_2: int, seed: int) -> None:
    atoms = gaussian_atoms(draws((d_1, d_2, 1), seed), (d_1, d_2, 1)).atoms
    assert atoms.redundancy == pytest.approx(min(atoms.information_1, atoms.information_2), abs=CERTIFIED)


def test_values_derived_by_hand() -> None:
    # X1 = Y + N1 and X2 = 2Y + N2 with independent white noise: ½ log2 of 1 + 1, of 1 + 4 and of 1 + 1 + 4.
    atoms = gaussian_atoms(channels(np.array([[1.0]]), np.array([[2.0]])), (1, 1, 1)).atoms
    expected = [0.5, 0, math.log2(5 / 2) / 2, math.log2(6 / 5) / 2]
    assert values(atoms) == pytest.approx(expected, abs=CERTIFIED)


def test_one_direction_each_of_a_two_dimensional_target() -> None:
    # Setting the derivative of log[((1+|h1|²)(1+|h2|²) - (s+c)²) / (1-s²)], c = h1'h2, to 0: c s² - b s + c = 0.
    h1, h2 = np.array([[1.5, 0.0]]), np.array([[0.8, 1.1]])
    squares, c = (1 + (h1**2).sum()) * (1 + (h2**2).sum()), float((h1 @ h2.T).item())
    b = squares - c**2 - 1
    s = (b - math.sqrt(b**2 - 4 * c**2)) / (2 * c)
    union = math.log2((squares - (s + c) ** 2) / (1 - s**2)) / 2
    atoms = gaussian_atoms(channels(h1, h2), (1, 1, 2)).atoms
    assert atoms.total - atoms.synergy == pytest.approx(union, abs=CERTIFIED)


def test_no_coupling_on_a_grid_over_the_whole_ball_is_better() -> None:
    h1, h2 = np.array([[1.0, 0.4], [-0.3, 2.0]]), np.array([[1.6, -0.5], [0.2, 0.7]])
    channel = np.vstack((h1, h2))

    def rotation(angle: float) -> np.ndarray:
        return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    singular_values = list(itertools.combinations_with_replacement(np.linspace(-0.96, 0.96, 25), 2))
    couplings = np.array(
        [
            rotation(left) @ np.diag(pair) @ rotation(right)
            for left, right in itertools.product(np.linspace(0, np.pi, 13)[:-1], repeat=2)
            for pair in singular_values
        ]
    )
    noise = np.tile(np.eye(4), (len(couplings), 1, 1))
    noise[:, :2, 2:], noise[:, 2:, :2] = couplings, couplings.transpose(0, 2, 1)
    log_ratio = np.linalg.slogdet(noise + channel @ channel.T)[1] - np.linalg.slogdet(noise)[1]
    best = float(log_ratio.min()) / (2 * math.log(2))
    atoms = gaussian_atoms(channels(h1, h2), (2, 2, 2)).atoms
    union = atoms.total - atoms.synergy
    # The grid's steps of .08 and 15 degrees cost it a second-order amount: (.1)² times a curvature of about 1.
    assert union <= best + CERTIFIED
    assert best <= union + 0.02


def test_channels_of_different_directions_tell_nothing_in_common() -> None:
    # X1 sees only Y1 and X2 only Y2, which are independent.
    atoms = gaussian_atoms(channels(np.array([[1.0, 0.0]]), np.array([[0.0, 3.0]])), (1, 1, 2)).atoms
    assert values(atoms) == pytest.approx([0, 0.5, math.log2(10) / 2, 0], abs=CERTIFIED)


@pytest.mark.parametrize("difference", [0.0, 1e-12, 1e-6])
def test_equal_channels_tell_nothing_of_their_own(difference: float) -> None:
    # The optimum lies on the edge of the ball (or all but), where the noise covariance is singular.
    h = np.random.default_rng(0).standard_normal((3, 3))
    atoms = gaussian_atoms(channels(h, h + difference * np.eye(3)), (3, 3, 3)).atoms
    # A change of H by δ changes informations by O(δ), with the norm of H as its factor.
    assert values(atoms)[1:3] == pytest.approx([0, 0], abs=CERTIFIED + 10 * difference)
    assert atoms.redundancy > 1


@settings(deadline=None, max_examples=20)
@given(sizes=SIZES, seed=st.integers(0, 2**32 - 1))
def test_swapping_the_modalities_swaps_the_unique_atoms(sizes: tuple[int, int, int], seed: int) -> None:
    covariance = draws(sizes, seed)
    first, second, target = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    order = np.concatenate((second, first, target))
    swapped = gaussian_atoms(covariance[np.ix_(order, order)], (sizes[1], sizes[0], sizes[2])).atoms
    expected = values(gaussian_atoms(covariance, sizes).atoms)[[0, 2, 1, 3]]
    assert values(swapped) == pytest.approx(expected, abs=CERTIFIED)


def test_independent_blocks_add_up() -> None:
    one, other = draws((2, 1, 2), 1), draws((1, 2, 1), 2)
    together = np.zeros((9, 9))
    for block, index in ((one, [0, 1, 3, 6, 7]), (other, [2, 4, 5, 8])):
        together[np.ix_(index, index)] = block
    sum_of_both = values(gaussian_atoms(one, (2, 1, 2)).atoms) + values(gaussian_atoms(other, (1, 2, 1)).atoms)
    assert values(gaussian_atoms(together, (3, 3, 3)).atoms) == pytest.approx(sum_of_both, abs=2 * CERTIFIED)


def test_covariances_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sizes \(1, 1, 2\)"):
        gaussian_atoms(np.eye(3), (1, 1, 2))
    with pytest.raises(ValueError, match="symmetric"):
        gaussian_atoms(np.array([[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]), (1, 1, 1))
    with pytest.raises(ValueError, match="positive definite"):
        gaussian_atoms(np.diag([1.0, 0.0, 1.0]), (1, 1, 1))
    determined = np.array([[2.0, 0, 1], [0, 2, 1], [1, 1, 1]])  # Y = (X1 + X2) / 2
    with pytest.raises(ValueError, match="no direction of it a linear map of X1 and X2 together"):
        gaussian_atoms(determined, (1, 1, 1))


def test_a_column_that_both_modalities_share_counts_once() -> None:
    # X1 = (Z, A), X2 = (Z, B), Y = Z + A + B + noise: in (Z, A, B) the covariance is regular.
    shared = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 4.0]])
    places = [0, 1, 0, 2, 3]
    atoms = gaussian_atoms(shared[np.ix_(places, places)], (2, 2, 1)).atoms
    # Var Y is 4, 2 given one, 1 given both. Redundancy about one dimension is the smaller information (Barrett 2015).
    assert values(atoms) == pytest.approx([0.5, 0, 0, 0.5], abs=CERTIFIED)


def test_not_converging_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="in 1 steps"):
        gaussian_atoms(draws((2, 2, 2), 0), (2, 2, 2), max_iterations=1)
