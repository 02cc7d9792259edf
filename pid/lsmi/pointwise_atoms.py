"""Pointwise partial information decomposition: atoms of each row, by another definition of redundancy than BROJA's.

Redundancy is the smaller specificity h(x) of both modalities minus the smaller ambiguity h(x | y) (Finn and Lizier
2018; LSMI of Yang, Wang and Hu 2025). On COPY, Y = (X1, X2) with two independent bits, it finds one bit of
redundancy and one of synergy, where BROJA finds two unique bits. Never put both kinds of atoms in one comparison.
"""

from dataclasses import dataclass

import numpy as np

from pid.atoms import Atoms
from pid.features import checked_pair, class_codes, fold_numbers, principal_scores
from pid.joint_tables import checked_table
from pid.lsmi.density import held_out_log_densities


@dataclass(frozen=True, kw_only=True)
class PointwiseResult:
    """Atoms in bits, the means of `per_sample` [n, 4]: redundancy, unique_1, unique_2 and synergy of each row.

    `num_mixture_components`: those of the densities of x1, x2 and (x1, x2). `num_dimensions`: to how many x1 and x2
    were reduced.
    """

    atoms: Atoms
    per_sample: np.ndarray
    num_mixture_components: tuple[int, int, int]
    num_dimensions: tuple[int, int]


def pointwise_table(table: np.ndarray) -> tuple[Atoms, np.ndarray]:
    """Exact pointwise atoms of a joint table [n1, n2, ny] of probabilities or counts, in bits.

    Returns their means and the atoms of each cell [n1, n2, ny, 4] (redundancy, unique_1, unique_2, synergy), 0 where
    the probability is 0. Raises ValueError for a table that `checked_table` refuses.
    """
    joint = checked_table(table)
    cells = np.nonzero(joint)
    first, second, label = cells

    def surprisal(probabilities: np.ndarray) -> np.ndarray:
        return -np.log2(probabilities)

    prior = joint.sum(axis=(0, 1))[label]
    margin_1, margin_2 = joint.sum(axis=1)[first, label], joint.sum(axis=0)[second, label]
    atoms = _atoms(
        specificity=(surprisal(joint.sum(axis=(1, 2))[first]), surprisal(joint.sum(axis=(0, 2))[second])),
        ambiguity=(surprisal(margin_1 / prior), surprisal(margin_2 / prior)),
        total=surprisal(joint.sum(axis=2)[first, second]) - surprisal(joint[cells] / prior),
    )
    of_cells = np.zeros((*joint.shape, 4))
    of_cells[cells] = atoms
    return _mean(atoms, joint[cells]), of_cells


def pointwise(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    seed: int = 0,
    num_dimensions: int = 4,
    num_folds: int = 5,
    candidates: tuple[int, ...] = (1, 2, 4, 8),
) -> PointwiseResult:
    """Pointwise atoms of each row of continuous features, in bits.

    `x1` [n, d_1], `x2` [n, d_2], `y` [n] integers. Each modality is reduced to its `num_dimensions` leading principal
    directions, each of variance 1. p(x1 | y), p(x2 | y) and p(x1, x2 | y) are Gaussian mixtures, with the number of
    `candidates` that suits held-out rows best. p(y) is the classes' frequency, and p(x) = Σ_y p(y) p(x | y). Every
    row's densities come from the folds that do not have it.

    h(x1) and h(x2) are differential entropies of a point. Which of them is smaller depends on units and dimensions, and
    so does redundancy. Here variances are 1, and the entropy of a Gaussian of the same covariance, one constant a
    modality, is subtracted. So results do not change under invertible linear maps of a modality if `num_dimensions`
    keeps all of its directions. Under other maps they change.

    The paper (Yang, Wang and Hu 2025) takes h(x) from a kernel density and h(x | y) = h(x) - i(x; y) from classifiers
    under a uniform prior. In the end it moves the atoms until no mean is negative. Here all parts come from one density
    a modality, the prior is estimated, and atoms, of rows and of their mean, may be negative.
    Raises ValueError for input that does not fit, and for a class too small for its folds and mixtures.
    """
    features = checked_pair(x1, x2, y)
    codes = class_codes(y)
    folds = fold_numbers(codes, num_folds, seed)
    scores = [principal_scores(part, num_dimensions) for part in features]
    for name, part in zip(("x1", "x2"), scores, strict=True):
        if part.shape[1] == 0:
            raise ValueError(f"{name} must vary, got the same value in all rows")
    log_prior = np.log2(np.bincount(codes) / len(codes))
    inputs = (*scores, np.concatenate(scores, axis=1))
    densities = [held_out_log_densities(part, codes, folds, candidates=candidates, seed=seed) for part in inputs]
    own = [density.log_densities[np.arange(len(codes)), codes] for density in densities]
    marginal = [np.logaddexp2.reduce(log_prior + density.log_densities, axis=1) for density in densities]
    gaussian_entropy = [part.shape[1] * np.log2(2 * np.pi * np.e) / 2 for part in scores]
    per_sample = _atoms(
        specificity=(-marginal[0] - gaussian_entropy[0], -marginal[1] - gaussian_entropy[1]),
        ambiguity=(-own[0] - gaussian_entropy[0], -own[1] - gaussian_entropy[1]),
        total=own[2] - marginal[2],
    )
    num_1, num_2, num_joint = (density.num_components for density in densities)
    return PointwiseResult(
        atoms=_mean(per_sample, np.full(len(codes), 1 / len(codes))),
        per_sample=per_sample,
        num_mixture_components=(num_1, num_2, num_joint),
        num_dimensions=(scores[0].shape[1], scores[1].shape[1]),
    )


def _atoms(
    specificity: tuple[np.ndarray, np.ndarray], ambiguity: tuple[np.ndarray, np.ndarray], total: np.ndarray
) -> np.ndarray:
    """Atoms [n, 4] from h(x_k), h(x_k | y) and i(x1, x2; y), each [n]."""
    redundancy = np.minimum(*specificity) - np.minimum(*ambiguity)
    unique_1, unique_2 = (plus - minus - redundancy for plus, minus in zip(specificity, ambiguity, strict=True))
    return np.stack((redundancy, unique_1, unique_2, total - redundancy - unique_1 - unique_2), axis=1)


def _mean(atoms: np.ndarray, weights: np.ndarray) -> Atoms:
    redundancy, unique_1, unique_2, synergy = (weights @ atoms).tolist()
    return Atoms(redundancy=redundancy, unique_1=unique_1, unique_2=unique_2, synergy=synergy)
