"""Two representations made ready to be compared: checked, centred, or reduced to their leading directions; float64."""

import numpy as np
import torch
from torch import Tensor

# Features that a network computed in float32 carry a few roundings for each entry, not one.
_ROUNDINGS_PER_ENTRY = 10


def paired_features(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Both inputs as float64 [n, d_a] and [n, d_b].

    Raises ValueError where they are not [n, d] with the same n >= 2, or a value is not finite.
    """
    features_a, features_b = _features("a", a), _features("b", b)
    if len(features_a) != len(features_b):
        raise ValueError(f"a and b must have the same rows, got {len(features_a)} and {len(features_b)}")
    return features_a, features_b


def centred_features(a: np.ndarray | Tensor, b: np.ndarray | Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Both inputs with each feature's mean taken out, each input scaled as a whole to entries of at most about 1.

    Raises ValueError as `paired_features`.
    """
    features_a, features_b = paired_features(a, b)
    return _centred(_unit_scale(features_a)), _centred(_unit_scale(features_b))


def leading_directions(
    a: np.ndarray | Tensor, b: np.ndarray | Tensor, num_components: int
) -> tuple[np.ndarray, np.ndarray]:
    """First left singular vectors [n, c] of each input's standardised features: `num_components`, or fewer by its rank.

    A feature must vary by more than the rounding of the input's own type, and a component by more than its features'.
    Raises ValueError as `paired_features`, and where `num_components` < 1.
    """
    if num_components < 1:
        raise ValueError(f"num_components must be at least 1, got {num_components}")
    features_a, features_b = paired_features(a, b)
    return (
        _leading_directions(features_a, _rounding(a), num_components),
        _leading_directions(features_b, _rounding(b), num_components),
    )


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
    # The scale does not matter, and squares of large or small entries would overflow or vanish.
    largest = np.abs(features).max()
    return features / largest if largest > 0 else features


def _centred(features: np.ndarray) -> np.ndarray:
    # Without the first row, constant columns are exactly 0, where the mean alone would leave rounding to be compared.
    centred = features - features[0]
    centred -= centred.mean(axis=0)
    return centred


def _leading_directions(features: np.ndarray, rounding: float, num_components: int) -> np.ndarray:
    # Features are scaled one by one, so that squares of large or small ones neither overflow nor vanish.
    largest = np.abs(features).max(axis=0)
    features = features / np.where(largest > 0, largest, 1.0)
    centred = _centred(features)
    lengths = np.linalg.norm(centred, axis=0)
    roundings = _ROUNDINGS_PER_ENTRY * rounding * np.linalg.norm(features, axis=0)
    varying = lengths > roundings
    if not varying.any():
        return np.empty((len(features), 0))
    # Features of one length have one variance.
    standardised = centred[:, varying]
    standardised /= lengths[varying]
    vectors, values, weights = np.linalg.svd(standardised, full_matrices=False)
    # Roundings of different features are independent, so that a component has them in the shares of its features.
    smallest = np.linalg.norm(weights * (roundings[varying] / lengths[varying]), axis=1)
    smallest += _ROUNDINGS_PER_ENTRY * np.finfo(np.float64).eps * np.linalg.norm(standardised)
    return vectors[:, values > smallest][:, :num_components]
