"""Losses whose gradient is a closed form, found on the way forward: little is kept for the way back."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

# (pair [2, B, N, D], *scalars [B], with_gradient=...) in at least float32, to losses [B] and the gradients of their sum
# with respect to the pair and each scalar. Where `with_gradient` is false, there are no gradients.
LossesAndGradients = Callable[..., tuple[Tensor, tuple[Tensor, ...]]]


def closed_form_loss(compute: LossesAndGradients, z_a: Tensor, z_b: Tensor, *scalars: Tensor) -> Tensor:
    """Losses [...] of `z_a`, `z_b` [..., N, D] and `scalars` [...], differentiable once in all of them.

    Computed in the widest type of `z_a` and `z_b`, at least float32, also under autocast.
    Autograd with `create_graph=True` raises RuntimeError.
    """
    device = z_a.device.type
    with torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext():
        return _ClosedForm.apply(compute, torch.is_grad_enabled(), z_a, z_b, *scalars)


class _ClosedForm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, compute: LossesAndGradients, grad_enabled: bool, z_a: Tensor, z_b: Tensor, *scalars: Tensor
    ) -> Tensor:
        *batch_shape, num_rows, width = z_a.shape
        pair = torch.stack((z_a, z_b)).view(2, math.prod(batch_shape), num_rows, width)
        if torch.finfo(pair.dtype).bits < 32:
            pair = pair.float()
        flat_scalars = [scalar.reshape(-1).to(pair.dtype) for scalar in scalars]
        with_gradient = grad_enabled and any(ctx.needs_input_grad)
        losses, gradients = compute(pair, *flat_scalars, with_gradient=with_gradient)
        if with_gradient:
            of_pair, *of_scalars = gradients
            ctx.save_for_backward(
                of_pair.view(2, *batch_shape, num_rows, width), *(g.view(batch_shape) for g in of_scalars)
            )
        return losses.view(batch_shape)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        # With create_graph=True, and only then, gradients are recorded here. `once_differentiable` would not notice:
        # it looks at the incoming gradient alone, and a penalty on this one would silently have no effect.
        if torch.is_grad_enabled():
            raise RuntimeError("this loss has no second derivative: call autograd without create_graph=True")
        of_pair, *of_scalars = ctx.saved_tensors
        of_pair = of_pair * grad_outputs[0][..., None, None]
        return None, None, of_pair[0], of_pair[1], *(of_scalar * grad_outputs[0] for of_scalar in of_scalars)
