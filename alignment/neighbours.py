"""Exact nearest neighbours by cosine similarity, in bounded memory, with ties broken by index."""

import hashlib
import math

import numpy as np

# Similarities are compared after rounding to this fraction, which hides the rounding of a dot product (near 1e-16).
_RESOLUTION = 2.0**-40

# Similarity and index share one 64-bit integer: 42 bits for a rounded cosine and its sign, the rest for the index.
_INDEX_BITS = 22
_LARGEST_INDEX = 2**_INDEX_BITS - 1

# Below every cosine: the row itself, and padding.
_EXCLUDED = -2.0

# Similarities held at a time: 8 MB, which stay near the cache.
_BLOCK_SIZE = 2**20


def cosine_neighbours(rows: np.ndarray, k: int) -> np.ndarray:
    """Indices of the k rows most similar to each row, itself excluded; a set for each row, in no order.

    `rows`: finite float64 [n, d]. Returns int64 [n, k]. A row of zeros has cosine 0 with every row.
    Equal similarities are ordered by index, lowest first. Similarities to identical rows are always equal; those to
    different rows count as equal where they round to the same multiple of 2^-40.
    Memory beside the rows: a normalised copy, another of the distinct rows where rows repeat, and blocks of 8 MB.
    Raises ValueError unless 1 <= k < n <= 2^22.
    """
    num_rows = len(rows)
    if not 1 <= k < num_rows:
        raise ValueError(f"k must be between 1 and n - 1, the number of other rows; got k = {k} with n = {num_rows}")
    if num_rows > _LARGEST_INDEX + 1:
        raise ValueError(f"n must be at most {_LARGEST_INDEX + 1}, got {num_rows}")
    directions = _directions(rows)
    # A matrix product may round the same dot product differently at different places, so each distinct row is
    # multiplied once.
    distinct, copies = _distinct(directions)
    block_rows = max(1, _BLOCK_SIZE // num_rows)
    return np.concatenate(
        [
            _block_neighbours(directions[start : start + block_rows], start, distinct, copies, k)
            for start in range(0, num_rows, block_rows)
        ]
    )


def mean_copies(rows: np.ndarray) -> float:
    """Of how many rows a row has the direction, itself among them, on average; `rows` as of `cosine_neighbours`."""
    _, copies = _distinct(_directions(rows))
    counts = np.bincount(copies)
    return float(counts @ counts / len(rows))


def _directions(rows: np.ndarray) -> np.ndarray:
    """Rows at length 1, or 0 where they are zeros; equal rows as equal bytes."""
    # The largest entry is divided out first because squares of finite entries may overflow or vanish.
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    directions = rows / np.where(largest > 0, largest, 1.0)[:, None]
    lengths = np.sqrt(np.einsum("nd,nd->n", directions, directions))
    directions /= np.where(lengths > 0, lengths, 1.0)[:, None]
    directions += 0.0  # makes -0.0 the same bytes as 0.0
    return np.ascontiguousarray(directions)


def _distinct(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows [m, d], and for each row its place among them [n]."""
    digests = b"".join(hashlib.blake2b(row, digest_size=16).digest() for row in directions)
    _, first, copies = np.unique(np.frombuffer(digests, dtype="V16"), return_index=True, return_inverse=True)
    if len(first) == len(directions):
        return directions, np.arange(len(directions))
    return directions[first], copies


def _block_neighbours(queries: np.ndarray, start: int, distinct: np.ndarray, copies: np.ndarray, k: int) -> np.ndarray:
    """Neighbours [b, k] of the rows from `start` on.

    The rows are cut into groups of consecutive indices. With ties broken by index, the k best rows lie in the k groups
    whose best rows are best, so that only those groups are searched: about 2 √(nk) keys for a row instead of n.
    """
    num_rows, num_queries = len(copies), len(queries)
    group_size = max(1, math.isqrt(num_rows // k))
    num_groups = -(-num_rows // group_size)
    similarities = np.full((num_groups * group_size, num_queries), _EXCLUDED)
    if len(distinct) == num_rows:
        np.matmul(distinct, queries.T, out=similarities[:num_rows])
    else:
        np.take(distinct @ queries.T, copies, axis=0, out=similarities[:num_rows], mode="clip")
    column = np.arange(num_queries)
    similarities[start + column, column] = _EXCLUDED

    best_of_group = similarities.reshape(num_groups, group_size, num_queries).max(axis=1)
    groups = _largest(best_of_group.T, np.arange(num_groups), k)
    candidates = (groups[:, :, None] * group_size + np.arange(group_size)).reshape(num_queries, -1)
    return _largest(similarities[candidates, column[:, None]], candidates, k)


def _largest(similarities: np.ndarray, indices: np.ndarray, k: int) -> np.ndarray:
    """Indices [b, k] of the k largest of `similarities` [b, m], of equal ones the lowest; `indices` [m] or [b, m]."""
    rounded = np.rint(similarities / _RESOLUTION).astype(np.int64)
    keys = (rounded << _INDEX_BITS) | (_LARGEST_INDEX - indices)
    largest = np.partition(keys, keys.shape[1] - k, axis=1)[:, -k:]
    return _LARGEST_INDEX - (largest & _LARGEST_INDEX)
