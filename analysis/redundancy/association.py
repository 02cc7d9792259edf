"""Do λ* and a predictor rank encoders alike? Kendall's correlation where orders are uncertain or censored.

A pair of encoders scores the expected sign of its difference, once for either quantity: ±1 where the order is
certain, near 0 where errors hide it, 0 where it is censored (Oakes 1982). The sum of the products over pairs, divided
by the root of the sums of squares, is a generalised correlation (Daniels 1944) and equals Kendall's tau-b where
nothing is uncertain: a pair without an order counts as a tie.

The interval resamples clusters, and the p-value exchanges the predictors of whole clusters, in every possible way where
there are few; with fewer than five clusters no order can be told from chance at 5 %.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.special import ndtr

from analysis.arrays import Array
from analysis.redundancy.measurements import Measurements

_MOST_ENUMERATED = 6  # clusters, 720 exchanges
_EXCHANGES = 999


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """From -1 to 1, with its interval and the two-sided p-value of no relation; 0 where nothing can be ranked."""

    value: float
    interval: tuple[float, float]
    p_value: float


def rank_correlation(data: Measurements, counts: Array, confidence: float, rng: np.random.Generator) -> RankCorrelation:
    """Rank correlation; counts [B, C] say how often each cluster is in each resample."""
    of_predictor = _expected_signs(data.predictor, data.deviation, data.deviation)
    of_optimum = _expected_signs(data.optimum, data.below, data.above)
    of_optimum[_undetermined(data)] = 0.0
    value = float(_correlation(of_predictor, of_optimum, np.ones((1, len(data.predictor))))[0])
    resampled = _correlation(of_predictor, of_optimum, counts[:, data.cluster])
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    exchanged = _exchanged(data, of_predictor, _lenders(data.num_clusters, rng))
    chance = _correlation(exchanged, of_optimum, np.ones((len(exchanged), 1)))
    # Twice the smaller side, as uncertain orders make the two sides slightly unequal.
    sides = np.mean(chance >= value - 1e-12), np.mean(chance <= value + 1e-12)
    return RankCorrelation(value=value, interval=(float(low), float(high)), p_value=min(1.0, 2 * float(min(sides))))


def _expected_signs(values: Array, below: Array, above: Array) -> Array:
    """Expected sign [N, N] of the second value less the first, each with normal errors of its own to either side."""
    difference = values[None, :] - values[:, None]
    # Where the second is larger, what counts is how far the first errs upwards and the second downwards.
    second_larger = np.hypot(above[:, None], below[None, :])
    error = np.where(difference > 0, second_larger, second_larger.T)
    certain = error == 0
    signs = 2 * ndtr(difference / np.where(certain, 1.0, error)) - 1
    return np.where(certain, np.sign(difference), signs)


def _undetermined(data: Measurements) -> np.ndarray:
    """Pairs [N, N] whose order a grid hides: one optimum lies at or beyond the end on whose side the other is."""
    beyond_last = data.optimum >= data.last
    beyond_first = (data.optimum <= data.first) & (data.first > 0)
    is_larger = data.optimum[None, :] >= data.optimum[:, None]
    hidden = (beyond_last[:, None] & is_larger) | (beyond_first[None, :] & is_larger)
    return hidden | hidden.T


def _correlation(first: Array, second: Array, weights: Array) -> Array:
    """Daniels' correlation [B] of antisymmetric scores [N, N] or [B, N, N]; weights [B, N], or [B, 1] for all alike."""
    pairs = weights[:, :, None] * weights[:, None, :]
    product, squares = ((pairs * scores).sum((1, 2)) for scores in (first * second, first**2))
    scale = np.sqrt(squares * (pairs * second**2).sum((1, 2)))
    return np.divide(product, scale, out=np.zeros(len(weights)), where=scale > 0)


def _lenders(num_clusters: int, rng: np.random.Generator) -> np.ndarray:
    """From which cluster [B, C] each gets its predictors: all ways where they are few, else as it is and drawn ones."""
    if num_clusters <= _MOST_ENUMERATED:
        return np.array(list(permutations(range(num_clusters))))
    drawn = rng.permuted(np.tile(np.arange(num_clusters), (_EXCHANGES, 1)), axis=1)
    return np.concatenate([np.arange(num_clusters)[None], drawn])


def _exchanged(data: Measurements, scores: Array, lenders: np.ndarray) -> Array:
    """Scores [B, N, N] after clusters got the predictors of their lenders [B, C]; a lone encoder lends twice."""
    members = [np.flatnonzero(data.cluster == cluster) for cluster in range(data.num_clusters)]
    encoder = np.array([[of_cluster[0], of_cluster[-1]] for of_cluster in members])
    taken = encoder[lenders[:, data.cluster], data.place]
    return scores[taken[:, :, None], taken[:, None, :]]
