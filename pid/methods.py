"""The estimators that the front door offers, each as a function (x1, x2, y) -> atoms, resampled alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pid.atoms import Atoms
from pid.broja import BrojaResult, broja
from pid.discretize import joint_table
from pid.features import principal_scores
from pid.gaussian import gaussian_of_scores
from pid.pointwise import pointwise


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """Atoms in bits. `gap_bits`: how far they may be from the optimum that defines them, None where there is none.

    `result`: what a draw from the same sample may start from, None where there is nothing to gain.
    """

    atoms: Atoms
    gap_bits: float | None
    result: BrojaResult | None = None


class Decompose(Protocol):
    """An estimator as a function of codes or features, classes and a seed."""

    def __call__(
        self, x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
    ) -> Decomposition:
        """Decompose a sample, or a draw from the one that `near` came from: it may save time, and decides nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """An estimator, and what it needs and means.

    `definition`: atoms of different definitions must not be compared. `discrete`: takes codes [n], else features
    [n, d]. `cross_fitted`: holds rows out, so that no row may be in a sample twice. `nonnegative`: no true atom is
    below 0 by this definition. `reduce`: what is made of a modality's features before any draw, labels having no part
    in it; None where nothing is.
    """

    definition: str
    discrete: bool
    cross_fitted: bool
    nonnegative: bool
    decompose: Decompose
    reduce: Callable[[np.ndarray], np.ndarray] | None = None


def _broja(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    result = broja(joint_table(x1, x2, y), near=near and near.result)
    return Decomposition(atoms=result.atoms, gap_bits=result.gap_bits, result=result)


def _batch(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    from pid.batch import batch  # brings torch along, which nothing else here needs

    result = batch(x1, x2, y, seed=seed)
    return Decomposition(atoms=result.atoms, gap_bits=float(result.gap_bits))


def _gaussian(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    result = gaussian_of_scores(x1, x2, y)
    return Decomposition(atoms=result.atoms, gap_bits=float(result.gap_bits))


def _pointwise(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    return Decomposition(atoms=pointwise(x1, x2, y, seed=seed).atoms, gap_bits=None)


METHODS = {
    "broja": Method(definition="BROJA", discrete=True, cross_fitted=False, nonnegative=True, decompose=_broja),
    "batch": Method(definition="BROJA", discrete=False, cross_fitted=True, nonnegative=True, decompose=_batch),
    "gaussian": Method(
        definition="Gaussian ~PID",
        discrete=False,
        cross_fitted=False,
        nonnegative=True,
        decompose=_gaussian,
        reduce=principal_scores,
    ),
    "pointwise": Method(definition="LSMI", discrete=False, cross_fitted=True, nonnegative=False, decompose=_pointwise),
}
