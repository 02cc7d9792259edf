"""What a sample of test rows adds to the error of mean scores, beside what the seeds show.

Every seed is scored on the same rows: seeds and rows are crossed. A hit is split into the effects of λ, seed, row
and the rest. The scatter over seeds holds the seeds' effect and, divided by the number of rows, the rest; the rows'
effect is what it leaves out. It is estimated by the mean squares of a two-way analysis of variance (Searle,
Casella and McCulloch 1992, Variance Components, chapter 4).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import Array

# More would not change the estimate of what rows and seeds share: each has as many terms as there are rows.
SEEDS_FOR_INTERACTION = 32
_ROUNDING = 1e-9  # of a sum of mean hits


@dataclass(frozen=True, kw_only=True, eq=False)
class RowErrors:
    """What test rows add to the error of mean scores over λ.

    `covariance` [L, L]: of the mean scores. `least_variances` [L, L]: of the difference between two λ at least,
    whatever the rows show. `num_independent`: how many rows or groups they were estimated from.
    """

    covariance: Array
    least_variances: Array
    num_independent: int


def estimate_row_errors(
    hits: NDArray[np.bool_ | np.uint8], has_score: NDArray[np.bool_], groups: NDArray[np.intp] | None
) -> RowErrors:
    """The part of the error that comes from rows.

    hits [L, S, N], 0 or 1; has_score [L, S]; groups [N], one number for the rows of one group, None where every row
    stands by itself. At least 2 rows or groups.
    """
    num_lambdas, _, num_rows = hits.shape
    means = np.zeros((num_lambdas, num_rows))
    for mean, of_lambda, ran in zip(means, hits, has_score, strict=True):
        if ran.any():
            ran_hits = of_lambda if ran.all() else of_lambda[ran]
            mean[:] = ran_hits.sum(axis=0, dtype=np.int32) / len(ran_hits)
    totals = _group_totals(means, groups)
    num_groups = totals.shape[-1]
    scale = num_groups / (num_groups - 1) / num_rows**2
    between = scale * totals @ totals.T
    return RowErrors(
        covariance=between - scale * _interaction(hits, has_score, groups),
        least_variances=_least_variances(totals, num_rows),
        num_independent=num_groups,
    )


def _least_variances(totals: Array, num_rows: int) -> Array:
    """The least variance [L, L] of the difference between two λ, whose mean hits by group are `totals` [L, G].

    It is that of a single row on which two λ differ. Where no row tells them apart, as where both always name the
    largest class, nothing is known of how groups of rows scatter, and it is that of a whole group. So 95 % intervals
    reach about as far as the rule of three says, 3 / n of n rows or groups (Hanley and Lippman-Hand 1983), where no
    scatter at all would say that the λ are surely equal.
    """
    is_told = np.array([(np.abs(totals - other) > _ROUNDING).any(axis=1) for other in totals])
    return np.where(is_told, 1 / num_rows, 1 / totals.shape[-1]) ** 2


def _interaction(
    hits: NDArray[np.bool_ | np.uint8], has_score: NDArray[np.bool_], groups: NDArray[np.intp] | None
) -> Array:
    """What the rest, neither the seed's nor the row's, adds to `totals @ totals.T`, [L, L].

    It is estimated from the seeds that every λ has. Where fewer than two have all, it counts as nothing: the rows'
    part then errs upwards.
    """
    ran = has_score.astype(float)
    complete = np.flatnonzero(has_score[has_score.any(axis=1)].all(axis=0))[:SEEDS_FOR_INTERACTION]
    if len(complete) < 2:
        return np.zeros((len(hits), len(hits)))
    totals = _group_totals(hits[:, complete].astype(float), groups)
    rest = (totals - totals.mean(axis=1, keepdims=True)).reshape(len(hits), -1)
    together, counts = ran @ ran.T, ran.sum(axis=1)
    share = np.divide(together, np.outer(counts, counts), out=np.zeros_like(together), where=together > 0)
    return share * (rest @ rest.T) / (len(complete) - 1)


def _group_totals(values: Array, groups: NDArray[np.intp] | None) -> Array:
    """Sums [..., G] over the rows of each group of values [..., N] less their mean over all rows."""
    centred = values - values.mean(axis=-1, keepdims=True)
    if groups is None:
        return centred
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups.min() - 1))
    return np.add.reduceat(centred[..., order], starts, axis=-1)
