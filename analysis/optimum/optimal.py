"""λ* of one encoder: the best alignment weight, its uncertainty, and the shape of the curve around it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.arrays import Array
from analysis.optimum.evidence import Comparisons, compare_lambdas
from analysis.optimum.noise import fit_noise
from analysis.optimum.smoothing import SmoothCurve, smooth_curve, unit_positions

Regime = Literal["increasing", "saturating", "inverted_u", "decreasing", "flat"]
Edge = Literal["lower", "upper"]

# The scatter over seeds is taken as at least this share of the curve's range: where seeds agree
# exactly, every ratio to their scatter would be undefined.
SMALLEST_RELATIVE_NOISE = 1e-6
# Of the doubt that a confidence leaves, a half would do for two λ chosen beforehand. The best was chosen by the same
# scores: simulated intervals held the optimum in as few as 93 % with a half, and in 96 % with a third.
SHARE_OF_DOUBT = 1 / 3


@dataclass(frozen=True, kw_only=True)
class OptimalLambda:
    """The optimum of one curve of scores over λ; what needs several seeds is None where there is one.

    `best` is the maximum of the smooth fit and `score` the fit there. `interval` holds every λ that could
    still be the best one. `smallest_equivalent` is the smallest λ of the grid that no larger one is shown to
    beat. `at_edge` says that `best` is the grid's first or last λ, so the true optimum may lie beyond. `gain`
    is the fit at `best` less the fit at the first λ: an estimate of what new seeds gain at that very λ, which is 0
    by definition where it is the first. As `best` is where the fit is highest, `gain` errs upwards on average;
    `gain_interval` allows for that. `p_value` belongs to the hypothesis that the curve is flat.
    """

    best: float
    interval: tuple[float, float] | None
    smallest_equivalent: float | None
    regime: Regime | None
    p_value: float | None
    at_edge: Edge | None
    score: float
    gain: float
    gain_interval: tuple[float, float] | None
    num_seeds: int


def optimal_lambda(
    lambdas: ArrayLike,
    scores: ArrayLike,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> OptimalLambda:
    """Find the λ that maximises the scores, and say how sure that is.

    lambdas [L]: increasing, at least 0, L ≥ 2. scores [L, S]: higher is better, column s is one seed at every λ; a
    seed with NaN at one of them is left out. The regime rests on tests at level 1 - confidence, corrected for the
    number of λ: `inverted_u` where some λ beats the first and some λ beats the last, `decreasing` and `flat` where
    only the latter or neither is shown, `increasing` where every smaller λ is beaten by a larger one, `saturating`
    where it rises but its end is not shown to. A dip between two equal ends is flat in this sense. The interval holds
    every λ that `best` does not surely beat in the curve's draws; `benchmarks/optimum_power.py` simulates how often it
    holds the optimum. Raises ValueError for wrong shapes, unordered or negative λ, infinite scores, no complete seed.
    """
    grid, table = complete_scores(lambdas, scores)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}")
    if table.shape[1] == 1:
        return _of_one_seed(grid, table[:, 0])
    means = table.mean(axis=1)
    spread = np.ptp(means)
    if spread <= 1e-12 * np.abs(table).max():
        return _of_equal_means(grid, table)
    positions = unit_positions(grid)
    floor = (SMALLEST_RELATIVE_NOISE * spread) ** 2
    rng = np.random.default_rng(seed)
    evidence = compare_lambdas(table, positions, alpha=1 - confidence, floor=floor, rng=rng, resamples=resamples)
    curve = smooth_curve(grid, means, fit_noise(table, positions, floor), rng, resamples)
    top = int(curve.values.argmax())
    best = float(curve.lambdas[top])
    return OptimalLambda(
        best=best,
        interval=_interval(curve, confidence),
        smallest_equivalent=float(grid[evidence.smallest_equivalent]),
        regime=_regime(evidence, len(grid), 1 - confidence),
        p_value=evidence.flat,
        at_edge=_edge(best, grid),
        score=float(curve.values[top]),
        gain=float(curve.values[top] - curve.values[0]),
        gain_interval=_gain_interval(curve, confidence),
        num_seeds=table.shape[1],
    )


def complete_scores(lambdas: ArrayLike, scores: ArrayLike) -> tuple[Array, Array]:
    """λ [L] and scores [L, S'] of the seeds that have one at every λ; ValueError where none has."""
    grid, table = checked_curve(lambdas, scores)
    complete = table[:, np.isfinite(table).all(axis=0)]
    if complete.shape[1] == 0:
        raise ValueError(f"scores must have a seed with a score at every λ, none of {table.shape[1]} has")
    return grid, complete


def checked_curve(lambdas: ArrayLike, scores: ArrayLike) -> tuple[Array, Array]:
    """λ [L] and scores [L, S], finite or NaN, as arrays of floats, or a ValueError that says what is wrong."""
    grid, table = np.asarray(lambdas, dtype=float), np.asarray(scores, dtype=float)
    if grid.ndim != 1 or len(grid) < 2:
        raise ValueError(f"lambdas must be a list of at least 2 λ, got shape {grid.shape}")
    if table.ndim != 2 or len(table) != len(grid) or table.shape[1] == 0:
        raise ValueError(f"scores must have shape [{len(grid)} lambdas, at least 1 seed], got {table.shape}")
    if not np.isfinite(grid).all() or grid[0] < 0 or (np.diff(grid) <= 0).any():
        raise ValueError(f"lambdas must be at least 0 and strictly increasing, got {grid.tolist()}")
    if np.isinf(table).any():
        raise ValueError("scores must be finite, or NaN where a seed was not run, got infinite ones")
    return grid, table


def _of_one_seed(lambdas: Array, scores: Array) -> OptimalLambda:
    """The largest score: one seed says nothing about noise, so nothing can be smoothed, bounded or tested."""
    top = int(scores.argmax())
    return OptimalLambda(
        best=float(lambdas[top]),
        interval=None,
        smallest_equivalent=None,
        regime=None,
        p_value=None,
        at_edge=_edge(lambdas[top], lambdas),
        score=float(scores[top]),
        gain=float(scores[top] - scores[0]),
        gain_interval=None,
        num_seeds=1,
    )


def _of_equal_means(lambdas: Array, scores: Array) -> OptimalLambda:
    """A curve without any difference between λ: every λ is best, and the first costs least."""
    return OptimalLambda(
        best=float(lambdas[0]),
        interval=(float(lambdas[0]), float(lambdas[-1])),
        smallest_equivalent=float(lambdas[0]),
        regime="flat",
        p_value=1.0,
        at_edge="lower",
        score=float(scores.mean()),
        gain=0.0,
        gain_interval=(0.0, 0.0),
        num_seeds=scores.shape[1],
    )


def _regime(evidence: Comparisons, num_lambdas: int, alpha: float) -> Regime:
    """The shape that the tests support."""
    rises, falls = evidence.rise <= alpha, evidence.fall <= alpha
    if rises and falls:
        return "inverted_u"
    if rises:
        return "increasing" if evidence.smallest_equivalent == num_lambdas - 1 else "saturating"
    return "decreasing" if falls else "flat"


def _edge(best: float, lambdas: Array) -> Edge | None:
    if best == lambdas[0]:
        return "lower"
    return "upper" if best == lambdas[-1] else None


def _interval(curve: SmoothCurve, confidence: float) -> tuple[float, float]:
    """From the smallest to the largest λ that the fit's best one is not surely better than."""
    is_better = curve.draws[:, [int(curve.values.argmax())]] > curve.draws
    plausible = curve.lambdas[is_better.mean(axis=0) <= 1 - SHARE_OF_DOUBT * (1 - confidence)]
    return float(plausible.min()), float(plausible.max())


def _gain_interval(curve: SmoothCurve, confidence: float) -> tuple[float, float]:
    """Bounds of the gain at the fit's best λ over the first λ, each exceeded with half of what confidence leaves.

    The lower one is that of a band below which the draws' gains do not fall at any λ (simulated critical value:
    Ruppert, Wand and Carroll 2003, Semiparametric Regression, chapter 6), so it holds whichever λ was chosen and
    however (Berk et al. 2013, Valid post-selection inference, Ann. Stat. 41(2)). The upper one needs no such care: an
    estimate that was chosen for being the highest errs upwards.
    """
    top = int(curve.values.argmax())
    if top == 0:
        return 0.0, 0.0
    gains, fitted = curve.draws[:, 1:] - curve.draws[:, :1], curve.values[1:] - curve.values[0]
    deviations = gains.std(axis=0)
    shortfall = ((fitted - gains) / deviations).max(axis=1)
    low = fitted[top - 1] - np.quantile(shortfall, (1 + confidence) / 2) * deviations[top - 1]
    return float(low), float(np.quantile(gains[:, top - 1], (1 + confidence) / 2))
