"""Mean differences between λ, paired by seed, with the two parts of their error: seeds and test rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import Array
from analysis.decision.row_errors import RowErrors
from analysis.decision.student import satterthwaite

# A scatter below this share of the scores' size is rounding.
RELATIVE_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedDifferences:
    """Score at one λ less score at another, [L, L] each; entry [j, k] is λ j less λ k.

    `means` is NaN where no seed has both. `seed_variances` are those of the scatter of one seed's difference, infinite
    where fewer than two seeds have both. `row_variances` are those of the mean, which no number of seeds reduces.
    `covariance` is that of the mean gains over the first λ, both parts together. `num_rows` counts independent rows
    or groups, None where the population is known.
    """

    means: Array
    num_seeds: NDArray[np.intp]
    seed_variances: Array
    row_variances: Array
    covariance: Array
    num_rows: int | None

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """The λ [L] that have a score."""
        return np.isfinite(np.diagonal(self.means))

    def standard_errors(self) -> Array:
        """Of the means; infinite where one seed says nothing about the scatter."""
        return np.sqrt(self.seed_variances / np.maximum(self.num_seeds, 1) + self.row_variances)

    def degrees_of_freedom(self) -> Array:
        """Of the standard errors, by Satterthwaite (1946)."""
        of_seeds = self.seed_variances / np.maximum(self.num_seeds, 1)
        return satterthwaite(of_seeds, self.num_seeds, self.row_variances, self.num_rows)


def paired_differences(scores: Array, row_errors: RowErrors | None) -> PairedDifferences:
    """Compare every two λ by the seeds that have a score at both.

    scores [L, S], NaN where there is none; row_errors: None where rows add none.
    """
    has_score = np.isfinite(scores)
    in_both = has_score[:, None] & has_score[None]
    filled = np.where(has_score, scores, 0.0)
    differences = np.where(in_both, filled[:, None] - filled[None], 0.0)
    counts = in_both.sum(axis=-1)
    means = np.divide(differences.sum(axis=-1), counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    deviations = np.where(in_both, differences - np.nan_to_num(means)[..., None], 0.0)
    squares = np.square(deviations).sum(axis=-1)
    variances = np.divide(squares, counts - 1, out=np.full(counts.shape, np.inf), where=counts > 1)
    np.fill_diagonal(variances, 0.0)
    variances = _without_false_certainty(variances, (RELATIVE_ROUNDING * np.abs(filled).max()) ** 2)
    covariance = _gain_covariance(deviations[:, 0], in_both[:, 0])
    rows = np.zeros_like(variances)
    if row_errors is not None:
        rows = np.maximum(_of_differences(row_errors.covariance), row_errors.least_variances)
        np.fill_diagonal(rows, 0.0)
        from_rows = _without_negative_part(_from_first(row_errors.covariance))
        covariance = covariance + from_rows + _of_gains(row_errors.least_variances[0])
    return PairedDifferences(
        means=means,
        num_seeds=counts,
        seed_variances=variances,
        row_variances=rows,
        covariance=covariance,
        num_rows=None if row_errors is None else row_errors.num_independent,
    )


def _of_differences(covariance: Array) -> Array:
    """Variance [L, L] of the difference between two of the variables of a covariance."""
    diagonal = np.diagonal(covariance)
    return np.maximum(diagonal[:, None] + diagonal - 2 * covariance, 0.0)


def _from_first(covariance: Array) -> Array:
    """Covariance [L, L] of the differences from the first of the variables of a covariance."""
    return covariance - covariance[0] - covariance[:, :1] + covariance[0, 0]


def _of_gains(variances: Array) -> Array:
    """Covariance [L, L] of gains of these variances [L] over the first, half of which they share, as it is the first's.

    The first gains nothing over itself. Where variances differ, two gains share what the smaller one has.
    """
    covariance = np.minimum.outer(variances, variances) / 2
    np.fill_diagonal(covariance, variances)
    covariance[0] = covariance[:, 0] = 0.0
    return covariance


def _without_negative_part(covariance: Array) -> Array:
    """The covariance [L, L] with no negative variance in any direction, which an estimate from few rows may have."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, 0.0)) @ vectors.T


def _without_false_certainty(variances: Array, rounding: float) -> Array:
    """Where the seeds of two λ differ by exactly the same, that is luck if other λ show that seeds do scatter."""
    scatters = (variances > rounding) & np.isfinite(variances)
    smallest = variances[scatters].min() if scatters.any() else 0.0
    found = np.where(variances > rounding, variances, smallest)
    np.fill_diagonal(found, 0.0)
    return found


def _gain_covariance(deviations: Array, has_gain: NDArray[np.bool_]) -> Array:
    """Covariance [L, L] of the mean gains, each two by the seeds that have both; deviations [L, S] from the means."""
    together = has_gain.astype(float)
    counts, pairs = together.sum(axis=1), together @ together.T
    scatter = deviations @ deviations.T
    per_seed = np.divide(scatter, pairs - 1, out=np.zeros_like(scatter), where=pairs > 1)
    share = np.divide(pairs, np.outer(counts, counts), out=np.zeros_like(pairs), where=pairs > 0)
    return per_seed * share
