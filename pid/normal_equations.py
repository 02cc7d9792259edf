"""The linear system of one step of `pid.interior_point`, solved by blocks."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

# Added to a unit diagonal where rounding has made the system indefinite; the last leaves but a rough direction.
_RIDGES = (1e-15, 1e-13, 1e-11, 1e-9, 1e-7)


@dataclass(frozen=True, kw_only=True)
class Direction:
    """A change of the coupling [ny, n1, n2] and of the multipliers [ny, n1] and [ny, n2]."""

    joint: np.ndarray
    multiplier_1: np.ndarray
    multiplier_2: np.ndarray


class NormalEquations:
    """The factorised system at one coupling q and one smoothing μ.

    For a pair (x1, x2) the Hessian of the smoothed objective is diag(1/q) - 11'/(Σ_y q + μ), so its inverse is
    diag(q) + qq'/μ: a sum of positive terms. Summed over the pairs it gives the matrix [[A, B], [B', C]] of the
    multipliers, where A and C have one block [ny, ny] for each x1 and each x2. A is eliminated block by block, and what
    is left, C - B'A⁻¹B of size ny·n2, is factorised: cheapest where n1 >= n2.
    """

    def __init__(self, joint: np.ndarray, smoothing: float, margin_1: np.ndarray, margin_2: np.ndarray) -> None:
        """Factorise at `joint` [ny, n1, n2]; raises LinAlgError where rounding has made it impossible."""
        num_classes, num_1, num_2 = joint.shape
        classes = np.arange(num_classes)
        # A number added to l(., y) and taken from m(., y) changes nothing, so one multiplier of each class is kept.
        self._kept = (classes, margin_2.argmax(axis=1))
        self._joint, self._smoothing = joint, smoothing
        sums_1, sums_2 = joint.sum(axis=2), joint.sum(axis=1)
        self._missing_1, self._missing_2 = margin_1 - sums_1, margin_2 - sums_2

        by_row = np.ascontiguousarray(joint.swapaxes(0, 1))
        blocks_1 = by_row @ by_row.swapaxes(1, 2) / smoothing
        blocks_1[:, classes, classes] += np.where(sums_1 > 0, sums_1, 1).T
        # Probabilities of all magnitudes are on the diagonals, and only an inverse at one scale keeps its digits.
        scale_1 = 1 / np.sqrt(blocks_1.diagonal(axis1=1, axis2=2))
        blocks_1 *= scale_1[:, :, None] * scale_1[:, None, :]
        self._inverse_factor = np.linalg.inv(np.linalg.cholesky(blocks_1)) * scale_1[:, None, :]
        across = by_row[:, :, None, :] * (by_row / smoothing)[:, None, :, :]
        across[:, classes, classes, :] += by_row
        across[:, :, *self._kept] = 0
        eliminated = self._inverse_factor @ across.reshape(num_1, num_classes, -1)
        self._eliminated = eliminated.reshape(num_1 * num_classes, -1)

        blocks_2 = joint.transpose(2, 0, 1) @ joint.transpose(2, 1, 0) / smoothing
        blocks_2[:, classes, classes] += np.where(sums_2 > 0, sums_2, 1).T
        of_class, of_column = self._kept
        blocks_2[of_column, of_class, :] = 0
        blocks_2[of_column, :, of_class] = 0
        blocks_2[of_column, of_class, of_class] = 1
        # What elimination leaves of a diagonal entry can be less than its rounding, so the scale is that of the whole.
        scale_2 = 1 / np.sqrt(blocks_2.diagonal(axis1=1, axis2=2))
        blocks_2 *= scale_2[:, :, None] * scale_2[:, None, :]
        self._scale = scale_2.T.ravel()
        scaled = self._eliminated * self._scale
        reduced = -(scaled.T @ scaled)
        columns = np.arange(num_2)
        reduced.reshape(num_classes, num_2, num_classes, num_2)[:, columns, :, columns] += blocks_2
        self._factor = _factor(reduced)

    def direction(self, residual: np.ndarray) -> Direction:
        """The Newton step that removes a stationarity residual [ny, n1, n2] and what the margins are off by."""
        unconstrained = self._times_inverse_hessian(residual)
        target_1 = (self._missing_1 + unconstrained.sum(axis=2)).T
        target_2 = self._missing_2 + unconstrained.sum(axis=1)
        target_2[self._kept] = 0
        forward = (self._inverse_factor @ target_1[:, :, None]).ravel()
        target = self._scale * (target_2.ravel() - forward @ self._eliminated)
        change_2 = self._scale * cho_solve(self._factor, target, check_finite=False)
        backward = (forward - self._eliminated @ change_2).reshape(*target_1.shape, 1)
        multiplier_1 = (self._inverse_factor.swapaxes(1, 2) @ backward)[:, :, 0].T
        multiplier_2 = change_2.reshape(target_2.shape)
        slope = multiplier_1[:, :, None] + multiplier_2[:, None, :] - residual
        return Direction(joint=self._times_inverse_hessian(slope), multiplier_1=multiplier_1, multiplier_2=multiplier_2)

    def _times_inverse_hessian(self, vector: np.ndarray) -> np.ndarray:
        weighted = self._joint * vector
        weighted += self._joint * (weighted.sum(axis=0) / self._smoothing)
        return weighted


def _factor(matrix: np.ndarray) -> tuple[np.ndarray, bool]:
    """Cholesky factor of a matrix with a diagonal of at most 1, and of no more of a ridge than it takes."""
    diagonal = matrix.diagonal().copy()
    unit = np.diag_indices_from(matrix)
    for ridge in _RIDGES:
        matrix[unit] = diagonal + ridge
        try:
            return cho_factor(matrix, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError(f"expected a system that is positive definite up to {_RIDGES[-1]:g}")
