"""How far a coupling of two margins can be from the least informative one, shown by a feasible point of the dual."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A coupling `joint` [n1, ny, n2] with the right margins, whose -H(Y|X1, X2) is within `gap` nats of the least."""

    joint: np.ndarray
    gap: float


def certify(
    joint: np.ndarray,
    multiplier_1: np.ndarray,
    multiplier_2: np.ndarray,
    margin_1: np.ndarray,
    margin_2: np.ndarray,
) -> Certificate:
    """Repair a nearly feasible coupling and nearly feasible multipliers, and bound how much better a coupling can be.

    `joint` q [n1, ny, n2], `multiplier_1` l and `margin_1` [n1, ny], `multiplier_2` m and `margin_2` [n2, ny].
    Where Σ_y exp(l + m) <= 1 for every (x1, x2), Gibbs' inequality gives for every coupling q of the margins
    Σ q log(q / q(x1, x2)) >= Σ q (l + m) = ⟨margin_1, l⟩ + ⟨margin_2, m⟩. The sums are over the classes that both x1
    and x2 have: a multiplier of any other class is left out.
    The bound holds up to the rounding of the sums, about 1e-15.
    """
    coupling = with_margins(joint, margin_1, margin_2)
    shifted_1, shifted_2 = feasible_multipliers(multiplier_1, multiplier_2, margin_1, margin_2)
    bound = float((margin_1 * shifted_1).sum() + (margin_2 * shifted_2).sum())
    # By rounding, the coupling's margins differ a little from the true ones, which the bound was computed with.
    missed_1, missed_2 = np.abs(coupling.sum(axis=2) - margin_1), np.abs(coupling.sum(axis=0).T - margin_2)
    missed = float((missed_1 * np.abs(shifted_1)).sum() + (missed_2 * np.abs(shifted_2)).sum())
    return Certificate(joint=coupling, gap=max(negative_conditional_entropy(coupling) - bound, 0.0) + missed)


def with_margins(joint: np.ndarray, margin_1: np.ndarray, margin_2: np.ndarray) -> np.ndarray:
    """The coupling made of `joint` [n1, ny, n2] by scaling down what is too much and adding a product for the rest.

    Algorithm 2 of Altschuler, Weed and Rigollet (2017) for each class. The margins come out exact, and the mass moved
    is about what they were off by. Margins [n1, ny] and [n2, ny] must agree on the mass of each class.
    """
    joint = joint * _reduction(joint.sum(axis=2), margin_1)[:, :, None]
    joint *= _reduction(joint.sum(axis=0), margin_2.T)
    missing_1 = np.maximum(margin_1 - joint.sum(axis=2), 0)
    missing_2 = np.maximum(margin_2.T - joint.sum(axis=0), 0)
    total = missing_1.sum(axis=0)
    joint += (missing_1 / np.where(total > 0, total, 1))[:, :, None] * missing_2
    return joint


def _reduction(sums: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """The factors that keep sums from exceeding the margin."""
    return np.divide(margin, sums, out=np.ones_like(sums), where=sums > margin)


def negative_conditional_entropy(joint: np.ndarray) -> float:
    """-H(Y|X1, X2) of probabilities [n1, ny, n2], in nats."""
    pairs = joint.sum(axis=1)
    ratio = joint / np.where(pairs > 0, pairs, 1)[:, None, :]
    return float(np.vdot(joint, np.log(np.where(ratio > 0, ratio, 1))))


def feasible_multipliers(
    multiplier_1: np.ndarray, multiplier_2: np.ndarray, margin_1: np.ndarray, margin_2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers shifted by a number for each x1, then for each x2, so that the largest Σ_y exp(l + m) is 1."""
    allowed_1 = np.where(margin_1 > 0, multiplier_1, -np.inf)
    allowed_2 = np.where(margin_2 > 0, multiplier_2, -np.inf)
    logarithms = np.logaddexp.reduce(allowed_1[:, :, None] + allowed_2.T, axis=1)
    shift_1 = logarithms.max(axis=1)
    shift_2 = (logarithms - shift_1[:, None]).max(axis=0)
    return (
        np.where(margin_1 > 0, multiplier_1 - shift_1[:, None], 0),
        np.where(margin_2 > 0, multiplier_2 - shift_2[:, None], 0),
    )
