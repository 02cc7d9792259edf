"""The linear system of one step of `pid.exact.interior_point`, solved by blocks."""

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs

(_syrk,) = get_blas_funcs(("syrk",), dtype=np.float64)
_potrf, _potrs = get_lapack_funcs(("potrf", "potrs"), dtype=np.float64)

# Added to a unit diagonal where rounding has made the system indefinite. The last one leaves only a rough direction.
_RIDGES = (1e-15, 1e-13, 1e-11, 1e-9, 1e-7)


class NormalEquations:
    """The factorised matrix of how the margins of a coupling change with the multipliers l and m.

    The entries q of a pair (x1, x2) change by (diag(q) + c qq')(dl + dm), with a curvature c > 0 of that pair. Summed
    over the pairs this makes a matrix [[A, B], [B', C]]. A has one block [ny, ny] for each x1, and C one for each x2. A
    is eliminated block by block, and what is left, C - B'A⁻¹B of size ny·n2, is factorised. This takes
    O(n1 (n2 ny)² + (n2 ny)³) time, the least where n1 >= n2.
    """

    def __init__(self, joint: np.ndarray, curvature: np.ndarray) -> None:
        """Factorise for a coupling [n1, ny, n2] and c [n1, n2]. Raises LinAlgError where rounding forbids it."""
        num_1, num_classes, num_2 = joint.shape
        size = num_classes * num_2
        curved = joint * curvature[:, None, :]
        blocks_1 = curved @ joint.swapaxes(1, 2)
        # A view, like every einsum here.
        diagonals_1 = np.einsum("iyy->iy", blocks_1)
        # The multiplier of what does not occur gets the diagonal 1, and stays as it is.
        diagonals_1 += positive_or_one(joint.sum(axis=2))
        # The diagonals hold probabilities of all magnitudes, and an inverse keeps its digits only at one scale.
        scale_1 = 1 / np.sqrt(diagonals_1)
        blocks_1 *= scale_1[:, :, None] * scale_1[:, None, :]
        self._inverse_factor = np.linalg.inv(np.linalg.cholesky(blocks_1)) * scale_1[:, None, :]

        blocks_2 = curved.transpose(2, 1, 0) @ joint.transpose(2, 0, 1)
        sums_2 = joint.sum(axis=0).T
        diagonals_2 = np.einsum("jyy->jy", blocks_2)
        diagonals_2 += positive_or_one(sums_2)
        # Elimination can leave less of a diagonal entry than its rounding, so the scale is taken before it.
        self._scale = 1 / np.sqrt(diagonals_2)
        # A number added to l(., y) and subtracted from m(., y) changes nothing: one multiplier of each class is fixed.
        self._scale[sums_2.argmax(axis=0), np.arange(num_classes)] = 0
        blocks_2 *= self._scale[:, :, None] * self._scale[:, None, :]
        diagonals_2[...] = 1

        across = joint[:, :, None, :] * (curved * self._scale.T)[:, None, :, :]
        diagonals = np.einsum("iyyj->iyj", across)
        diagonals += joint * self._scale.T
        self._eliminated = (self._inverse_factor @ across.reshape(num_1, num_classes, size)).reshape(-1, size)
        reduced = np.zeros((num_classes, num_2, num_classes, num_2))
        np.einsum("yjzj->jyz", reduced)[...] = blocks_2
        reduced = reduced.reshape(size, size).T
        self._factor = _factor(_syrk(-1.0, self._eliminated.T, beta=1.0, c=reduced, overwrite_c=1))

    def solve(self, target_1: np.ndarray, target_2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Changes of the multipliers, [n1, ny] and [n2, ny], that change the margins by these targets."""
        forward = (self._inverse_factor @ target_1[:, :, None]).ravel()
        reduced_target = (self._scale * target_2).T.ravel() - forward @ self._eliminated
        change, _ = _potrs(self._factor, reduced_target)
        backward = (forward - self._eliminated @ change).reshape(*target_1.shape, 1)
        change_1 = (self._inverse_factor.swapaxes(1, 2) @ backward)[:, :, 0]
        return change_1, self._scale * change.reshape(target_2.T.shape).T


def positive_or_one(values: np.ndarray) -> np.ndarray:
    """The values, with 1 in place of each 0."""
    return np.where(values > 0, values, 1)


def _factor(matrix: np.ndarray) -> np.ndarray:
    """Cholesky factor of the upper triangle, whose diagonal is at most 1, with the smallest ridge that allows one."""
    diagonal = matrix.diagonal().copy()
    for ridge in _RIDGES:
        np.fill_diagonal(matrix, diagonal + ridge)
        factor, failed_at = _potrf(matrix, clean=0)
        if not failed_at:
            return factor
    raise np.linalg.LinAlgError(f"expected a system that is positive definite up to {_RIDGES[-1]:g}")
