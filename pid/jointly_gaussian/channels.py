"""Two Gaussian channels of one source: the correlation of their noises that tells least about it, a convex program."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

_BARRIER_STEP = 0.1
# With a Newton decrement below this share of the barrier's weight, the error left is far below that of the barrier.
_CENTRED = 1e-3


@dataclass(frozen=True, kw_only=True)
class CoupledNoise:
    """The covariance E[N1 N2'] [r1, r2] of both noises; I(X1, X2; Y) there, and a bound on its excess, in nats."""

    noise_covariance: np.ndarray
    information: float
    gap: float
    iterations: int


@dataclass(frozen=True, kw_only=True)
class _Point:
    """At an S: the objective ½ log det(I + H' K⁻¹ H) and its gradient, the barrier -½ log det K, K⁻¹, (K + HH')⁻¹."""

    information: float
    barrier: float
    gradient: np.ndarray
    precision_given_y: np.ndarray
    precision: np.ndarray


def least_informative_noise(
    channel_1: np.ndarray, channel_2: np.ndarray, *, tolerance: float, max_iterations: int
) -> CoupledNoise:
    """Minimise I(X1, X2; Y) over the covariance S of N1 and N2, where X_k = H_k Y + N_k and Y, N_k are white.

    `channel_1` H1 [r1, ny], `channel_2` H2 [r2, ny]; `tolerance` in nats. S ranges over the unit ball of the spectral
    norm, and with K = [[I, S], [S', I]] the information ½ log det(K + HH') - ½ log det K is convex in S (Diggavi and
    Cover 2001, lemma II.3). Newton's method minimises the information plus a falling multiple of the barrier
    -½ log det K, which keeps S inside the ball. With G the gradient at S, convexity gives the gap: no S' in the ball is
    better by more than max ⟨G, S - S'⟩ = ⟨G, S⟩ + |G|_nuclear. One step takes O((r1 r2)³) time and O((r1 r2)²) memory.
    Returns the point of the least gap. The caller judges whether that is small enough. Raises ValueError for channels
    that are not finite.
    """
    size_1, size_2 = len(channel_1), len(channel_2)
    channel = np.concatenate((channel_1, channel_2))
    covariance, weight = np.zeros((size_1, size_2)), 1.0
    point = _evaluate(channel, covariance)
    if point is None:
        raise ValueError("channels must be finite, got NaN or infinity")
    best = CoupledNoise(
        noise_covariance=covariance, information=point.information, gap=_gap(point, covariance), iterations=0
    )
    for iteration in range(1, max_iterations + 1):
        if best.gap <= tolerance:
            break
        slope = point.gradient - weight * point.precision_given_y[:size_1, size_1:]
        step = -np.linalg.solve(_hessian(point, size_1, weight), slope.ravel()).reshape(slope.shape)
        decrement = -float((slope * step).sum())
        moved = _line_search(channel, covariance, point, step, decrement, weight)
        if moved is not None:
            covariance, point = moved
            gap = _gap(point, covariance)
            if gap < best.gap:
                best = CoupledNoise(
                    noise_covariance=covariance, information=point.information, gap=gap, iterations=iteration
                )
        if moved is None or decrement <= _CENTRED * weight:
            weight *= _BARRIER_STEP
    return best


def _noise(covariance: np.ndarray) -> np.ndarray:
    size_1, size_2 = covariance.shape
    return np.block([[np.eye(size_1), covariance], [covariance.T, np.eye(size_2)]])


def _evaluate(channel: np.ndarray, covariance: np.ndarray) -> _Point | None:
    """The objective and its derivatives at one S, or None where S is not inside the ball."""
    try:
        factor = cho_factor(_noise(covariance), lower=True)
    except np.linalg.LinAlgError:
        return None
    gain = cho_solve(factor, channel)
    signal = np.eye(channel.shape[1]) + channel.T @ gain
    # (K + HH')⁻¹ - K⁻¹ in this form has no difference of two large matrices where K is almost singular.
    change = -gain @ np.linalg.solve(signal, gain.T)
    precision_given_y = cho_solve(factor, np.eye(len(channel)))
    return _Point(
        information=float(np.linalg.slogdet(signal)[1] / 2),
        barrier=-float(np.log(np.diag(factor[0])).sum()),
        gradient=change[: len(covariance), len(covariance) :],
        precision_given_y=precision_given_y,
        precision=precision_given_y + change,
    )


def _gap(point: _Point, covariance: np.ndarray) -> float:
    return float((point.gradient * covariance).sum() + np.linalg.norm(point.gradient, "nuc"))


def _hessian(point: _Point, size_1: int, weight: float) -> np.ndarray:
    """Second derivative [r1 r2, r1 r2] of the objective and `weight` times the barrier.

    The derivative of the (1, 2) block of M⁻¹ along D is -(P11 D P22 + P12 D' P12) with P = M⁻¹.
    """

    def curvature(precision: np.ndarray) -> np.ndarray:
        first, cross, second = precision[:size_1, :size_1], precision[:size_1, size_1:], precision[size_1:, size_1:]
        return np.einsum("ik,jl->ijkl", first, second) + np.einsum("il,kj->ijkl", cross, cross)

    hessian = (1 + weight) * curvature(point.precision_given_y) - curvature(point.precision)
    num_entries = hessian.shape[0] * hessian.shape[1]
    return hessian.reshape(num_entries, num_entries)


def _line_search(
    channel: np.ndarray, covariance: np.ndarray, point: _Point, step: np.ndarray, decrement: float, weight: float
) -> tuple[np.ndarray, _Point] | None:
    """S and the point after the longest of the steps 1, ½, ¼, … that stays in the ball and lowers the sum as it should.

    The sum, of the objective and `weight` times the barrier, must fall by a tenth of what its slope promises. None
    where no step does.
    """
    start = point.information + weight * point.barrier
    for length in 0.5 ** np.arange(40):
        candidate = covariance + length * step
        moved = _evaluate(channel, candidate)
        if moved is not None and moved.information + weight * moved.barrier <= start - 0.1 * length * decrement:
            return candidate, moved
    return None
