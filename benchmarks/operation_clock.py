"""Where a step's time goes: the seconds spent inside PyTorch's operations, by what they are for."""

import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# A replica alone runs linear maps as `mm`, and only its attention as products of many small matrices, `bmm`.
LIMITS = {
    "linear": ("mm", "addmm"),
    "attention": ("bmm", "_softmax", "_softmax_backward_data"),
    "layer norm": ("native_layer_norm", "native_layer_norm_backward"),
    "GELU": ("gelu", "gelu_backward"),
    "dropout masks": (),  # all work on int32, and its way to float32
    "optimiser": ("_fused_adamw_",),
    "other": (),  # residuals, applying masks, copies, the loss, gathering rows
}
_LIMIT_OF = {operation: limit for limit, operations in LIMITS.items() for operation in operations}


class OperationClock(TorchDispatchMode):
    """Adds up, while active, the seconds of `clock` that operations take, in `seconds` by the names of `LIMITS`.

    Operations that autograd runs in a backward pass are seen too. Only work counts: from each operation's time that of
    one on a single number is taken off.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._call_seconds = _call_seconds(clock)
        self.seconds = dict.fromkeys(LIMITS, 0.0)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Run one operation on the clock."""
        start = self._clock()
        result = func(*args, **(kwargs or {}))
        elapsed = self._clock() - start
        self.seconds[_limit_of(func, args)] += max(0.0, elapsed - self._call_seconds)
        return result


def _call_seconds(clock: Callable[[], float]) -> float:
    """What an operation costs that has nothing to do."""
    number = torch.zeros(())
    seconds = []
    for _ in range(1000):
        start = clock()
        torch.ops.aten.neg.default(number)
        seconds.append(clock() - start)
    return statistics.median(seconds)


def _limit_of(func: Any, args: tuple) -> str:
    name = func.overloadpacket.__name__
    first = args[0] if args else None
    operand = first[0] if isinstance(first, list | tuple) and first else first
    if isinstance(operand, Tensor) and operand.dtype == torch.int32:
        return "dropout masks"
    return _LIMIT_OF.get(name, "other")
