"""The estimators that draws judge, each as a function of (x1, x2, y) that samples and draws are given to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pid.atoms import Atoms
from pid.exact import BrojaResult, broja
from pid.features import principal_scores
from pid.joint_tables import joint_table
from pid.jointly_gaussian import check_resampled_scores, gaussian_of_scores
from pid.lsmi import pointwise

# The estimator that has its own null and intervals: `pid.posterior`.
POSTERIOR = "posterior"


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """Atoms in bits. `gap_bits`: how far they may be from the optimum that defines them, None where no optimum does.

    `result`: what a draw from the same sample may start from, None where that would save no time.
    """

    atoms: Atoms
    gap_bits: float | None
    result: BrojaResult | None = None


class Decompose(Protocol):
    """An estimator as a function of codes or features, classes and a seed."""

    def __call__(
        self, x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
    ) -> Decomposition:
        """Atoms of a sample. `near`, of the sample that this one is a draw from, may save time and decides nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Method:
    """An estimator, and what it needs and means.

    `definition`: atoms of different definitions must not be compared. `discrete`: whether it takes codes [n], and not
    features [n, d]. `cross_fitted`: whether it holds rows out, so that no row may be in a sample twice. `nonnegative`:
    whether all true atoms are at least 0 by this definition. `reduce`: applied to the features of each modality once,
    before any draw and without labels. `check_resamples`: raises ValueError where a sample fits and its resamples
    would not.
    """

    definition: str
    discrete: bool
    cross_fitted: bool
    nonnegative: bool
    decompose: Decompose
    reduce: Callable[[np.ndarray], np.ndarray] | None = None
    check_resamples: Callable[[np.ndarray, np.ndarray, np.ndarray], None] | None = None


def _broja(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    result = broja(joint_table(x1, x2, y), near=near and near.result)
    return Decomposition(atoms=result.atoms, gap_bits=result.gap_bits, result=result)


def _batch(
    x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int, near: Decomposition | None = None
) -> Decomposition:
    from pid.learnt import batch  # brings torch along, which nothing else here needs

    # One draw of many that is less exact than the rest says nothing against the estimate, whose own gap is known.
    result = batch(x1, x2, y, seed=seed, raise_on_failure=near is None)
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
        check_resamples=check_resampled_scores,
    ),
    "pointwise": Method(definition="LSMI", discrete=False, cross_fitted=True, nonnegative=False, decompose=_pointwise),
}
