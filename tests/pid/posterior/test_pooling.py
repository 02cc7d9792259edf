"""Pooling posteriors: noise weighs nothing, and two independent witnesses count double."""

import numpy as np
import pytest

from pid.posterior.pooling import best_setting, evidence, log_loss, pooled_log_posteriors, pooling_weights


def witnesses(num_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exact posteriors [2, n, 2] of two features that are independent given the class, the classes, the log prior."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 2, num_rows)
    features = draw.standard_normal((2, num_rows)) + (2 * codes - 1)
    odds = np.exp(2 * features)  # N(1, 1) against N(-1, 1)
    return np.stack((1 / (1 + odds), odds / (1 + odds)), axis=-1), codes, np.log([0.5, 0.5])


def test_independent_evidence_adds_up() -> None:
    posteriors, codes, log_prior = witnesses(4000, seed=0)
    parts = evidence(posteriors, np.exp(log_prior))
    weights = pooling_weights(parts, codes, log_prior)
    # By Bayes' rule both weights are 1; their standard error at 4,000 rows is about .05.
    assert weights == pytest.approx([1, 1], abs=0.2)
    both = log_loss(pooled_log_posteriors(parts, weights, log_prior), codes)
    assert both < min(log_loss(np.log(part), codes) for part in posteriors)


def test_noise_gets_no_weight_and_a_wrong_setting_is_not_chosen() -> None:
    posteriors, codes, log_prior = witnesses(2000, seed=1)
    noise = np.random.default_rng(2).permutation(posteriors[0])
    parts = evidence(np.stack((posteriors[0], noise)), np.exp(log_prior))
    weights = pooling_weights(parts, codes, log_prior)
    assert weights[0] > 0.8
    assert weights[1] < 0.15
    assert best_setting(parts[::-1], codes, log_prior)[0] == 1
