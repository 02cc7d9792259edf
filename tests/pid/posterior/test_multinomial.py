"""Our logistic regression finds what scikit-learn's does, and its posteriors are shares."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pid.posterior.multinomial import multinomial_fits


@pytest.mark.parametrize("num_classes", [2, 3])
def test_fits_are_those_of_scikit_learn(num_classes: int) -> None:
    draw = np.random.default_rng(num_classes)
    codes = draw.integers(0, num_classes, 300)
    rows = draw.standard_normal((300, 4))
    rows[:, 0] += codes
    strengths = (0.003, 0.3, 3.0)
    for strength, fit in zip(strengths, multinomial_fits(rows, codes, num_classes, strengths), strict=True):
        expected = LogisticRegression(C=strength, tol=1e-8, max_iter=1000).fit(rows, codes).predict_proba(rows)
        # Fits end where the mean log-loss has a slope of .001 nats.
        np.testing.assert_allclose(fit.posteriors(rows), expected, atol=0.01)


def test_the_slope_is_that_of_the_penalised_loss() -> None:
    draw = np.random.default_rng(3)
    codes, rows = draw.integers(0, 3, 200), draw.standard_normal((200, 2))
    (fit,) = multinomial_fits(rows, codes, 3, [0.5])
    # At the optimum the residuals pull as hard as the penalty does, and intercepts, which are free, not at all.
    residual = fit.posteriors(rows) - np.eye(3)[codes]
    np.testing.assert_allclose(rows.T @ residual / 200 + fit.slopes / (0.5 * 200), 0, atol=1e-3)
    np.testing.assert_allclose(residual.mean(axis=0), 0, atol=1e-3)


def test_a_class_that_no_row_has_gets_nothing() -> None:
    draw = np.random.default_rng(4)
    rows = draw.standard_normal((60, 2))
    codes = np.arange(60) % 2 * 2  # classes 0 and 2 of 0 … 3
    rows[:, 0] += codes
    (fit,) = multinomial_fits(rows, codes, 4, [1.0])
    posteriors = fit.posteriors(rows)
    np.testing.assert_allclose(posteriors.sum(axis=1), 1)
    assert (posteriors[:, [1, 3]] == 0).all()
    assert posteriors[np.arange(60), codes].mean() > 0.7
