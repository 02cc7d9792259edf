"""Similarity of two representations of the same rows: linear CKA, SVCCA and mutual k-NN."""

import numpy as np
import torch
from torch import Tensor

from alignment.neighbours import cosine_neighbours

# Features that a network computed in float32 carry a few roundings for each entry, not one.
_ROUNDINGS_PER_ENTRY = 10


def linear_cka(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> float:
    """Linear centred kernel alignment, from 0 (no linear relation) to 1 (equal up to rotation and scale).

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n >= 2. Computed in float64 from the d_a × d_b
    covariance, which equals the n × n form (paper eq. 6-7; Kornblith et al. 2019).
    A constant input, such as a collapsed encoder's, gives 0: it shares no variation with anything, and so the
    numerator (HSIC) is 0 for every `b`. Raises ValueError where shapes do not fit or a value is not finite.
    """
    a, b = (_centred(_unit_scale(x)) for x in _paired_features(a, b))
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(a.T @ b) ** 2 / scale) if scale > 0 else 0.0


def svcca(a: np.ndarray | Tensor, b: np.ndarray | Tensor, num_components: int = 10) -> float:
    """Mean canonical correlation between the leading principal directions of both inputs, from 0 to 1.

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n >= 2. The mean singular value of U_a' U_b, with U
    the first `num_components` left singular vectors of the centred input; exact and deterministic, in float64
    (paper sec. 2.2; Raghu et al. 2017). An input of lower numerical rank gives as many as it has: a singular value
    counts where it exceeds what rounding in the input's own type can make of nothing, 10 ε times the input's Frobenius
    norm. The mean is over the smaller number. A constant input has none, shares no variation, and gives 0.
    Raises ValueError where shapes do not fit, a value is not finite, or `num_components` < 1.
    """
    if num_components < 1:
        raise ValueError(f"num_components must be at least 1, got {num_components}")
    leading_a, leading_b = (
        _leading_directions(features, _rounding(x), num_components)
        for features, x in zip(_paired_features(a, b), (a, b), strict=True)
    )
    if min(leading_a.shape[1], leading_b.shape[1]) == 0:
        return 0.0
    return float(np.linalg.svd(leading_a.T @ leading_b, compute_uv=False).mean())


def mutual_knn(a: np.ndarray | Tensor, b: np.ndarray | Tensor, k: int = 10) -> float:
    """Mean share of a row's k nearest neighbours that both inputs agree on, from 0 to 1.

    `a` [n, d_a], `b` [n, d_b]: row i of both is the same example; n > k. Neighbours by cosine similarity, the row
    itself excluded. Equals the paper's eq. 8-10 (Huh et al. 2024). Two unrelated inputs give about k / (n - 1), so the
    value depends on n. Memory beside the inputs: a few float64 copies, and blocks of 8 MB.
    Ties go to the lower index: always between copies of one row, and between different rows whose cosines agree to
    2^-40. Where both inputs repeat the same rows, ties therefore count as agreement; two constant inputs give 1.
    Raises ValueError where shapes do not fit, a value is not finite, or k is not between 1 and n - 1.
    """
    a, b = _paired_features(a, b)
    both = np.sort(np.concatenate((cosine_neighbours(a, k), cosine_neighbours(b, k)), axis=1), axis=1)
    return float((both[:, 1:] == both[:, :-1]).sum() / (len(a) * k))


def _paired_features(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> tuple[np.ndarray, np.ndarray]:
    features_a, features_b = _features("a", a), _features("b", b)
    if len(features_a) != len(features_b):
        raise ValueError(f"a and b must have the same rows, got {len(features_a)} and {len(features_b)}")
    return features_a, features_b


def _features(name: str, x: np.ndarray | Tensor) -> np.ndarray:
    array = x.detach().cpu().double().numpy() if isinstance(x, Tensor) else np.asarray(x, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 1:
        raise ValueError(f"{name} must be [n, d] with n >= 2 and d >= 1, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad_rows = int((~np.isfinite(array).all(axis=1)).sum())
        raise ValueError(f"{name} must be finite, got NaN or infinity in {bad_rows} of its {len(array)} rows")
    return array


def _rounding(x: np.ndarray | Tensor) -> float:
    """Relative rounding of the entries of `x`; integers are exact and are rounded as float64 from here on."""
    if isinstance(x, Tensor):
        return torch.finfo(x.dtype if x.is_floating_point() else torch.float64).eps
    dtype = np.asarray(x).dtype
    return float(np.finfo(dtype if np.issubdtype(dtype, np.floating) else np.float64).eps)


def _unit_scale(features: np.ndarray) -> np.ndarray:
    # All three measures ignore the scale, and squares of large or small entries would overflow or vanish.
    largest = np.abs(features).max()
    return features / largest if largest > 0 else features


def _centred(features: np.ndarray) -> np.ndarray:
    # Without the first row, constant columns are exactly 0, where the mean alone would leave rounding to be compared.
    shifted = features - features[0]
    return shifted - shifted.mean(axis=0)


def _leading_directions(features: np.ndarray, rounding: float, num_components: int) -> np.ndarray:
    """First left singular vectors of the centred features, `num_components` or as many as their numerical rank."""
    features = _unit_scale(features)
    vectors, values, _ = np.linalg.svd(_centred(features), full_matrices=False)
    smallest = _ROUNDINGS_PER_ENTRY * rounding * np.linalg.norm(features)
    return vectors[:, : min(num_components, int((values > smallest).sum()))]
