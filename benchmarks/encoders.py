"""What does a training step of each encoder cost, packed, in turn and alone, and what limits it?

    python benchmarks/encoders.py

Forward, backward and AdamW through `Training`, at λ = 0, with a partner of one unit that costs next to nothing (the
synthetic pair: both MLPs). `packed` computes R replicas as one batched model, `in turn` one after the other, `alone` is
one replica, times R. On a CPU the time is the processor's, so that other processes on a busy machine count little.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from harness import RESULTS, Row, median_seconds, print_table, write_results
from operation_clock import LIMITS, OperationClock
from torch.utils.flop_counter import FlopCounterMode

from alignment import InfoNce
from trainables.config import (
    EncoderConfig,
    Hyperparameters,
    Mlp,
    ProjectedTransformer,
    SyntheticData,
    Transformer,
    TrialConfig,
    VisionTransformer,
)
from trainables.data import Split, Splits
from trainables.placement import PlacedSplits
from trainables.training import Training

DROPOUT = 0.1
NUM_CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Case:
    """One encoder as a study uses it, on random rows; `steps` of them make one timed run."""

    encoder: EncoderConfig
    row_shape: tuple[int, ...]
    batch_size: int = 128
    partner: Mlp = Mlp(width=1, depth=1)  # noqa: RUF009  a frozen dataclass
    steps: int = 1

    def packing_pays(self, device: torch.device) -> bool:
        """Whether a trial of this pair is packed."""
        return self.encoder.packing_pays(device.type) and self.partner.packing_pays(device.type)

    def training(self, num_replicas: int, device: torch.device, *, packed: bool) -> Training:
        """A training of this pair whose epochs have `steps` steps."""
        draw = np.random.default_rng(0)

        def split(num_rows: int) -> Split:
            lengths = None
            if isinstance(self.encoder, Transformer | ProjectedTransformer):
                lengths = draw.integers(1, self.row_shape[0] + 1, size=num_rows)
            return Split(
                x1=draw.standard_normal((num_rows, *self.row_shape)).astype(np.float32),
                x2=draw.standard_normal((num_rows, self.partner.width)).astype(np.float32),
                y=draw.integers(NUM_CLASSES, size=num_rows),
                lengths_1=lengths,
            )

        splits = Splits(
            train=split(self.batch_size * self.steps),
            valid=split(2),
            test=split(2),
            modalities=("encoder", "partner"),
            num_classes=NUM_CLASSES,
        )
        config = TrialConfig(
            data=SyntheticData(shared_bits=0),  # names the draws; the rows are those above
            encoder_1=self.encoder,
            encoder_2=self.partner,
            lambda_=0.0,
            hyperparameters=Hyperparameters(learning_rate=1e-3, dropout_1=DROPOUT),
            objective=InfoNce(),
            max_epochs=1,
            batch_size=self.batch_size,
            replicas=tuple(range(num_replicas)),
        )
        return Training(config, PlacedSplits(splits, device), packed=packed)


CASES = {
    "synthetic MLP 12-12-12-12": Case(
        encoder=Mlp(width=12), row_shape=(12,), batch_size=512, partner=Mlp(width=12), steps=16
    ),
    "features MLP 768-64-64-64": Case(encoder=Mlp(width=64), row_shape=(768,), steps=16),
    "AV-MNIST vision ViT 16": Case(encoder=VisionTransformer(), row_shape=(28, 28)),
    "AV-MNIST audio 20 × 36": Case(encoder=Transformer(), row_shape=(20, 36)),
    "MOSEI vision 50 × 35": Case(encoder=Transformer(), row_shape=(50, 35)),
    "MOSEI audio 50 × 74": Case(encoder=Transformer(), row_shape=(50, 74)),
    "MUStARD audio 50 × 81": Case(encoder=Transformer(), row_shape=(50, 81)),
    "text 50 × 300": Case(encoder=Transformer(), row_shape=(50, 300)),
    "MUStARD vision 50 × 371": Case(encoder=Transformer(), row_shape=(50, 371)),
    "projected 50 × 768 to 64": Case(encoder=ProjectedTransformer(width=64), row_shape=(50, 768)),
}


def clock_of(device: torch.device) -> Callable[[], float]:
    """Seconds of work done for this process: processor time on a CPU, else wall time once the device has finished."""
    if device.type == "cpu":
        return time.process_time

    def after_the_device() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return after_the_device


def peak_flops(device: torch.device, size: int = 1024) -> float:
    """Floating-point operations a second of the best of several float32 products of square matrices."""
    a = torch.randn(size, size, device=device)
    clock = clock_of(device)
    seconds = []
    for _ in range(20):
        start = clock()
        torch.mm(a, a)
        seconds.append(clock() - start)
    return 2 * size**3 / min(seconds)


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
