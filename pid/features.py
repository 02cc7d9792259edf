"""Features and class labels as estimators take them: checked, and reduced to principal directions."""

import numpy as np

from pid.sequences import moderate


def checked_features(name: str, x: np.ndarray) -> np.ndarray:
    """`x` [n, d] or [n] as float64 [n, d], after `moderate`.

    Raises ValueError where the shape does not fit or a value is not finite.
    """
    array = np.asarray(x, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[0] < 2 or array.shape[1] < 1:
        raise ValueError(f"{name} must be [n, d] or [n] with n >= 2 and d >= 1, got shape {np.shape(x)}")
    if not np.isfinite(array).all():
        bad_rows = int((~np.isfinite(array).all(axis=1)).sum())
        raise ValueError(f"{name} must be finite, got NaN or infinity in {bad_rows} of its {len(array)} rows")
    return moderate(array)


def checked_pair(x1: np.ndarray, x2: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both modalities as float64 [n, d_1] and [n, d_2]. Raises ValueError unless they and `y` have the same rows."""
    features_1, features_2 = checked_features("x1", x1), checked_features("x2", x2)
    if not len(features_1) == len(features_2) == len(y):
        raise ValueError(f"x1, x2 and y must have the same rows, got {len(features_1)}, {len(features_2)} and {len(y)}")
    return features_1, features_2


def class_codes(y: np.ndarray) -> np.ndarray:
    """Labels [n] as codes 0 … num_classes - 1 [n] in the order of the labels.

    Raises ValueError unless `y` is one-dimensional, of integers or booleans, and has two classes or more.
    """
    labels = np.asarray(y)
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(f"y must be [n] class labels of an integer type, got {labels.dtype} of shape {labels.shape}")
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y must have at least two classes, got only {classes.tolist()}")
    return codes


def fold_numbers(codes: np.ndarray, num_folds: int, seed: int) -> np.ndarray:
    """A fold 0 … num_folds - 1 for each row [n]; numbers of rows of one class differ by at most one between folds.

    Raises ValueError for fewer than three folds, or a class with fewer rows than folds.
    """
    if num_folds < 3:
        raise ValueError(f"num_folds must be at least 3 (to train, to stop, to evaluate), got {num_folds}")
    counts = np.bincount(codes)
    if counts.min() < num_folds:
        raise ValueError(f"each class must have at least num_folds = {num_folds} rows, got {counts.tolist()}")
    generator = np.random.default_rng(seed)
    folds = np.empty(len(codes), dtype=np.int64)
    for code in range(len(counts)):
        rows = np.flatnonzero(codes == code)
        # With a random first fold, the spare rows of all classes do not all fall into fold 0.
        folds[generator.permutation(rows)] = (np.arange(len(rows)) + generator.integers(num_folds)) % num_folds
    return folds


def principal_scores(features: np.ndarray, num_components: int | None = None) -> np.ndarray:
    """Leading principal directions of standardised columns, each with variance 1: [n, d] -> [n, k].

    k is `num_components`, or the numerical rank where that is smaller; None keeps the rank. Constant columns are left
    out. Where all columns are constant, k is 0. Raises ValueError if `num_components` < 1.
    """
    if num_components is not None and num_components < 1:
        raise ValueError(f"num_components must be at least 1, got {num_components}")
    centred = features - features[0]  # a constant column is exactly 0 from here on
    centred = centred - centred.mean(axis=0)
    spread = centred.std(axis=0)
    varying = spread > 0
    vectors, values, _ = np.linalg.svd(centred[:, varying] / spread[varying], full_matrices=False)
    rank = int((values > 1e-9 * values[:1].sum()).sum())
    kept = rank if num_components is None else min(rank, num_components)
    return vectors[:, :kept] * np.sqrt(len(features) - 1)
