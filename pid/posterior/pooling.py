"""Posteriors of several classifiers pooled into one: their log evidence, weighted by what suits held-out labels."""

import numpy as np
from scipy.optimize import minimize

# This share of the prior is mixed into each posterior, so that none says never.
_LEAST_SHARE = 1e-6
_STRENGTHS = (0.4, 0.7, 1.0, 1.3)
_LARGEST_WEIGHT = 3.0
# How strongly weights are drawn to the plain mean: as if by a few rows.
_PULL = 1e-3


def evidence(posteriors: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Log p(y | x) - log p(y) [..., n, num_classes] of posteriors of that shape, in nats."""
    mixed = (1 - _LEAST_SHARE) * posteriors + _LEAST_SHARE * prior
    return np.log(mixed) - np.log(prior)


def pooled_log_posteriors(parts: np.ndarray, weights: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """Log p(y | x) [n, num_classes] of the weighted evidence `parts` [k, n, num_classes]."""
    scores = log_prior + np.tensordot(weights, parts, axes=1)
    scores -= scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def log_loss(log_posteriors: np.ndarray, codes: np.ndarray) -> float:
    """Mean of -log p(y | x) over rows, in nats."""
    return -float(log_posteriors[np.arange(len(codes)), codes].mean())


def best_setting(parts: np.ndarray, codes: np.ndarray, log_prior: np.ndarray) -> tuple[int, float]:
    """Which of the evidences [k, n, num_classes] has the least log-loss at the strength that suits it, and that."""
    losses = [
        [log_loss(pooled_log_posteriors(part[None], np.array([strength]), log_prior), codes) for strength in _STRENGTHS]
        for part in parts
    ]
    setting, strength = divmod(int(np.argmin(losses)), len(_STRENGTHS))
    return setting, _STRENGTHS[strength]


def pooling_weights(parts: np.ndarray, codes: np.ndarray, log_prior: np.ndarray) -> np.ndarray:
    """Weights [k] >= 0 of the evidences [k, n, num_classes] with the least log-loss of `codes` [n]."""
    count = len(parts)
    indicators = np.eye(parts.shape[2])[codes]

    def loss_and_slope(weights: np.ndarray) -> tuple[float, np.ndarray]:
        log_posteriors = pooled_log_posteriors(parts, weights, log_prior)
        residual = np.exp(log_posteriors) - indicators
        pull = weights - 1 / count
        loss = log_loss(log_posteriors, codes) + _PULL * float((pull**2).sum())
        return loss, np.tensordot(parts, residual, axes=2) / len(codes) + 2 * _PULL * pull

    start = np.full(count, 1 / count)
    bounds = [(0, _LARGEST_WEIGHT)] * count
    return minimize(loss_and_slope, start, jac=True, bounds=bounds, method="L-BFGS-B").x
