"""The least informative coupling of two discrete margins: a convex program, solved along a smoothed path."""

from dataclasses import dataclass, replace

import numpy as np

from pid.certificate import certify
from pid.normal_equations import Direction, NormalEquations

# Where the path begins, as the total mass that smoothing adds to all pairs.
_FIRST_SMOOTHING = 1.0
# The least share of the smoothing that one step may leave.
_BOLDEST_CUT = 0.1
# A point is near the path where its squared residual is below this multiple of the total smoothing. Rarely (on 1 of 500
# small tables of counts) no step ends near enough, or only crawling ones; another neighbourhood then gets by.
_NEIGHBOURHOODS = (10.0, 100.0, 1.0)
_MOST_STEPS = 60
# An entry that a step would take by more than this share falls exponentially instead, so that none becomes negative.
_LINEAR_FALL = 0.5
_LARGEST_FALL = 5.0
_STEP_LENGTHS = 0.6 ** np.arange(12)


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """The best coupling found [ny, n1, n2], with exact margins, and by how many nats it may miss the optimum."""

    joint: np.ndarray
    gap: float
    iterations: int


@dataclass(frozen=True, kw_only=True)
class _Point:
    """A coupling q, multipliers l and m, the smoothing μ of a pair, and how far they are from the path.

    `residual` is log q - log(Σ_y q + μ) - l - m; `error` sums its squares, weighted by q, and the squares of what the
    margins are off by, relative to them.
    """

    joint: np.ndarray
    multiplier_1: np.ndarray
    multiplier_2: np.ndarray
    smoothing: float
    smoothed_pairs: np.ndarray
    residual: np.ndarray
    error: float


@dataclass(frozen=True, kw_only=True)
class _Program:
    """The two margins [ny, n1] and [ny, n2], and which entries [ny, n1, n2] a coupling of them may have."""

    margin_1: np.ndarray
    margin_2: np.ndarray
    support: np.ndarray
    num_pairs: int

    def point(self, joint: np.ndarray, multiplier_1: np.ndarray, multiplier_2: np.ndarray, smoothing: float) -> _Point:
        """The point with this coupling, and with multipliers shifted towards the least residual, first l and then m.

        Newton's step takes logarithms for linear, and so sends the multiplier of a class of tiny probability anywhere.
        """
        smoothed_pairs = joint.sum(axis=0) + smoothing
        residual = np.log(np.where(self.support, joint, 1)) - np.log(smoothed_pairs)
        residual -= multiplier_1[:, :, None] + multiplier_2[:, None, :]
        shift_1 = _mean(residual, joint, axis=2)
        residual -= shift_1[:, :, None]
        shift_2 = _mean(residual, joint, axis=1)
        residual -= shift_2[:, None, :]
        residual *= self.support
        error = float(np.vdot(joint, residual**2))
        error += _relative_square(joint.sum(axis=2), self.margin_1) + _relative_square(joint.sum(axis=1), self.margin_2)
        return _Point(
            joint=joint,
            multiplier_1=multiplier_1 + shift_1,
            multiplier_2=multiplier_2 + shift_2,
            smoothing=smoothing,
            smoothed_pairs=smoothed_pairs,
            residual=residual,
            error=error,
        )


def least_informative_coupling(
    margin_1: np.ndarray, margin_2: np.ndarray, *, tolerance: float, max_iterations: int
) -> Optimum:
    """Minimise -H(Y|X1, X2) = Σ q log(q / q(x1, x2)) over the couplings q of p(x1, y) and p(x2, y), in nats.

    `margin_1` [ny, n1], `margin_2` [ny, n2]: probabilities, the same for each class in both, no row or column all 0.
    With w = Σ_y q + μ in place of q(x1, x2) the objective is smooth. At its minimum log(q / w) = l + m, the multipliers
    of the margins, so that Σ_y exp(l + m) < 1, and it is above the optimum by no more than n1·n2·μ. Newton's method
    follows these minima as μ falls (with Mehrotra's predictor and corrector), from the conditionally independent
    coupling on; a step is accepted if it ends near the path. It is over when the gap of `certify` is within
    `tolerance`. After `max_iterations`, or where rounding leaves no direction that helps, what comes back is the
    coupling of the least gap so far; the caller judges whether that is small enough.
    """
    program = _program(margin_1, margin_2)
    first = _first_point(program)
    best = _optimum(program, first, iterations=0)
    for neighbourhood in _NEIGHBOURHOODS:
        point = first
        last_step = min(best.iterations + _MOST_STEPS, max_iterations)
        while best.gap > tolerance and best.iterations < last_step:
            moved = _step(program, point, tolerance, neighbourhood)
            if moved is None:
                break
            point = moved
            found = _optimum(program, point, best.iterations + 1)
            best = found if found.gap < best.gap else replace(best, iterations=found.iterations)
    return best


def _program(margin_1: np.ndarray, margin_2: np.ndarray) -> _Program:
    support = (margin_1[:, :, None] > 0) & (margin_2[:, None, :] > 0)
    return _Program(margin_1=margin_1, margin_2=margin_2, support=support, num_pairs=int(support.any(axis=0).sum()))


def _first_point(program: _Program) -> _Point:
    """X1 and X2 independent given Y: the optimum itself where one of them tells nothing more than the other."""
    classes = program.margin_1.sum(axis=1, keepdims=True)
    conditional_1 = program.margin_1 / program.margin_1.sum(axis=0)
    likelihood_2 = program.margin_2 / program.margin_2.sum(axis=0) / classes
    return program.point(
        program.margin_1[:, :, None] * (program.margin_2 / classes)[:, None, :],
        np.log(np.where(conditional_1 > 0, conditional_1, 1)),
        np.log(np.where(likelihood_2 > 0, likelihood_2, 1)),
        _FIRST_SMOOTHING / program.num_pairs,
    )


def _optimum(program: _Program, point: _Point, iterations: int) -> Optimum:
    certificate = certify(point.joint, point.multiplier_1, point.multiplier_2, program.margin_1, program.margin_2)
    return Optimum(joint=certificate.joint, gap=certificate.gap, iterations=iterations)


def _step(program: _Program, point: _Point, tolerance: float, neighbourhood: float) -> _Point | None:
    """The next point of the path, or None where no step along the two directions is accepted."""
    try:
        equations = NormalEquations(point.joint, point.smoothing, program.margin_1, program.margin_2)
    except np.linalg.LinAlgError:
        return None
    # The change of log w for each unit of μ.
    slope = 1 / point.smoothed_pairs
    predictor = equations.direction(point.residual + point.smoothing * slope)
    fall = -float(_relative(program, point, predictor.joint).min())
    length = 1 / max(fall, 1.0)
    last = 0.2 * tolerance / (program.num_pairs * point.smoothing)
    share = max((1 - length) ** 2, _BOLDEST_CUT, min(last, 1.0))
    correction = _second_order(program, point, length * predictor.joint, -length * point.smoothing)
    for kept, curvature in ((share, correction), (max(share, 0.5), 0.0), (1.0, 0.0)):
        smoothing_change = (kept - 1) * point.smoothing
        direction = equations.direction(point.residual - smoothing_change * slope + curvature)
        moved = _search(program, point, direction, smoothing_change, neighbourhood)
        if moved is not None:
            return moved
    return None


def _second_order(program: _Program, point: _Point, joint_change: np.ndarray, smoothing_change: float) -> np.ndarray:
    """What the residual would be after a change that removes it to first order, in a range where logarithms mean it."""

    def curvature(relative: np.ndarray) -> np.ndarray:
        bounded = np.clip(relative, -0.9, 5.0)
        return np.log1p(bounded) - bounded

    pairs = curvature((joint_change.sum(axis=0) + smoothing_change) / point.smoothed_pairs)
    return curvature(_relative(program, point, joint_change)) - pairs


def _search(
    program: _Program, point: _Point, direction: Direction, smoothing_change: float, neighbourhood: float
) -> _Point | None:
    """The longest of the steps 1, 0.6, 0.36, … that ends near the path, or nearer to it where none was near."""
    near = neighbourhood * program.num_pairs
    is_near = point.error <= near * point.smoothing
    relative = _relative(program, point, direction.joint)
    for length in _STEP_LENGTHS:
        moved = program.point(
            point.joint * _factors(length * relative),
            point.multiplier_1 + length * direction.multiplier_1,
            point.multiplier_2 + length * direction.multiplier_2,
            point.smoothing + length * smoothing_change,
        )
        if moved.error <= near * moved.smoothing or (not is_near and moved.error <= (1 - 0.01 * length) * point.error):
            return moved
    return None


def _factors(relative: np.ndarray) -> np.ndarray:
    """1 + x, continued smoothly by a falling exponential below x = -`_LINEAR_FALL`."""
    factors = 1 + relative
    below = relative < -_LINEAR_FALL
    rest = 1 - _LINEAR_FALL
    factors[below] = rest * np.exp((np.maximum(relative[below], -_LARGEST_FALL) + _LINEAR_FALL) / rest)
    return factors


def _relative(program: _Program, point: _Point, joint_change: np.ndarray) -> np.ndarray:
    return joint_change / np.where(program.support, point.joint, 1)


def _mean(values: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    sums = weights.sum(axis=axis)
    return (weights * values).sum(axis=axis) / np.where(sums > 0, sums, 1)


def _relative_square(sums: np.ndarray, margin: np.ndarray) -> float:
    return float(((sums - margin) ** 2 / np.where(margin > 0, margin, 1)).sum())
