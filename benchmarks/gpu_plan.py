"""How large the parts of `gpu.py` are, on which device, and how long each may begin another case."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch
from device_bounds import memory_bandwidth, peak_flops
from encoder_cases import CASES

Case = TypeVar("Case")


@dataclass(frozen=True)
class Sizes:
    """What is measured, and how often."""

    encoders: tuple[str, ...]
    """Names of `CASES`; the cheapest comes first."""
    num_rows: int
    """Rows of a batch where results are compared with the CPU's."""
    batch_size: int | None
    """Rows of a batch where steps are timed; None: as many as the encoder's studies have."""
    replicas: tuple[int, ...]
    """The first ones decide most: where time runs out, the last ones are left out."""
    info_nce_rows: tuple[int, ...]
    num_trials: int
    """Trials on one device at once."""
    trial_seconds: float
    """How long these are watched."""
    copied_bytes: int
    """How much is copied to measure the memory's bandwidth."""
    repeats: int


FULL = Sizes(
    encoders=tuple(CASES),
    num_rows=32,
    batch_size=None,
    replicas=(1, 4, 32, 8, 16, 2),
    info_nce_rows=(128, 256, 512, 1024, 2048, 4096, 8192),
    num_trials=4,
    trial_seconds=3.0,
    copied_bytes=2**30,
    repeats=5,
)
TINY = Sizes(
    encoders=("synthetic MLP 12-12-12-12", "AV-MNIST vision ViT 16", "MOSEI vision 50 × 35"),
    num_rows=8,
    batch_size=4,
    replicas=(1, 2),
    info_nce_rows=(16, 32),
    num_trials=2,
    trial_seconds=0.1,
    copied_bytes=2**20,
    repeats=1,
)


class Plan:
    """A device, the sizes to measure on it, and the time that is left for the part under way."""

    def __init__(self, device: torch.device, sizes: Sizes) -> None:
        self.device = device
        self.sizes = sizes
        self.left_out: list[str] = []
        self._end = 0.0

    @cached_property
    def peak(self) -> float:
        """Floating-point operations a second of the device's float32 products."""
        return peak_flops(self.device)

    @cached_property
    def bandwidth(self) -> float:
        """Bytes a second, read and written, of the device's memory."""
        return memory_bandwidth(self.device, self.sizes.copied_bytes)

    def begin(self, seconds: float) -> None:
        """Begin a part that may take so many seconds."""
        self.left_out = []
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self) -> float:
        """Seconds of the part under way; not below 0."""
        return max(0.0, self._end - time.monotonic())

    def within_budget(self, cases: Iterable[Case]) -> Iterator[Case]:
        """Those cases that begin in time; the others are named in `left_out`."""
        for case in cases:
            if self.seconds_left > 0:
                yield case
            else:
                self.left_out.append(str(case))
