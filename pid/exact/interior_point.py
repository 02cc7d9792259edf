"""The least informative coupling of two discrete margins: a convex program, solved by an interior-point method."""

from dataclasses import dataclass

import numpy as np

from pid.exact.certificate import Certificate, certify
from pid.exact.normal_equations import NormalEquations, positive_or_one
from pid.exact.path import Path, Unknowns

# The share of the way to the nearest bound that a step may go.
_TO_THE_BOUND = 0.99
# The most that a step may change an exponent by: farther away the slope of an exponential says nothing of its value.
_LARGEST_CHANGE = 4.0
# The least share of the mean product w·s, and of the tolerance, that one step aims at.
_BOLDEST_CUT = 0.05
_LAST_CUT = 0.5
# Where the predictor gives products beyond this many times their mean, it is too far off to be used as it is.
_LARGEST_CORRECTION = 3.0
# The sum of all products is about the gap. A certificate costs time, so it waits until the sum is within this many
# tolerances.
_NEAR = 10.0


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """The best coupling found, `joint` [n1, ny, n2], with exact margins.

    `gap`: by how many nats it may miss the optimum. `path`: how it was found.
    """

    joint: np.ndarray
    gap: float
    iterations: int
    path: Path


@dataclass(frozen=True, kw_only=True)
class _Program:
    """The margins [n1, ny] and [n2, ny]; `allowed`: 0 where they are positive, and -inf where couplings must be 0."""

    margin_1: np.ndarray
    margin_2: np.ndarray
    allowed_1: np.ndarray
    allowed_2: np.ndarray

    def joint(self, point: Unknowns) -> np.ndarray:
        """The coupling w exp(l + m), [n1, ny, n2]."""
        joint = (point.multiplier_1 + self.allowed_1)[:, :, None] + (point.multiplier_2 + self.allowed_2).T
        np.exp(joint, out=joint)
        joint *= point.mass[:, None, :]
        return joint

    def certified(self, point: Unknowns) -> Certificate:
        """The coupling that this point leads to, and its gap."""
        return certify(self.joint(point), point.multiplier_1, point.multiplier_2, self.margin_1, self.margin_2)


def least_informative_coupling(
    margin_1: np.ndarray,
    margin_2: np.ndarray,
    *,
    tolerance: float,
    max_iterations: int,
    near: Path | None = None,
) -> Optimum:
    """Minimise -H(Y|X1, X2) = Σ q log(q / q(x1, x2)) over the couplings q of p(x1, y) and p(x2, y), in nats.

    `margin_1` [n1, ny], `margin_2` [n2, ny]: probabilities, the same for each class in both, no row or column all 0.
    The dual is a geometric program: maximise ⟨margin_1, l⟩ + ⟨margin_2, m⟩ over multipliers l(x1, y) and m(x2, y) such
    that each pair (x1, x2) has a slack s = 1 - Σ_y exp(l + m) >= 0. The mass w >= 0 is the multiplier of that
    constraint. Both programs are solved where q = w exp(l + m) has the margins and every product w·s is 0. Newton's
    method, with Mehrotra's predictor and corrector (1992), follows the points where these products are all some μ > 0,
    and lets μ fall. At such a point the two objectives are about n1·n2·μ apart. A step keeps w and s positive, and
    changes no exponent by more than its slope can foresee. It ends when the gap that `certify` gives is within
    `tolerance`.
    `near`: the path to the optimum of other margins of the same shape, which may save steps where they are similar.
    After `max_iterations`, or where rounding leaves no direction, it returns the coupling of the least gap found. The
    caller judges whether that is small enough.
    """
    program = _Program(
        margin_1=margin_1,
        margin_2=margin_2,
        allowed_1=np.where(margin_1 > 0, 0, -np.inf),
        allowed_2=np.where(margin_2 > 0, 0, -np.inf),
    )
    # X1 and X2 independent given Y. A plain start, and the optimum itself where X1 or X2 tells nothing about Y.
    classes = margin_1.sum(axis=0)
    independent = margin_1[:, :, None] * (margin_2 / classes).T
    multiplier_1 = _logarithm(margin_1 / margin_1.sum(axis=1, keepdims=True))
    multiplier_2 = _logarithm(margin_2 / margin_2.sum(axis=1, keepdims=True) / classes)
    best, iterations = certify(independent, multiplier_1, multiplier_2, margin_1, margin_2), 0
    points: list[Unknowns] = []
    if best.gap > tolerance:
        own = _start(program, independent, multiplier_1, multiplier_2, best.gap)
        point = own if near is None else near.joined(own, margin_1, margin_2)
        points += [own] if point is own else [own, point]
        while best.gap > tolerance and iterations < max_iterations:
            moved = _step(program, point, tolerance)
            if moved is None:
                break
            point, iterations = moved, iterations + 1
            points.append(point)
            if np.vdot(point.mass, point.slack) <= _NEAR * tolerance:
                best = _better(best, program.certified(point))
        if best.gap > tolerance:
            best = _better(best, program.certified(point))
    path = Path(margin_1=margin_1, margin_2=margin_2, points=tuple(points))
    return Optimum(joint=best.joint, gap=best.gap, iterations=iterations, path=path)


def _better(first: Certificate, second: Certificate) -> Certificate:
    return second if second.gap < first.gap else first


def _start(
    program: _Program, joint: np.ndarray, multiplier_1: np.ndarray, multiplier_2: np.ndarray, gap: float
) -> Unknowns:
    """A point near the path, about as far from the optimum as the independent `joint` is.

    The multipliers given add up to log(q / (p(x1) p(x2))), and on the path they add up to log(q / w). So l is moved by
    the mean of the difference over x2, and m by the mean over x1 of what is left.
    """
    product = gap / (joint.shape[0] * joint.shape[2])
    mass = joint.sum(axis=1) + product
    difference = np.log(program.margin_1.sum(axis=1)[:, None] * program.margin_2.sum(axis=1) / mass)[:, None, :]
    shift_1 = (joint * difference).sum(axis=2) / positive_or_one(program.margin_1)
    shift_2 = (joint * (difference - shift_1[:, :, None])).sum(axis=0).T / positive_or_one(program.margin_2)
    return Unknowns(multiplier_1 + shift_1, multiplier_2 + shift_2, mass, product / mass)


class _Linearised:
    """The equations of the path, to first order in the change of all unknowns from one point.

    With e = exp(l + m) they are s + ds = 1 - Σ_y e (1 + dl + dm) and (w + dw) s + w ds = `products`, and that
    q (1 + dl + dm) + e dw has the margins. The first two give ds and dw. Put into the third, they leave a linear system
    for dl and dm. Its matrix is that of `NormalEquations` with the curvature 1 / (w s).
    """

    def __init__(self, program: _Program, point: Unknowns) -> None:
        self._program, self._point = program, point
        self._by_row = program.joint(point)
        self._by_column = np.ascontiguousarray(self._by_row.transpose(2, 1, 0))
        self.products = point.mass * point.slack
        self._equations = NormalEquations(self._by_row, 1 / self.products)
        self._missing_slack = 1 - self._by_row.sum(axis=1) / point.mass - point.slack

    def change(self, products: np.ndarray) -> Unknowns:
        """The change of the unknowns after which all equations hold."""
        mass, slack = self._point.mass, self._point.slack
        # The coupling without a change of the multipliers.
        factor = products / self.products - self._missing_slack / slack
        change_1, change_2 = self._equations.solve(
            self._program.margin_1 - (self._by_row @ factor[:, :, None])[:, :, 0],
            self._program.margin_2 - (self._by_column @ factor.T[:, :, None])[:, :, 0],
        )
        gain = (change_1[:, None, :] @ self._by_row)[:, 0, :] + (change_2[:, None, :] @ self._by_column)[:, 0, :].T
        slack_change = self._missing_slack - gain / mass
        return Unknowns(change_1, change_2, (products - self.products - mass * slack_change) / slack, slack_change)


def _step(program: _Program, point: Unknowns, tolerance: float) -> Unknowns | None:
    """The next point, or None where rounding leaves no direction."""
    try:
        linearised = _Linearised(program, point)
    except np.linalg.LinAlgError:
        return None
    mean = float(linearised.products.mean())
    predictor = linearised.change(np.zeros_like(point.mass))
    foreseen = _moved(program, point, predictor)
    left = float((foreseen.mass * foreseen.slack).mean()) / mean
    share = min(max(left**3, _BOLDEST_CUT, _LAST_CUT * tolerance / (mean * point.mass.size)), 1.0)
    second_order = predictor.mass * predictor.slack
    np.clip(second_order, -_LARGEST_CORRECTION * mean, _LARGEST_CORRECTION * mean, out=second_order)
    return _moved(program, point, linearised.change(share * mean - second_order))


def _moved(program: _Program, point: Unknowns, change: Unknowns) -> Unknowns:
    """The point moved along a change: masses as far as their bound allows, the other unknowns as far as theirs do."""
    primal = min(1.0, _TO_THE_BOUND * _way_to_zero(point.mass, change.mass))
    dual = min(1.0, _TO_THE_BOUND * _way_to_zero(point.slack, change.slack), _way_to_the_largest(program, change))
    return Unknowns(
        point.multiplier_1 + dual * change.multiplier_1,
        point.multiplier_2 + dual * change.multiplier_2,
        point.mass + primal * change.mass,
        point.slack + dual * change.slack,
    )


def _way_to_zero(values: np.ndarray, change: np.ndarray) -> float:
    """How many times a change can be added to positive values until one of them is 0."""
    return 1 / max(-float((change / values).min()), 1e-300)


def _way_to_the_largest(program: _Program, change: Unknowns) -> float:
    """How many times a change can be added until some exponent l + m has changed by `_LARGEST_CHANGE`."""
    rise = (change.multiplier_1 + program.allowed_1).max(axis=0) + (change.multiplier_2 + program.allowed_2).max(axis=0)
    fall = (change.multiplier_1 - program.allowed_1).min(axis=0) + (change.multiplier_2 - program.allowed_2).min(axis=0)
    return _LARGEST_CHANGE / max(float(rise.max()), -float(fall.min()), 1e-300)


def _logarithm(values: np.ndarray) -> np.ndarray:
    return np.log(positive_or_one(values))
