"""AdamW as PyTorch computes it, without what PyTorch's own class brings along.

The first use of any `torch.optim.Optimizer` imports PyTorch's compiler, which nothing here uses: two seconds of a core
in each process that trains, as much as PyTorch itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

_BETAS, _EPS = (0.9, 0.999), 1e-8  # PyTorch's


@dataclass(frozen=True, kw_only=True)
class Group:
    """The same `rows` of several tensors, which share a learning rate and a weight decay."""

    tensors: Sequence[Tensor]
    learning_rate: float
    weight_decay: float
    rows: slice


class AdamW:
    """Steps along the gradients of all groups' tensors, to the same numbers as `torch.optim.AdamW(fused=True)`.

    A tensor without a gradient stays as it is.
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._states = [[_first_state(tensor.detach()[group.rows]) for tensor in group.tensors] for group in groups]

    @torch.no_grad()
    def step(self) -> None:
        """Change every tensor by one step."""
        for group, states in zip(self._groups, self._states, strict=True):
            moved = [
                (tensor[group.rows], tensor.grad[group.rows], state)
                for tensor, state in zip(group.tensors, states, strict=True)
                if tensor.grad is not None
            ]
            adamw(
                [tensor for tensor, _, _ in moved],
                [gradient for _, gradient, _ in moved],
                [state["exp_avg"] for _, _, state in moved],
                [state["exp_avg_sq"] for _, _, state in moved],
                [],
                [state["step"] for _, _, state in moved],
                fused=True,
                amsgrad=False,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                lr=group.learning_rate,
                weight_decay=group.weight_decay,
                eps=_EPS,
                maximize=False,
            )

    def state_dict(self) -> dict[str, Any]:
        """The number of steps and both moments of each tensor by its number, under PyTorch's names; not copied."""
        return {"state": dict(enumerate(state for states in self._states for state in states))}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a copy of what `state_dict` returned, here or of PyTorch's own class."""
        all_states = [state for states in self._states for state in states]
        for number, values in state["state"].items():
            for name, value in values.items():
                all_states[number][name].copy_(value)


def _first_state(tensor: Tensor) -> dict[str, Tensor]:
    return {
        "step": torch.zeros((), dtype=torch.float32, device=tensor.device),
        "exp_avg": torch.zeros_like(tensor),
        "exp_avg_sq": torch.zeros_like(tensor),
    }
