"""Joint tables with names in the literature on decompositions, whose atoms are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pid.atoms import Atoms


@dataclass(frozen=True, kw_only=True)
class NamedDistribution:
    """Joint probabilities [n1, n2, ny] and their exact BROJA atoms."""

    table: np.ndarray
    atoms: Atoms


def named_distributions() -> dict[str, NamedDistribution]:
    """Reference tables by name, with atoms in bits that are derived by hand.

    AND and OR: R = I(X1; Y) = h(1/4) - 1/2 = 3/4 log2(4/3), where h is the entropy of a coin. SUM and XORAND are one
    table under two names of the label. PWUNQ (Finn and Lizier 2018) has four equally likely events (x1, x2, y):
    (0, 1, 1), (1, 0, 1), (0, 2, 2) and (2, 0, 2). Each shows the label in one modality. Given y, each modality is 0 or
    y with probability 1/2. The coupling in which both are equal has I(X1, X2; Y) = I(X1; Y) = 1/2, and no coupling has
    less: R = S = 1/2.
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
