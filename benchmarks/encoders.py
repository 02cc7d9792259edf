"""What does a training step of each encoder cost, packed, in turn and alone, and what limits it?

    python benchmarks/encoders.py

Forward, backward and AdamW through `Training`, at λ = 0, with a partner of one unit that costs next to nothing (the
synthetic pair: both MLPs). `packed` computes R replicas as one batched model, `in turn` one after the other, `alone` is
one replica, times R. On a CPU the time is the processor's, so that other processes on a busy machine count little.
"""

import statistics
from collections.abc import Callable
from pathlib import Path

import torch
import tyro
from device_bounds import clock_of, peak_flops
from encoder_cases import CASES, Case
from harness import RESULTS, Row, median_seconds, print_table, write_results
from operation_clock import LIMITS, OperationClock
from torch.utils.flop_counter import FlopCounterMode

from trainables.training import Training


def operation_shares(
    training: Training, run_seconds: float, repeats: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Shares of a run of `run_seconds` that its operations take, medians by what limits it."""
    seconds: dict[str, list[float]] = {limit: [] for limit in LIMITS}
    for _ in range(repeats):
        with OperationClock(clock) as operations:
            training.run_epoch()
        for limit, total in operations.seconds.items():
            seconds[limit].append(total)
    return {limit: statistics.median(totals) / run_seconds for limit, totals in seconds.items()}


def measure(name: str, case: Case, num_replicas: int, repeats: int, device: torch.device, peak: float) -> Row:
    """The row of one encoder: milliseconds a step, the share of the peak, and the shares of what limits it."""
    clock = clock_of(device)
    trainings = {
        "packed": case.training(num_replicas, device, packed=True),
        "in turn": case.training(num_replicas, device, packed=False),
        "alone": case.training(1, device, packed=False),
    }
    runs = median_seconds({way: training.run_epoch for way, training in trainings.items()}, repeats, clock)
    milliseconds = {way: 1000 * seconds / case.steps for way, seconds in runs.items()}
    with FlopCounterMode(display=False) as flops:
        trainings["alone"].run_epoch()
    total_flops = flops.get_total_flops() / case.steps
    shares = operation_shares(trainings["alone"], runs["alone"], repeats, clock)
    return {
        "encoder": name,
        "replicas": num_replicas,
        "packed ms": milliseconds["packed"],
        "in turn ms": milliseconds["in turn"],
        "alone x R ms": num_replicas * milliseconds["alone"],
        "packed / in turn": milliseconds["packed"] / milliseconds["in turn"],
        "chosen": "packed" if case.packing_pays(device) else "in turn",
        "GFLOP alone": total_flops / 1e9,
        "% of peak": 100 * total_flops / (runs["alone"] / case.steps) / peak,
        **{f"% {limit}": 100 * share for limit, share in shares.items()},
        "% calls": 100 * (1 - sum(shares.values())),
    }


def main(
    out: Path = RESULTS / "encoders.json", replicas: int = 4, repeats: int = 5, threads: int = 1, only: str = ""
) -> None:
    """Print the tables and write them as JSON.

    Args:
        out: The JSON file to write.
        replicas: How many replicas are packed, or trained in turn.
        repeats: Timed runs of each way to train each encoder.
        threads: Threads that PyTorch may use.
        only: Measure the encoders whose names contain this.

    """
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    peak = peak_flops(device)
    print(f"{device}: {peak / 1e9:.0f} GFLOP/s in a product of 1,024 × 1,024 matrices")
    rows = [measure(name, case, replicas, repeats, device, peak) for name, case in CASES.items() if only in name]
    limits = [f"% {limit}" for limit in (*LIMITS, "calls")]
    print_table([{key: value for key, value in row.items() if key not in limits} for row in rows])
    print("What a step alone is spent on, in % (calls: Python, and calling operations):")
    print_table([{key: row[key] for key in ("encoder", *limits)} for row in rows])
    if device.type == "cpu":
        print("No CUDA device here: there all replicas are packed, and that has not been measured.")
    write_results(out, rows)


if __name__ == "__main__":
    tyro.cli(main)
