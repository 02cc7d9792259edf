"""What a device can do at best, and what a step must ask of it: products, and traffic between it and its memory."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode


def clock_of(device: torch.device) -> Callable[[], float]:
    """Seconds of work done for this process: processor time on a CPU, else wall time once the device has finished."""
    if device.type == "cpu":
        return time.process_time

    def after_the_device() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return after_the_device


def least_seconds(run: Callable[[], object], device: torch.device, repeats: int = 20) -> float:
    """Seconds of the fastest of several runs."""
    clock = clock_of(device)
    seconds = []
    for _ in range(repeats):
        start = clock()
        run()
        seconds.append(clock() - start)
    return min(seconds)


def peak_flops(device: torch.device, size: int = 1024) -> float:
    """Floating-point operations a second of the best of several float32 products of square matrices."""
    a = torch.randn(size, size, device=device)
    return 2 * size**3 / least_seconds(lambda: torch.mm(a, a), device)


def memory_bandwidth(device: torch.device, num_bytes: int) -> float:
    """Bytes a second, read and written, of the best of several copies of so many bytes."""
    source = torch.zeros(num_bytes // 4, device=device)
    target = torch.empty_like(source)
    return 2 * num_bytes / least_seconds(lambda: target.copy_(source), device)


class TrafficCounter(TorchDispatchMode):
    """Adds up, while active, the bytes that operations move if each reads its inputs and writes its results once."""

    def __init__(self) -> None:
        super().__init__()
        self.num_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Run one operation and count what it moves: a view moves nothing."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
            self.num_bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return result


def work_of(run: Callable[[], object]) -> tuple[int, int]:
    """Floating-point operations of a run's products, and the bytes that its operations move one by one."""
    with FlopCounterMode(display=False) as flops:
        run()
    with TrafficCounter() as traffic:
        run()
    return flops.get_total_flops(), traffic.num_bytes
