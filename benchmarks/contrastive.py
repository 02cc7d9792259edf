"""Is the closed-form contrastive loss faster than automatic differentiation through two cross-entropies?

    python benchmarks/contrastive.py

Forward and backward of one training step, in float32: on single batches, and on the batched replicas of one trial.
"""

import itertools
from collections.abc import Callable
from pathlib import Path

import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results
from torch import Tensor
from torch.nn import functional

from alignment import symmetric_info_nce

TEMPERATURE = 0.1
SHAPES = [
    *((1, num_rows, width) for num_rows, width in itertools.product((128, 512, 2048), (12, 64, 256))),
    (4, 512, 12),
    (28, 512, 12),
]


def two_cross_entropies(z_a: Tensor, z_b: Tensor) -> Tensor:
    """The usual implementation, [R, N, D] x2 -> [R]."""
    logits = functional.normalize(z_a, dim=-1) @ functional.normalize(z_b, dim=-1).mT / TEMPERATURE
    target = torch.arange(logits.shape[-1], device=logits.device).expand(logits.shape[:-1])
    rows = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
    columns = functional.cross_entropy(logits.mT.flatten(0, 1), target.flatten(), reduction="none")
    return ((rows + columns) / 2).view_as(target).mean(dim=-1)


def closed_form(z_a: Tensor, z_b: Tensor) -> Tensor:
    """Ours, [R, N, D] x2 -> [R]."""
    return symmetric_info_nce(z_a, z_b, TEMPERATURE)


def training_step(loss: Callable[[Tensor, Tensor], Tensor], z_a: Tensor, z_b: Tensor) -> Callable[[], None]:
    """A run of `loss` with its gradients."""

    def step() -> None:
        z_a.grad = z_b.grad = None
        loss(z_a, z_b).sum().backward()

    return step


def measure(num_replicas: int, num_rows: int, width: int, repeats: int) -> Row:
    """Median milliseconds of both, and their ratio, at one shape."""
    generator = torch.Generator().manual_seed(0)
    shape = (num_replicas, num_rows, width)
    z_a, z_b = (torch.randn(shape, generator=generator, requires_grad=True) for _ in range(2))
    seconds = median_seconds(
        {loss.__name__: training_step(loss, z_a, z_b) for loss in (two_cross_entropies, closed_form)}, repeats
    )
    times = {f"{name} ms": 1000 * value for name, value in seconds.items()}
    ratio = seconds["two_cross_entropies"] / seconds["closed_form"]
    return {"replicas": num_replicas, "N": num_rows, "D": width, **times, "times faster": ratio}


def main(out: Path = RESULTS / "contrastive.json", repeats: int = 51, threads: int = 1) -> None:
    """Print the table and write it as JSON.

    Args:
        out: The JSON file to write.
        repeats: Timed runs of each contestant at each shape.
        threads: Threads that PyTorch may use.

    """
    torch.set_num_threads(threads)
    # Without this the first shapes would also pay for the memory allocator's first growth.
    measure(*SHAPES[-1], repeats=3)
    rows = [measure(*shape, repeats=repeats) for shape in SHAPES]
    print_table(rows)
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
