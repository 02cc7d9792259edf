"""What InfoNCE and its gradient cost on the device, by the number of rows: ours, autograd, and the bound."""

from collections.abc import Callable, Iterator

import torch
from contrastive import closed_form, training_step, two_cross_entropies
from device_bounds import clock_of
from gpu_plan import Plan
from harness import Row, median_seconds

_WIDTH = 64
_MIB = 2**20
_NUM_PRODUCTS = 3  # the logits, and the gradients of both inputs
_FLOAT_BYTES = 4


def info_nce(plan: Plan) -> Iterator[Row]:
    """A row for each N: milliseconds forward and backward, the memory that each way holds, and the least possible time.

    By products: three of N × N × 64. By traffic: the N × N matrix is written once and read once, as one product makes
    it and others need it; kernels that form it in pieces, which are not used here, could do without.
    """
    for num_rows in plan.within_budget(plan.sizes.info_nce_rows):
        draw = torch.Generator().manual_seed(0)
        z_a, z_b = (torch.randn(1, num_rows, _WIDTH, generator=draw).to(plan.device).requires_grad_() for _ in range(2))
        runs = {loss.__name__: training_step(loss, z_a, z_b) for loss in (two_cross_entropies, closed_form)}
        seconds = median_seconds(runs, plan.sizes.repeats, clock_of(plan.device))
        products = _NUM_PRODUCTS * 2 * num_rows**2 * _WIDTH / plan.peak
        traffic = 2 * _FLOAT_BYTES * num_rows**2 / plan.bandwidth
        row: dict[str, str | int | float] = {"N": num_rows, "D": _WIDTH}
        for name, run in runs.items():
            row[f"{name} ms"] = 1000 * seconds[name]
            if plan.device.type == "cuda":
                row[f"{name} MiB"] = _held_mebibytes(run, plan.device)
        yield {
            **row,
            "times faster": seconds["two_cross_entropies"] / seconds["closed_form"],
            "products' bound ms": 1000 * products,
            "traffic's bound ms": 1000 * traffic,
            "ours / bound": seconds["closed_form"] / max(products, traffic),
        }


def _held_mebibytes(run: Callable[[], object], device: torch.device) -> float:
    """The most memory of the card that a run holds beside what was held before."""
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    run()
    return (torch.cuda.max_memory_allocated(device) - before) / _MIB
