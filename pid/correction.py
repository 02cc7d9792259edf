"""What to subtract from raw atoms, and how far the result may be from the truth.

Vectors [..., 4] are atoms in the order of `ATOM_NAMES`. Informations of few samples come out too high, and no single
correction is right for all data (measured by benchmarks/pid_bias.py):

- The mean of permuted labels is the bias where labels are noise. Where features determine the label there is next to
  none, and subtracting it takes away too much, of synergy above all.
- Adjusting for chance, as is done for clusterings (Vinh, Epps and Bailey 2010), stretches what is above the null to all
  of H(Y). That is right where features determine the label, and leaves too much where they hardly do.
- Where both modalities tell equally much, the union information is the larger of two noisy values, and too high by a
  share of the noise. This falls as 1/√n and neither of the two sees it: redundancy comes out too low, unique
  information too high.
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
    """One corrected estimate [4], and how it would vary from sample to sample: `draws` [num_resamples, 4]."""

    estimate: np.ndarray
    draws: np.ndarray


def as_vector(atoms: Atoms) -> np.ndarray:
    """Atoms as a vector [4] in the order of `ATOM_NAMES`."""
    return np.array([getattr(atoms, name) for name in ATOM_NAMES])


def as_atoms(vector: np.ndarray) -> Atoms:
    """A vector [4] in the order of `ATOM_NAMES` as atoms."""
    return Atoms(**dict(zip(ATOM_NAMES, vector.tolist(), strict=True)))


def informations(atoms: np.ndarray) -> np.ndarray:
    """Atoms [..., 4] as I(X1; Y), I(X2; Y), union information and I(X1, X2; Y), [..., 4]."""
    return atoms @ _TO_INFORMATIONS


def null_corrected(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray) -> Correction:
    """The mean of the null subtracted; `raw` [4], `null` [num_permutations, 4], `resamples` [num_resamples, 4]."""
    estimate = raw - null.mean(axis=0)
    return Correction(estimate=estimate, draws=estimate + resamples - resamples.mean(axis=0))


def chance_adjusted(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray, entropy: float) -> Correction:
    """Each information times H / (H - its null mean), after the null is subtracted; `entropy` H = H(Y) in bits.

    What is left of H above the null is all that could be found: all of it found gives H, none of it 0.
    """
    plain = null_corrected(raw, null, resamples)
    left = entropy - informations(null.mean(axis=0))
    # With nothing left to be found there is nothing to scale.
    scale = np.divide(entropy, left, out=np.ones(4), where=left > _LEAST_LEFT_BITS)
    return Correction(
        estimate=informations(plain.estimate) * scale @ _TO_ATOMS, draws=informations(plain.draws) * scale @ _TO_ATOMS
    )


def tie_corrected(raw: np.ndarray, null: np.ndarray, resamples: np.ndarray) -> Correction:
    """The null's mean subtracted, from the union information instead what a tie of both modalities adds to it, if more.

    For a difference d ~ N(0, σ²) of two equal informations, the larger of both is too high by E[max(d, 0)] = σ/√(2π).
    Resamples start from an estimate that is too high already, and rise by √2 - 1 of that only; hence the factor.
    """
    plain = null_corrected(raw, null, resamples)
    null_bias = informations(null.mean(axis=0))[_UNION]
    seen_bias = informations(resamples.mean(axis=0) - raw)[_UNION]
    shift = np.zeros(4)
    shift[_UNION] = max((1 + np.sqrt(2)) * seen_bias - null_bias, 0.0)
    return Correction(estimate=plain.estimate - shift @ _TO_ATOMS, draws=plain.draws - shift @ _TO_ATOMS)
