"""Similarity of two representations of the same rows: linear CKA, its debiased form, SVCCA and mutual k-NN."""

import numpy as np
from torch import Tensor

from alignment.neighbours import cosine_neighbours
from alignment.representations import centred_features, leading_directions, paired_features


def linear_cka(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """Linear centred kernel alignment, from 0 (no linear relation) to 1 (equal up to rotation and scale).

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n >= 2. Computed in float64 from the d_a × d_b
    covariance, which equals the n × n form (paper eq. 6-7; Kornblith et al. 2019).
    The value depends on n: two unrelated inputs of width d, whose directions vary alike, give about d / (n + d). At
    width 64 that is .65 at 36 rows, .32 at 138 and .03 at 2,048. `linear_cka_with_chance` gives the level of any input.
    A constant input, such as a collapsed encoder's, gives 0: it shares no variation with anything, and so the
    numerator (HSIC) is 0 for every `b`. Raises ValueError where shapes do not fit or a value is not finite.
    """
    return cka_of_centred(*centred_features(a, b))


def debiased_cka(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """Linear CKA from unbiased estimates of HSIC, from -1 to 1; unrelated inputs give 0 on average, whatever n is.

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n >= 4. Each HSIC is the unbiased one of Song et al.
    2012 (eq. 5), as in Nguyen et al. 2021. Over permutations of the rows the mean is 0 and the standard deviation
    √(2 / (n (n - 3))), both exactly and for all inputs: .041 at 36 rows, .0007 at 2,048.
    An input without variation between its rows' pairs (all constant, or all rows as far from one another) gives 0.
    Raises ValueError where shapes do not fit, a value is not finite, or n < 4.
    """
    return debiased_cka_of_centred(*centred_features(a, b))


def svcca(a: np.ndarray | Tensor, b: np.ndarray | Tensor, num_components: int = 10) -> float:
    """Mean canonical correlation between the leading principal directions of both inputs, from 0 to 1.

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n >= 2. Each feature is first standardised to mean 0
    and variance 1; a constant feature becomes 0. The value is the mean singular value of U_a' U_b, with U the first
    `num_components` left singular vectors; exact and deterministic, in float64 (paper sec. 2.2; Raghu et al. 2017).
    The value depends on n: two unrelated inputs give about .85 √(c / (n - 1)) with c components each, where n is much
    larger than c. At 10 components that is .46 at 36 rows, .23 at 138 and .06 at 2,048.
    An input of lower numerical rank gives as many vectors as it has, and the mean is over the smaller number.
    Rounding in the input's own type counts for nothing: a feature must vary by more than 10 ε times its length before
    centring, and a component by more than its features' rounding. A constant input has no component, and gives 0.
    Raises ValueError where shapes do not fit, a value is not finite, or `num_components` < 1.
    """
    return mean_correlation(*leading_directions(a, b, num_components))


def mutual_knn(a: np.ndarray | Tensor, b: np.ndarray | Tensor, k: int = 10) -> float:
    """Mean share of a row's k nearest neighbours that both inputs agree on, from 0 to 1.

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n > k. Neighbours by cosine similarity, the row
    itself excluded. Equals the paper's eq. 8-10 (Huh et al. 2024).
    The value depends on n: over permutations of the rows its mean is k / (n - 1). At 10 neighbours that is .29
    at 36 rows, .07 at 138 and .005 at 2,048. Memory beside the inputs: a few float64 copies, and blocks of 8 MB.
    Ties go to the lower index: always between copies of one row, and between different rows whose cosines agree to
    2^-40. Where both inputs repeat the same rows, ties therefore count as agreement; two constant inputs give 1.
    Raises ValueError where shapes do not fit, a value is not finite, or k is not between 1 and n - 1.
    """
    a, b = paired_features(a, b)
    return shared_neighbours(cosine_neighbours(a, k), cosine_neighbours(b, k))


def cka_of_centred(a: np.ndarray, b: np.ndarray) -> float:
    """Linear CKA of inputs whose features have mean 0."""
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / scale) if scale > 0 else 0.0


def debiased_cka_of_centred(a: np.ndarray, b: np.ndarray) -> float:
    """Debiased CKA of inputs whose features have mean 0; raises ValueError where n < 4."""
    scale = np.sqrt(unbiased_variation(a) * unbiased_variation(b))
    return float(unbiased_product(a, b) / scale) if scale > 0 else 0.0


def unbiased_variation(a: np.ndarray) -> float:
    """`unbiased_product` of an input with itself, which is not negative; 0 where it is no more than rounding."""
    variation = unbiased_product(a, a)
    return variation if variation > len(a) * np.finfo(np.float64).eps * np.linalg.norm(a.T @ a) ** 2 else 0.0


def unbiased_product(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased HSIC of inputs [n, d] whose features have mean 0, times n (n - 3).

    It is the sum of products of both kernels' entries off the diagonal, once those of each row have been centred.
    Raises ValueError where n < 4.
    """
    num_rows = len(a)
    if num_rows < 4:
        raise ValueError(f"an unbiased estimate of HSIC needs at least 4 rows, got {num_rows}")
    lengths_a, lengths_b = (np.einsum("nd,nd->n", x, x) for x in (a, b))
    # With features of mean 0 the rows of a kernel sum to 0, so that its diagonal says all about the rest.
    return float(
        np.linalg.norm(a.T @ b) ** 2
        - num_rows / (num_rows - 2) * (lengths_a @ lengths_b)
        + lengths_a.sum() * lengths_b.sum() / ((num_rows - 1) * (num_rows - 2))
    )


def mean_correlation(leading_a: np.ndarray, leading_b: np.ndarray) -> float:
    """Mean singular value of U_a' U_b, of inputs with orthonormal columns; 0 where one has none."""
    if min(leading_a.shape[1], leading_b.shape[1]) == 0:
        return 0.0
    return float(np.linalg.svd(leading_a.T @ leading_b, compute_uv=False).mean())


def shared_neighbours(near_a: np.ndarray, near_b: np.ndarray) -> float:
    """Share of the neighbours in two lists [n, k] that both have."""
    both = np.sort(np.concatenate((near_a, near_b), axis=1), axis=1)
    return float((both[:, 1:] == both[:, :-1]).sum() / near_a.size)
