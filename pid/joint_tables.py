"""Joint tables of X1, X2 and Y: from codes to counts, from counts to probabilities, and the information in them."""

from typing import NamedTuple

import numpy as np


class Informations(NamedTuple):
    """I(X1; Y), I(X2; Y) and I(X1, X2; Y) in bits."""

    information_1: float
    information_2: float
    total: float


def joint_table(codes_1: np.ndarray, codes_2: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many rows have each (code 1, code 2, class): int64 [n1, n2, ny], from three [n] of integers from 0.

    n1, n2 and ny are one more than the largest that occurs. Raises ValueError unless all are integers from 0 with the
    same rows.
    """
    columns = [np.asarray(column) for column in (codes_1, codes_2, y)]
    for name, column in zip(("codes_1", "codes_2", "y"), columns, strict=True):
        if column.ndim != 1 or column.dtype.kind not in "iu" or len(column) == 0 or column.min() < 0:
            raise ValueError(f"{name} must be [n] integers from 0, got {column.dtype} of shape {column.shape}")
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"codes_1, codes_2 and y must have the same rows, got {[len(column) for column in columns]}")
    shape = tuple(int(column.max()) + 1 for column in columns)
    cells = np.ravel_multi_index(columns, shape)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)


def checked_table(table: np.ndarray) -> np.ndarray:
    """Probabilities or counts [n1, n2, ny] as float64 probabilities that sum to 1.

    Raises ValueError unless the table has three axes, finite real entries, none masked, none negative and one positive.
    """
    if np.ma.is_masked(table):
        raise ValueError(f"table must have no masked entries, got {np.ma.count_masked(table)}")
    if np.iscomplexobj(table):
        raise ValueError("table must have real entries, got complex ones")
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
    """What X1, X2 and both together tell about Y, in bits, by a joint table [n1, n2, ny] of probabilities or counts.

    Raises ValueError for a table that `checked_table` refuses.
    """
    joint = checked_table(table)
    return Informations(
        information_1=mutual_information(joint.sum(axis=1)),
        information_2=mutual_information(joint.sum(axis=0)),
        total=mutual_information(joint.reshape(-1, joint.shape[2])),
    )


def mutual_information(joint: np.ndarray) -> float:
    """Information in bits between the rows and the columns of joint probabilities [n, m] that sum to 1.

    With m the product of both margins and t = joint / m - 1, it is the sum of m((1 + t) log(1 + t) - t). No term is
    negative. So the result keeps its relative accuracy where rows and columns are almost independent, and is negative
    by rounding alone.
    """
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    # A product below the smallest float64 is 0 where the joint probability is not: its share is below any rounding.
    possible = independent > 0
    joint, independent = joint[possible], independent[possible]
    excess = (joint - independent) / independent
    # Near -1 the excess has lost digits that the ratio still has. Where joint is 0, the term is 0 by any logarithm.
    ratio = np.where(joint > 0, joint / independent, 1)
    logarithms = np.where(ratio < 0.5, np.log(ratio), np.log1p(np.maximum(excess, -0.5)))
    return float((joint * logarithms - (joint - independent)).sum() / np.log(2))
