"""Whether to align an encoder: the front door, from scores over λ to a decision."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arrays import Array
from analysis.decision.band import gain_band, single_levels
from analysis.decision.band_verdict import best_index, harmful_from, harmless_to, leading, shape_of, word_of
from analysis.decision.decisions import Decision
from analysis.decision.near_best import could_be_best
from analysis.decision.needed_seeds import contending, further_seeds, rows_dominate, seeds_are_spent
from analysis.decision.paired_differences import PairedDifferences, paired_differences
from analysis.decision.row_errors import estimate_row_errors
from analysis.decision.spent import spent_at
from analysis.optimum import checked_curve

CONFIDENCE = 0.95
# Scores are recorded with fewer digits than hits have.
LARGEST_ROUNDING = 1e-5


def decide(
    lambdas: ArrayLike,
    scores: ArrayLike,
    *,
    margin: float = 0.005,
    confidence: float = CONFIDENCE,
    look: ArrayLike = 1,
    hits: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
    more_seeds_at_most: int | None = None,
) -> Decision:
    """Decide whether to align, from scores over λ of an encoder, with all of their uncertainty.

    lambdas [L]: increasing, at least 0, L ≥ 2; all are compared with the first. scores [L, S]: accuracies, column s
    is one seed at every λ, NaN where it was not run or diverged. A λ without any score takes no part. margin: the
    smallest difference in accuracy that matters.

    Differences are paired by seed. The band holds the gains at all λ, however the best was chosen, and at all looks
    together, with probability `confidence`; so does the statement that the best λ is in `could_be_best`. look: 1, 2, …,
    at which look, each at more seeds than the one before, a λ got the last of its seeds; one number, or one for each λ
    [L]. `spent.spent_at` says what each look may err.

    hits [L, S, N]: which test rows were right, in the columns of scores, anything where scores are NaN. None where
    the population is known, or where the statement is about these test rows only. groups [N]: rows of one speaker or
    recording have one value. seed: of the draws that find the band's critical value. more_seeds_at_most: beyond it
    `more_seeds` is None.

    `benchmarks/decision_rule.py` simulates how often decisions are wrong. Raises ValueError for wrong shapes, unordered
    λ, infinite scores, or hits that do not give the scores.
    """
    grid, table = checked_curve(lambdas, scores)
    looks = _checked_looks(look, len(grid))
    _check_options(margin, confidence)
    differences = _differences(table, hits, groups)
    # A difference rests on the seeds that both λ have, so on those of the earlier look.
    errors = spent_at(np.minimum.outer(looks, looks), 1 - confidence)
    band = gain_band(differences, single_levels(differences, errors[0], seed))
    top = best_index(band)
    near, possible = could_be_best(differences, margin, errors), could_be_best(differences, 0.0, errors)
    near[top] = possible[top] = True
    word = word_of(band, margin)
    possible[0] &= word != "align"  # which shows that some λ is better than the first
    is_open = np.zeros(len(grid), dtype=bool)
    if word == "undecided" and differences.is_scored[0]:
        is_open = contending(band, near, margin)
    next_errors = spent_at(np.minimum(looks, looks[0]) + is_open, 1 - confidence)
    next_levels = single_levels(differences, next_errors, seed)
    seeds_cannot_tell = seeds_are_spent(differences, is_open, margin, next_levels)
    return Decision(
        lambdas=tuple(grid.tolist()),
        margin=margin,
        word=word,
        best=float(grid[top]),
        gain=float(band.gains[top]),
        gain_interval=(float(band.lows[top]), float(band.highs[top])),
        gains=band.gains,
        lows=band.lows,
        highs=band.highs,
        could_be_best=tuple(grid[possible].tolist()),
        as_good=tuple(grid[near].tolist()),
        harmful_from=_at(grid, harmful_from(band)),
        harmless_to=_at(grid, harmless_to(band, margin)),
        contenders=() if seeds_cannot_tell or not is_open.any() else (float(grid[0]), *grid[is_open].tolist()),
        more_seeds=further_seeds(differences, is_open, margin, next_levels, more_seeds_at_most),
        dominated_by="rows" if rows_dominate(differences)[leading(band)] else "seeds",
        seeds_cannot_tell=seeds_cannot_tell,
        shape=shape_of(band, margin),
        num_seeds=tuple(np.isfinite(table).sum(axis=1).tolist()),
    )


def _check_options(margin: float, confidence: float) -> None:
    if not margin > 0:
        raise ValueError(f"margin must be above 0, got {margin}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")


def _checked_looks(look: ArrayLike, num_lambdas: int) -> NDArray[np.intp]:
    """The looks [L]."""
    looks = np.asarray(look)
    if looks.shape not in ((), (num_lambdas,)) or looks.dtype.kind not in "iu" or (looks < 1).any():
        raise ValueError(f"look must be a whole number of at least 1, or one for each of {num_lambdas} λ, got {look}")
    return np.broadcast_to(looks, num_lambdas).astype(np.intp)


def _differences(scores: Array, hits: ArrayLike | None, groups: ArrayLike | None) -> PairedDifferences:
    """The paired differences, with the rows' part where hits are given."""
    if hits is None:
        if groups is not None:
            raise ValueError("groups are of the rows of hits, got groups without hits")
        return paired_differences(scores, None)
    right = np.asarray(hits)
    if right.ndim != 3 or right.shape[:2] != scores.shape or right.shape[2] < 2:
        raise ValueError(f"hits must have shape {[*scores.shape, 'at least 2 rows']}, got {list(right.shape)}")
    number = None if groups is None else _numbered(groups, right.shape[2])
    has_score = np.isfinite(scores)
    misfit = np.abs(right.mean(axis=2, dtype=np.float32) - scores)[has_score]
    if (misfit > LARGEST_ROUNDING).any():
        raise ValueError(f"hits must give the scores as their means over rows, they differ by up to {misfit.max():.3g}")
    return paired_differences(scores, estimate_row_errors(right, has_score, number))


def _numbered(groups: ArrayLike, num_rows: int) -> NDArray[np.intp]:
    """The groups numbered from 0."""
    names = np.asarray(groups)
    if names.shape != (num_rows,):
        raise ValueError(f"groups must have shape [{num_rows}], one for each row of hits, got {list(names.shape)}")
    distinct, number = np.unique(names, return_inverse=True)
    if len(distinct) < 2:
        raise ValueError("groups must be at least 2: one alone says nothing about how groups scatter")
    return number


def _at(grid: Array, index: int | None) -> float | None:
    return None if index is None else float(grid[index])
