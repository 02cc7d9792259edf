"""Ridge regression of class indicators, in closed form: scores of held-out rows, and of training rows left out."""

from dataclasses import dataclass

import numpy as np

_PENALTIES = np.geomspace(1e-2, 1e4, 13)
_LARGEST_LEVERAGE = 1 - 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class RidgeScores:
    """Scores of the training rows, each left out of its own fit [n, num_classes], and of held-out rows."""

    left_out: np.ndarray
    held_out: np.ndarray


def ridge_scores(train: np.ndarray, codes: np.ndarray, held_out: np.ndarray, num_classes: int) -> RidgeScores:
    """Regress the indicators of `codes` [n] on `train` [n, d], and predict them for `held_out` [m, d].

    The penalty is the one whose predictions of left-out training rows have the least squared error. A row's prediction
    without itself follows from its residual and its leverage, with no further fit.
    """
    centre = train.mean(axis=0)
    inputs = train - centre
    targets = np.eye(num_classes)[codes]
    mean = targets.mean(axis=0)
    values, directions = np.linalg.eigh(inputs.T @ inputs)
    values = np.maximum(values, 0.0)
    scores = inputs @ directions
    projected = scores.T @ (targets - mean)
    shrinkage = 1 / (values[:, None] + _PENALTIES)  # [d, num_penalties]
    weights = projected[:, None, :] * shrinkage[:, :, None]  # [d, num_penalties, num_classes]
    fitted = (scores @ weights.reshape(len(values), -1)).reshape(len(train), len(_PENALTIES), num_classes) + mean
    leverage = np.minimum(scores**2 @ shrinkage + 1 / len(train), _LARGEST_LEVERAGE)
    residual = (targets[:, None] - fitted) / (1 - leverage)[:, :, None]
    best = int(np.square(residual).sum(axis=(0, 2)).argmin())
    left_out = targets - residual[:, best]
    return RidgeScores(left_out=left_out, held_out=(held_out - centre) @ directions @ weights[:, best] + mean)
