"""Posteriors cut into few cells that keep what they tell about the label."""

import numpy as np
from sklearn.cluster import KMeans

_MOST_MICRO_CELLS = 96
_ROWS_A_MICRO_CELL = 8
_NUMBERS_OF_CELLS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)
_MOST_CELLS, _MANY_ROWS, _MOST_CELLS_OF_MANY = 48, 8000, 64
# A cell's label counts count beside so many rows that are spread as the classes are.
_PRIOR_ROWS = 1.0


def cells(posteriors: np.ndarray, codes: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """A cell 0 … m - 1 for each row [n] of `posteriors` [n, num_classes].

    K-means on square roots of posteriors (Hellinger's distance), or quantiles where there are two classes, give at most
    96 small cells. They are merged by the least loss of information, as the posteriors have it (agglomerative
    information bottleneck; Slonim and Tishby 1999). How many are left is decided by the log-loss of each row's label by
    the labels of the other rows in its cell, without those of its own group.
    """
    small = _small_cells(posteriors, seed)
    most = _MOST_CELLS if len(codes) < _MANY_ROWS else _MOST_CELLS_OF_MANY
    best, least_loss = np.zeros(len(codes), dtype=np.int64), np.inf
    for number, merged in _merges(posteriors, small).items():
        if number in _NUMBERS_OF_CELLS and number <= most:
            candidate = merged[small]
            loss = left_out_loss(candidate, codes, groups)
            if loss < least_loss - 1e-12:
                best, least_loss = candidate, loss
    return best


def left_out_loss(cell: np.ndarray, codes: np.ndarray, groups: np.ndarray | None) -> float:
    """Mean -log p(y | cell) in nats, from the counts of the other groups' rows in the cell; all arguments are [n]."""
    counts = label_counts(cell, codes)
    num_classes = counts.shape[1]
    prior = counts.sum(axis=0) / len(codes)
    if groups is None:
        own_with_label, own = np.ones(len(codes)), np.ones(len(codes))
    else:
        in_cell = groups * len(counts) + cell
        own_with_label, own = _frequency(in_cell * num_classes + codes), _frequency(in_cell)
    share = counts[cell, codes] - own_with_label + _PRIOR_ROWS * prior[codes]
    return -float(np.log(share / (counts.sum(axis=1)[cell] - own + _PRIOR_ROWS)).mean())


def label_counts(cell: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """How many rows have each cell and label: float64 [m, num_classes], from two [n] of integers from 0."""
    counts = np.zeros((int(cell.max()) + 1, int(codes.max()) + 1))
    np.add.at(counts, (cell, codes), 1.0)
    return counts


def _frequency(keys: np.ndarray) -> np.ndarray:
    places = np.unique(keys, return_inverse=True)[1]
    return np.bincount(places)[places]


def _small_cells(posteriors: np.ndarray, seed: int) -> np.ndarray:
    number = min(_MOST_MICRO_CELLS, max(2, len(posteriors) // _ROWS_A_MICRO_CELL))
    if posteriors.shape[1] == 2:
        edges = np.unique(np.quantile(posteriors[:, 1], np.arange(1, number) / number))
        found = np.searchsorted(edges, posteriors[:, 1], side="right")
    else:
        roots = np.sqrt(posteriors)
        number = min(number, len(np.unique(roots.round(9), axis=0)))
        found = KMeans(number, max_iter=30, random_state=seed).fit_predict(roots)
    return np.unique(found, return_inverse=True)[1]


def _merges(posteriors: np.ndarray, small: np.ndarray) -> dict[int, np.ndarray]:
    """By the number of cells left, which of them each small cell is in [number of small cells]."""
    number, num_classes = int(small.max()) + 1, posteriors.shape[1]
    sums = np.stack([np.bincount(small, weights=posteriors[:, code]) for code in range(num_classes)], axis=1)
    joint = sums / len(small)  # of a cell and the label, by the posteriors
    entropy = _entropies(joint)
    current = np.arange(number)
    found = {number: current}
    loss = _entropies(joint[:, None] + joint) - entropy[:, None] - entropy
    np.fill_diagonal(loss, np.inf)
    alive = np.ones(number, dtype=bool)
    for left in range(number - 1, 0, -1):
        kept, gone = np.unravel_index(np.argmin(loss), loss.shape)
        joint[kept] += joint[gone]
        alive[gone] = False
        entropy[kept] = _entropies(joint[kept])
        current = np.where(current == gone, kept, current)
        losses = np.where(alive, _entropies(joint + joint[kept]) - entropy - entropy[kept], np.inf)
        losses[kept] = np.inf
        loss[gone, :] = loss[:, gone] = np.inf
        loss[kept, :] = loss[:, kept] = losses
        found[left] = np.unique(current, return_inverse=True)[1]
    return found


def _entropies(joint: np.ndarray) -> np.ndarray:
    """What cells of joint probabilities [..., num_classes] add to H(Y | cell), in nats."""
    mass = joint.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(joint > 0, joint * np.log(joint), 0.0)
        own = np.where(mass > 0, mass * np.log(mass), 0.0)
    return own - terms.sum(axis=-1)
