"""What counted cells of both modalities, and of both together, tell about the label, and each row's part in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pid.exact import broja, union_prices
from pid.joint_tables import mutual_information
from pid.posterior.cells import cells, label_counts

# A cell's label counts are shrunk towards its mean posterior, which counts as so many rows.
_SHRINKAGE_ROWS = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CellInformations:
    """I(T1; Y), I(T2; Y), the union information and I(T12; Y) in bits, of cells T of the posteriors.

    `values` [4]. `of_rows` [n, 4]: what each row contributes, whose mean is near `values`, and whose scatter is theirs
    to first order. `gap_bits`: of the union information. `num_cells`: of x1, of x2, of both together. `chance` [2]: how
    many bits of I(T1; Y) and I(T2; Y) are chance, were counts not shrunk.
    """

    values: np.ndarray
    of_rows: np.ndarray
    gap_bits: float
    num_cells: tuple[int, int, int]
    chance: tuple[float, float]


def cell_informations(
    log_posteriors: Sequence[np.ndarray], codes: np.ndarray, groups: np.ndarray | None, seed: int
) -> CellInformations:
    """Cut the three log-posteriors [n, num_classes], of x1, x2 and both, into cells and count `codes` [n] in them.

    The union information depends on the margins (T1, Y) and (T2, Y) alone, so it is that of any table which has them.
    """
    posteriors = [np.exp(part) for part in log_posteriors]
    found = [cells(part, codes, groups, seed) for part in posteriors]
    counts = [label_counts(cell, codes) for cell in found]
    joints = [_shrunk_joint(*parts) for parts in zip(found, counts, posteriors, strict=True)]
    classes = joints[0].sum(axis=0)
    result = broja(joints[0][:, None, :] * joints[1] / classes)
    told = [mutual_information(joint) for joint in joints]
    of_rows = np.empty((len(codes), 4))
    for place, cell, joint in zip((0, 1, 3), found, joints, strict=True):
        given = joint / joint.sum(axis=1, keepdims=True)
        of_rows[:, place] = np.log2(given[cell, codes] / classes[codes])
    price_1, price_2 = union_prices(result)
    of_rows[:, 2] = price_1[found[0], codes] + price_2[found[1], codes] - np.log2(classes[codes])
    union = told[0] + told[1] - result.atoms.redundancy
    return CellInformations(
        values=np.array([told[0], told[1], union, told[2]]),
        of_rows=of_rows,
        gap_bits=result.gap_bits,
        num_cells=(len(joints[0]), len(joints[1]), len(joints[2])),
        chance=(chance_bits(counts[0]), chance_bits(counts[1])),
    )


def chance_bits(counts: np.ndarray) -> float:
    """How much too high the information that `counts` [m, num_classes] have of cell and label is on average, in bits.

    Half a nat for each pair of cell and label that was seen, less the margins, over the rows (Panzeri and Treves 1996).
    """
    num_free = (
        np.count_nonzero(counts) - np.count_nonzero(counts.sum(axis=1)) - np.count_nonzero(counts.sum(axis=0)) + 1
    )
    return max(0, num_free) / (2 * counts.sum() * np.log(2))


def _shrunk_joint(cell: np.ndarray, counts: np.ndarray, posteriors: np.ndarray) -> np.ndarray:
    """Joint probabilities [m, num_classes] of cell and label, with the classes' frequencies as their margin."""
    claimed = np.zeros_like(counts)
    np.add.at(claimed, cell, posteriors)
    rows = counts.sum(axis=1, keepdims=True)
    joint = rows * (counts + _SHRINKAGE_ROWS * claimed / rows) / (rows + _SHRINKAGE_ROWS)
    joint *= counts.sum(axis=0) / joint.sum(axis=0)
    return joint / joint.sum()
