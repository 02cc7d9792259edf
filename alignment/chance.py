"""Measures of similarity beside their chance level: what they give where the rows of one input are permuted.

A permutation keeps each input as it is and ends what ties its rows to the other's. The chance level of a measure is its
distribution over all n! permutations: a value says that two inputs are related only as far as it leaves that.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from alignment.neighbours import cosine_neighbours, mean_copies
from alignment.permutation_moments import Moments, cka_moments, debiased_cka_moments, neighbour_moments, sample_moments
from alignment.representations import centred_features, leading_directions, paired_features
from alignment.similarity import (
    cka_of_centred,
    debiased_cka_of_centred,
    mean_correlation,
    shared_neighbours,
)

_NUM_PERMUTATIONS = 200
_NUM_PERMUTATIONS_WITH_TIES = 20  # each costs a search of neighbours
_NO_VARIATION = Moments(mean=0.0, variance=0.0, skewness=0.0)


@dataclass(frozen=True, kw_only=True)
class MeasuredSimilarity:
    """The value of a measure, its mean by chance (`chance`), and the 95 % point of chance (`chance_high`)."""

    value: float
    chance: float
    chance_high: float


def linear_cka_with_chance(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> MeasuredSimilarity:
    """`linear_cka` with its chance level in closed form.

    The mean is exact. The 95 % point comes from the exact variance and an approximate skewness (Josse et al. 2008): it
    is off by about a tenth of a standard deviation, by half of one where a few rows are far longer than the others.
    Raises ValueError as `debiased_cka`.
    """
    a, b = centred_features(a, b)
    varies = min(np.abs(a).max(), np.abs(b).max()) > 0
    return _measured(cka_of_centred(a, b), cka_moments(a, b) if varies else _NO_VARIATION)


def debiased_cka_with_chance(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> MeasuredSimilarity:
    """`debiased_cka` with its chance level in closed form: a mean of exactly 0, the 95 % point as of linear CKA.

    Raises ValueError as `debiased_cka`.
    """
    a, b = centred_features(a, b)
    return _measured(debiased_cka_of_centred(a, b), debiased_cka_moments(a, b))


def svcca_with_chance(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, draw: np.random.Generator, num_components: int = 10
) -> MeasuredSimilarity:
    """`svcca` with its chance level by 200 permutations from `draw`: their mean, and a 95 % point from their moments.

    Each input is decomposed once. Raises ValueError as `svcca`.
    """
    leading_a, leading_b = leading_directions(a, b, num_components)
    value = mean_correlation(leading_a, leading_b)
    if min(leading_a.shape[1], leading_b.shape[1]) == 0:
        return _measured(value, _NO_VARIATION)
    products = np.stack([leading_a.T @ draw.permutation(leading_b) for _ in range(_NUM_PERMUTATIONS)])
    permuted = np.linalg.svd(products, compute_uv=False).mean(axis=1)
    return _measured(value, sample_moments(permuted))


def mutual_knn_with_chance(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, draw: np.random.Generator, k: int = 10
) -> MeasuredSimilarity:
    """`mutual_knn` with its chance level in closed form: a mean of k / (n - 1), and a normal distribution's 95 % point.

    Mean and variance are exact where nothing ties. Where most rows are copies in both inputs, as of collapsed encoders,
    ties agree by chance too, and the level is that of 20 permutations from `draw`. Raises ValueError as `mutual_knn`.
    """
    a, b = paired_features(a, b)
    near_a, near_b = cosine_neighbours(a, k), cosine_neighbours(b, k)
    value = shared_neighbours(near_a, near_b)
    # Fewer copies leave ties so few neighbours to decide that it does not show beside the spread of chance.
    if min(mean_copies(a), mean_copies(b)) <= k / 2:
        return _measured(value, neighbour_moments(near_a, near_b))
    # Ties go to the lower index, so that they must be broken anew after each permutation.
    permuted = [
        shared_neighbours(near_a, cosine_neighbours(draw.permutation(b), k)) for _ in range(_NUM_PERMUTATIONS_WITH_TIES)
    ]
    return _measured(value, sample_moments(np.array(permuted)))


def _measured(value: float, moments: Moments) -> MeasuredSimilarity:
    # No measure exceeds 1, which the approximate point might.
    return MeasuredSimilarity(value=value, chance=moments.mean, chance_high=min(moments.high_point(), 1.0))
