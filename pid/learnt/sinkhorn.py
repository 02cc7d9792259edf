"""The least informative joint distribution of the rows of a batch, whose posteriors are known, by Sinkhorn scaling."""

from dataclasses import dataclass

import numpy as np

_ROUNDS_BETWEEN_CHECKS = 10


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A joint distribution q(x1, x2, y) = base(x1, x2) scale_1(x1, y) scale_2(x2, y), and its I(X1, X2; Y) in bits.

    `base` [n1, n2], `scale_1` [n1, ny], `scale_2` [n2, ny]: n1 n2 ny numbers are never stored. The margin (x2, y) of q
    is exact, and (x1, y) is approached. `gap_bits`: no distribution with both margins has less information than
    `information - gap_bits`.
    """

    base: np.ndarray
    scale_1: np.ndarray
    scale_2: np.ndarray
    information: float
    gap_bits: float
    iterations: int


def align(margin_1: np.ndarray, margin_2: np.ndarray, *, tolerance: float, max_iterations: int) -> Alignment:
    """Minimise I_q(X1, X2; Y) over all q whose (X1, Y) and (X2, Y) margins are given: the union information of BROJA.

    `margin_1` [n1, ny] and `margin_2` [n2, ny], strictly positive, of sum 1 and with equal sums of columns; `tolerance`
    in bits. The objective Σ_y p(y) KL(q(x1, x2 | y) | m(x1, x2)) is minimised over m and over q in turns. The best m is
    Σ_y q. Sinkhorn's scaling of m to the margins of each class leads to the best q, and each turn does one round of it.
    One m serves all classes, so a turn is three products of matrices.
    For any l(x1, y) and m(x2, y) with Σ_y exp(l + m) <= 1 everywhere, H(Y) + ⟨margin_1, l⟩ + ⟨margin_2, m⟩ in nats is a
    lower bound. Here l and m are log scale_1 and log scale_2, one of them lowered row by row until that holds.
    Stops when the gap is at most `tolerance`, or after `max_iterations`; the caller judges the gap.
    Raises ValueError where margins do not fit, or `max_iterations` is below 1.
    """
    _check(margin_1, margin_2)
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, got {max_iterations}")
    prior = margin_1.sum(axis=0)
    base = np.outer(margin_1.sum(axis=1), margin_2.sum(axis=1))
    scale_2 = margin_2 / margin_2.sum(axis=1, keepdims=True) / np.sqrt(prior)
    iteration, gap = 0, np.inf
    while True:
        iteration += 1
        scale_1 = margin_1 / (base @ scale_2)
        scale_2 = margin_2 / (base.T @ scale_1)
        mass = scale_1 @ scale_2.T  # Σ_y q over m
        if iteration % _ROUNDS_BETWEEN_CHECKS == 0 or iteration == max_iterations:
            gap = _excess(margin_1, margin_2, mass)
        if gap <= tolerance or iteration == max_iterations:
            break
        base = base * mass
    information = _entropy(prior) + (margin_1 * np.log2(scale_1)).sum() + (margin_2 * np.log2(scale_2)).sum()
    return Alignment(
        base=base,
        scale_1=scale_1,
        scale_2=scale_2,
        information=float(information),
        gap_bits=gap,
        iterations=iteration,
    )


def table_information(margin: np.ndarray) -> float:
    """I(X; Y) in bits of a strictly positive table [n, ny] of sum 1."""
    independent = np.outer(margin.sum(axis=1), margin.sum(axis=0))
    return float((margin * np.log2(margin / independent)).sum())


def _entropy(probabilities: np.ndarray) -> float:
    return -float((probabilities * np.log2(probabilities)).sum())


def _excess(margin_1: np.ndarray, margin_2: np.ndarray, mass: np.ndarray) -> float:
    """By how many bits the lower bound falls when one scale is lowered until it holds: that for which it falls less."""
    by_row = margin_1.sum(axis=1) @ np.log2(mass.max(axis=1))
    by_column = margin_2.sum(axis=1) @ np.log2(mass.max(axis=0))
    return float(min(by_row, by_column))


def _check(margin_1: np.ndarray, margin_2: np.ndarray) -> None:
    for name, margin in (("margin_1", margin_1), ("margin_2", margin_2)):
        if margin.ndim != 2 or not (margin > 0).all() or not np.isclose(margin.sum(), 1, rtol=0, atol=1e-9):
            raise ValueError(
                f"{name} must be a strictly positive [n, ny] table of sum 1, got shape {margin.shape}, least value "
                f"{margin.min():.3g}, sum {margin.sum():.6g}"
            )
    if margin_1.shape[1] != margin_2.shape[1] or not np.allclose(margin_1.sum(0), margin_2.sum(0), rtol=1e-9, atol=0):
        raise ValueError(
            "margins must agree on p(y), got "
            f"{np.array2string(margin_1.sum(0), precision=4)} and {np.array2string(margin_2.sum(0), precision=4)}"
        )
