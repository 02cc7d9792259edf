"""Joint tables of X1, X2 and Y: the information in any of them, and named ones whose atoms are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from pid.atoms import Atoms


class Informations(NamedTuple):
    """I(X1; Y), I(X2; Y) and I(X1, X2; Y) in bits."""

    information_1: float
    information_2: float
    total: float


@dataclass(frozen=True, kw_only=True)
class NamedDistribution:
    """Joint probabilities [n1, n2, ny] and their exact BROJA atoms."""

    table: np.ndarray
    atoms: Atoms


def checked_table(table: np.ndarray) -> np.ndarray:
    """Probabilities or counts [n1, n2, ny] as float64 probabilities that sum to 1.

    Raises ValueError unless the table has three axes, finite entries, none negative and one positive.
    """
    array = np.asarray(table, dtype=np.float64)
    if array.ndim != 3:
        raise ValueError(f"table must be [n1, n2, ny], got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"table must be finite, got NaN or infinity in {int((~np.isfinite(array)).sum())} entries")
    if (array < 0).any():
        raise ValueError(f"table must not be negative, got a least entry of {array.min():g}")
    largest = array.max(initial=0)
    if largest == 0:
        raise ValueError(f"table must have a positive entry, got none in shape {array.shape}")
    # The sum of entries near the largest float64 would be infinite.
    scaled = array / largest
    return scaled / scaled.sum()


def informations(table: np.ndarray) -> Informations:
    """What X1, X2 and both tell about Y in a joint table [n1, n2, ny] of probabilities or counts, in bits.

    Raises ValueError for a table that is none, see `checked_table`.
    """
    joint = checked_table(table)
    return Informations(
        information_1=mutual_information(joint.sum(axis=1)),
        information_2=mutual_information(joint.sum(axis=0)),
        total=mutual_information(joint.reshape(-1, joint.shape[2])),
    )


def mutual_information(joint: np.ndarray) -> float:
    """Information in bits between the rows and the columns of joint probabilities [n, m] that sum to 1.

    Written as a sum of terms m((1 + t) log(1 + t) - t) >= 0 with m the product of both margins and t = joint / m - 1,
    it keeps its relative accuracy where the two are almost independent, and cannot come out negative but for rounding.
    """
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    # A product below the smallest float64 is 0 where the joint probability is not: its share is below any rounding.
    possible = independent > 0
    joint, independent = joint[possible], independent[possible]
    excess = (joint - independent) / independent
    # Near -1 the excess has lost the digits that the ratio has. Of 0 log 0 = 0 any number may be the logarithm.
    ratio = np.where(joint > 0, joint / independent, 1)
    logarithms = np.where(ratio < 0.5, np.log(ratio), np.log1p(np.maximum(excess, -0.5)))
    return float((joint * logarithms - (joint - independent)).sum() / np.log(2))


def named_distributions() -> dict[str, NamedDistribution]:
    """Reference tables by name, as used in the literature on decompositions, with atoms derived by hand.

    AND and OR: R = I(X1; Y) = h(1/4) - 1/2 = 3/4 log2(4/3). SUM and XORAND are one table under two names of the label.
    PWUNQ (Finn and Lizier 2018): of its four equally likely events (x1, x2, y) = (0, 1, 1), (1, 0, 1), (0, 2, 2),
    (2, 0, 2) each shows the label in one modality. Given y, both modalities are 0 or y with probability 1/2 each; the
    coupling in which they are equal has I(X1, X2; Y) = I(X1; Y) = 1/2, and no coupling has less: R = S = 1/2.
    """
    two, three, five = (list(product((0, 1), repeat=num_bits)) for num_bits in (2, 3, 5))
    return {
        "XOR": _named([(a, b, a ^ b) for a, b in two], synergy=1),
        "AND": _named([(a, b, a & b) for a, b in two], redundancy=0.75 * np.log2(4 / 3), synergy=0.5),
        "OR": _named([(a, b, a | b) for a, b in two], redundancy=0.75 * np.log2(4 / 3), synergy=0.5),
        "RDN": _named([(0, 0, 0), (1, 1, 1)], redundancy=1),
        "UNQ1": _named([(a, b, a) for a, b in two], unique_1=1),
        "UNQ2": _named([(a, b, b) for a, b in two], unique_2=1),
        "COPY": _named([(a, b, 2 * a + b) for a, b in two], unique_1=1, unique_2=1),
        "SUM": _named([(a, b, a + b) for a, b in two], redundancy=0.5, synergy=1),
        "XORAND": _named([(a, b, 2 * (a ^ b) + (a & b)) for a, b in two], redundancy=0.5, synergy=1),
        "RDNXOR": _named([(2 * r + a, 2 * r + b, 2 * r + (a ^ b)) for r, a, b in three], redundancy=1, synergy=1),
        "RDNUNQXOR": _named(
            [(4 * r + 2 * u + a, 4 * r + 2 * v + b, 8 * r + 4 * u + 2 * v + (a ^ b)) for r, u, v, a, b in five],
            redundancy=1,
            unique_1=1,
            unique_2=1,
            synergy=1,
        ),
        "PWUNQ": _named([(0, 1, 0), (1, 0, 0), (0, 2, 1), (2, 0, 1)], redundancy=0.5, synergy=0.5),
    }


def _named(
    events: Sequence[tuple[int, int, int]],
    *,
    redundancy: float = 0.0,
    unique_1: float = 0.0,
    unique_2: float = 0.0,
    synergy: float = 0.0,
) -> NamedDistribution:
    """The table of equally likely events (x1, x2, y) with these atoms."""
    indices = np.array(events)
    table = np.zeros(indices.max(axis=0) + 1)
    np.add.at(table, tuple(indices.T), 1 / len(events))
    atoms = Atoms(redundancy=redundancy, unique_1=unique_1, unique_2=unique_2, synergy=synergy)
    return NamedDistribution(table=table, atoms=atoms)
