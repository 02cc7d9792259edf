"""Multinomial logistic regression on few rows and columns, where a library's checks would cost more than its fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

_MOST_STEPS = 200
# Of the mean log-loss in nats: where a fit ends.
_LEAST_SLOPE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Multinomial:
    """A fit: `slopes` [d, num_classes], and `intercepts` [num_classes], -inf for classes that no training row has."""

    slopes: np.ndarray
    intercepts: np.ndarray

    def posteriors(self, rows: np.ndarray) -> np.ndarray:
        """p(y | x) [n, num_classes] of `rows` [n, d]."""
        scores = rows @ self.slopes + self.intercepts
        unscaled = np.exp(scores - scores.max(axis=1, keepdims=True))
        return unscaled / unscaled.sum(axis=1, keepdims=True)


def multinomial_fits(
    rows: np.ndarray, codes: np.ndarray, num_classes: int, strengths: Sequence[float]
) -> list[Multinomial]:
    """Fit `codes` [n] by `rows` [n, d], for each C of `strengths` from the fit before it.

    A fit minimises C times the sum of the log-losses plus half the sum of the squared slopes; intercepts are free. Of
    two classes the slopes of their difference count, which is what C means for these everywhere else.
    """
    present, places = np.unique(codes, return_inverse=True)
    every_row = np.arange(len(rows))
    # Classes and columns come first here: sums over few classes are then sums of long rows, which cost a third.
    targets = np.eye(len(present))[:, places]
    inputs = np.vstack((rows.T, np.ones(len(rows))))
    shape = (len(present), len(inputs))

    def loss_and_slope(flat: np.ndarray, pull: float) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(shape)
        scores = parameters @ inputs
        scores -= scores.max(axis=0)
        shares = np.exp(scores)
        mass = shares.sum(axis=0)
        loss = float((np.log(mass) - scores[places, every_row]).mean())
        shares /= mass
        slope = (shares - targets) @ inputs.T / len(rows)
        slope[:, :-1] += pull * parameters[:, :-1]
        return loss + pull / 2 * float((parameters[:, :-1] ** 2).sum()), slope.ravel()

    found, flat = [], np.zeros(shape[0] * shape[1])
    options = {"maxiter": _MOST_STEPS, "gtol": _LEAST_SLOPE}
    for strength in strengths:
        # Two opposite columns of slopes have half the square of their difference.
        pull = (2 if len(present) == 2 else 1) / (strength * len(rows))
        flat = minimize(loss_and_slope, flat, args=(pull,), jac=True, method="L-BFGS-B", options=options).x
        slopes, intercepts = np.zeros((rows.shape[1], num_classes)), np.full(num_classes, -np.inf)
        slopes[:, present], intercepts[present] = flat.reshape(shape)[:, :-1].T, flat.reshape(shape)[:, -1]
        found.append(Multinomial(slopes=slopes, intercepts=intercepts))
    return found
