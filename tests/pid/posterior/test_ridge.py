"""Ridge scores in closed form, against refitting without each row in turn."""

import numpy as np
import pytest

from pid.posterior.ridge import _PENALTIES, ridge_scores


def naive_left_out(inputs: np.ndarray, codes: np.ndarray, penalty: float) -> np.ndarray:
    """Predictions of each row by a regression on the others, with intercept and a penalty on centred inputs.

    The penalty belongs to the inputs centred on all rows, as in the closed form.
    """
    targets, centred = np.eye(2)[codes], inputs - inputs.mean(axis=0)
    design = np.hstack((np.ones((len(inputs), 1)), centred))
    shrinkage = penalty * np.diag([0.0, *np.ones(inputs.shape[1])])
    found = np.empty_like(targets)
    for row in range(len(inputs)):
        others = np.arange(len(inputs)) != row
        gram = design[others].T @ design[others] + shrinkage
        found[row] = design[row] @ np.linalg.solve(gram, design[others].T @ targets[others])
    return found


def test_left_out_scores_are_those_of_refitting_by_the_best_penalty() -> None:
    draw = np.random.default_rng(0)
    inputs, codes = draw.standard_normal((30, 4)), np.arange(30) % 2
    inputs[:, 0] += codes
    by_penalty = [naive_left_out(inputs, codes, penalty) for penalty in _PENALTIES]
    errors = [np.square(np.eye(2)[codes] - each).sum() for each in by_penalty]
    scores = ridge_scores(inputs, codes, inputs[:5], 2)
    assert scores.left_out == pytest.approx(by_penalty[int(np.argmin(errors))], abs=1e-9)
    assert scores.held_out.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-9)  # indicators add up to 1, and so do fits
