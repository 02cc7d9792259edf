"""Corrections of the bias of raw atoms, and how far the results may be from the truth.

Vectors [..., 4] are atoms in the order of `ATOM_NAMES`. Informations of few samples come out too high, and no single
correction is right for all data (measured by benchmarks/pid_bias.py):

- The mean of permuted labels is the bias where labels are noise. Where features determine the label there is next to
  none, and subtracting it takes away too much, of synergy above all.
- Adjusting for chance, as is done for clusterings (Vinh, Epps and Bailey 2010), stretches what is above the null to all
  of H(Y). That is right where features determine the label, and leaves too much where they hardly do.
- Where both modalities tell equally much, the union information is the larger of two noisy values, and too high by a
  share of the noise. That share falls as 1/√n. Neither correction above removes it: redundancy comes out too low, and
  unique information too high.
"""

from dataclasses import dataclass

import numpy as np

from pid.atoms import Atoms

ATOM_NAMES = ("redundancy", "unique_1", "unique_2", "synergy")

# Atoms times this are I(X1; Y), I(X2; Y), the union information, I(X1, X2; Y).
_TO_INFORMATIONS = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]])
_TO_ATOMS = np.linalg.inv(_TO_INFORMATIONS).round()
_UNION = 2

_LEAST_LEFT_BITS = 1e-9


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A corrected `estimate` [4], and `draws` [num_resamples, 4] that vary as it would from sample to sample."""

    estimate: np.ndarray
    draws: np.ndarray


def as_vector(atoms: Atoms) -> np.ndarray:
    """Atoms as a vector [4] in the order of `ATOM_NAMES`."""
    return np.array([getattr(atoms, name) for name in ATOM_NAMES])


def as_atoms(vector: np.ndarray) -> Atoms:
    """A vector [4] in the order of `ATOM_NAMES` as atoms."""
    return Atoms(**dict(zip(ATOM_NAMES, vector.tolist(), strict=True)))


def information_weights() -> np.ndarray:
    """A matrix [4, 4]: informations (I(X1; Y), I(X2; Y), union, I(X1, X2; Y)) [..., 4] times it are atoms [..., 4]."""
    return _TO_ATOMS


def informations_of_atoms(atoms: np.ndarray) -> np.ndarray:
    """I(X1; Y), I(X2; Y), union information and I(X1, X2; Y), [..., 4], of atoms [..., 4]."""
    return atoms @ _TO_INFORMATIONS


def null_corrected(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray) -> Correction:
    """Atoms less the mean of the null. `raw` [4], `null` [num_permutations, 4], `resamples` [num_resamples, 4]."""
    estimate = raw - null.mean(axis=0)
    return Correction(estimate=estimate, draws=estimate + resamples - resamples.mean(axis=0))


def chance_adjusted(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray, entropy: float) -> Correction:
    """Atoms whose informations, less their null mean, are stretched by H / (H - null mean); `entropy` H = H(Y) in bits.

    The part of H above the null mean is all that can be found. Where all of it is found the result is H, and where none
    of it is found the result is 0.
    """
    plain = null_corrected(raw, null, resamples)
    left = entropy - informations_of_atoms(null.mean(axis=0))
    # With nothing left to be found there is nothing to scale.
    scale = np.divide(entropy, left, out=np.ones(4), where=left > _LEAST_LEFT_BITS)
    return Correction(
        estimate=informations_of_atoms(plain.estimate) * scale @ _TO_ATOMS,
        draws=informations_of_atoms(plain.draws) * scale @ _TO_ATOMS,
    )


def tie_corrected(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray) -> Correction:
    """Atoms less the mean of the null, and less the bias that a tie of both modalities gives the union information.

    The larger of the two biases, null and tie, is subtracted from the union information. Where two informations are
    equal and their estimates differ by d ~ N(0, σ²), the larger one is too high by E[max(d, 0)] = σ/√(2π). Between
    resamples the variance is 2σ², so they are higher than the estimate by only √2 - 1 of its bias. Hence the factor
    1 + √2.
    """
    plain = null_corrected(raw, null, resamples)
    null_bias = informations_of_atoms(null.mean(axis=0))[_UNION]
    seen_bias = informations_of_atoms(resamples.mean(axis=0) - raw)[_UNION]
    shift = np.zeros(4)
    shift[_UNION] = max((1 + np.sqrt(2)) * seen_bias - null_bias, 0.0)
    return Correction(estimate=plain.estimate - shift @ _TO_ATOMS, draws=plain.draws - shift @ _TO_ATOMS)
