"""What do the alignment metrics cost, against the forms in which they are usually computed?

    OMP_NUM_THREADS=1 python benchmarks/similarity.py

Every alternative gives the same value as ours (printed), except that the usual mutual k-NN leaves ties to chance.
"""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results

from alignment import linear_cka, mutual_knn, svcca

Measure = Callable[[np.ndarray, np.ndarray], float]

NUM_NEIGHBOURS = 10
BLOCK_ROWS = 1000


def cka_from_kernels(a: np.ndarray, b: np.ndarray) -> float:
    """Linear CKA from its two n × n kernels."""

    def centred_kernel(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        kernel = x @ x.T
        return kernel - kernel.mean(axis=0) - kernel.mean(axis=1, keepdims=True) + kernel.mean()

    kernel_a, kernel_b = centred_kernel(a), centred_kernel(b)
    return float((kernel_a * kernel_b).sum() / (np.linalg.norm(kernel_a) * np.linalg.norm(kernel_b)))


def svcca_from_projections(a: np.ndarray, b: np.ndarray) -> float:
    """SVCCA in the usual steps: standardise, project on the principal directions, whiten the covariances, decompose."""

    def principal(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        return x @ np.linalg.svd(x, full_matrices=False)[2][:10].T

    def whitening(x: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(x.T @ x)
        return vectors / np.sqrt(values) @ vectors.T

    x, y = principal(a), principal(b)
    return float(np.linalg.svd(whitening(x) @ (x.T @ y) @ whitening(y), compute_uv=False).mean())


def agreement(nearest_a: np.ndarray, nearest_b: np.ndarray) -> float:
    """Mean share of neighbours in common, from two lists of neighbours [n, k]."""
    return float((nearest_a[:, :, None] == nearest_b[:, None, :]).sum() / nearest_a.size)


def knn_by_argpartition(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual k-NN with numpy's partial sort, in blocks of rows and the type of the input."""

    def nearest(x: np.ndarray) -> np.ndarray:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
        found = []
        for start in range(0, len(x), BLOCK_ROWS):
            distances = -(x[start : start + BLOCK_ROWS] @ x.T)
            row = np.arange(len(distances))
            distances[row, start + row] = np.inf
            found.append(np.argpartition(distances, NUM_NEIGHBOURS, axis=1)[:, :NUM_NEIGHBOURS])
        return np.concatenate(found)

    return agreement(nearest(a), nearest(b))


def knn_by_topk(a: np.ndarray, b: np.ndarray) -> float:
    """Mutual k-NN with torch.topk, in blocks of rows and the type of the input."""

    def nearest(array: np.ndarray) -> np.ndarray:
        x = torch.nn.functional.normalize(torch.from_numpy(array), dim=-1)
        found = []
        for start in range(0, len(x), BLOCK_ROWS):
            similarities = x[start : start + BLOCK_ROWS] @ x.T
            row = torch.arange(len(similarities))
            similarities[row, start + row] = -torch.inf
            found.append(similarities.topk(NUM_NEIGHBOURS, dim=1).indices)
        return torch.cat(found).numpy()

    return agreement(nearest(a), nearest(b))


def related_pair(num_rows: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Two float32 inputs [n, d] that share half of their variance."""
    draw = np.random.default_rng(0)
    a, noise = (draw.standard_normal((num_rows, width), dtype=np.float32) for _ in range(2))
    return a, a + noise


def repeating_pair(num_rows: int, num_bits: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Two float32 layers [n, bits] over random bit patterns, of which there are fewer than rows."""
    draw = np.random.default_rng(0)
    signs = 2.0 * draw.integers(0, 2, size=(num_rows, num_bits)) - 1
    weights = draw.standard_normal((2, num_bits, num_bits))
    first, second = (np.tanh(signs @ weight).astype(np.float32) for weight in weights)
    return first, second


def compare(
    data: str, pair: tuple[np.ndarray, np.ndarray], ours: Measure, others: list[Measure], repeats: int
) -> list[Row]:
    """One row for each alternative to ours on one pair."""
    measures = [ours, *others]
    seconds = median_seconds({m.__name__: lambda m=m: m(*pair) for m in measures}, repeats)
    return [
        {
            "data": data,
            "measure": measure.__name__,
            "value": measure(*pair),
            "seconds": seconds[measure.__name__],
            "ours is times faster": seconds[measure.__name__] / seconds[ours.__name__],
        }
        for measure in measures
    ]


def measure_memory(num_rows: int, width: int) -> Row:
    """Seconds of one run of ours, and the most memory that another one holds beside its inputs."""
    pair = related_pair(num_rows, width)
    start = time.perf_counter()
    mutual_knn(*pair, NUM_NEIGHBOURS)
    seconds = time.perf_counter() - start
    tracemalloc.start()
    mutual_knn(*pair, NUM_NEIGHBOURS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {"data": f"n={num_rows} d={width}", "measure": "mutual_knn", "seconds": seconds, "peak MB": peak / 1e6}


def main(out: Path = RESULTS / "similarity.json", repeats: int = 3) -> None:
    """Print the tables and write them as JSON.

    Args:
        out: The JSON file to write.
        repeats: Timed runs of each contestant on each pair of inputs.

    """
    neighbours: list[Measure] = [knn_by_argpartition, knn_by_topk]
    rows = [
        *compare("n=3000 d=64", related_pair(3000, 64), linear_cka, [cka_from_kernels], repeats),
        *compare("n=10000 d=64", related_pair(10_000, 64), linear_cka, [], repeats),
        *compare("n=10000 d=64", related_pair(10_000, 64), svcca, [svcca_from_projections], repeats),
        *compare("n=10000 d=64", related_pair(10_000, 64), mutual_knn, neighbours, repeats),
        *compare("n=9831 d=12, rows repeat", repeating_pair(9831), mutual_knn, neighbours, repeats),
    ]
    print_table(rows)
    memory = [measure_memory(20_000, width) for width in (64, 256)]
    print_table(memory)
    write_results(out, rows + memory)


if __name__ == "__main__":
    tyro.cli(main)
