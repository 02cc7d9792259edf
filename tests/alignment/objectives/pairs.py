"""Pairs of representations for tests of objectives, and a loss with its gradients."""

from collections.abc import Callable

import torch
from torch import Tensor


def random_pair(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z_a, z_b = (torch.randn(shape, generator=generator, dtype=dtype) for _ in range(2))
    return z_a, z_b


def related_pair(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Two inputs that share half of their variance."""
    z_a, noise = random_pair(*shape, seed=seed, dtype=dtype)
    return z_a, (z_a + noise) / 2**0.5


def rotation(width: int, seed: int = 1) -> Tensor:
    return torch.linalg.qr(random_pair(width, width, seed=seed)[0]).Q


def differentiated(loss: Callable[..., Tensor], z_a: Tensor, z_b: Tensor, **learnt: Tensor) -> list[Tensor]:
    """Losses, and the gradients of their sum with respect to both inputs and each learnt scalar, in this order."""
    z_a, z_b, *scalars = (x.detach().requires_grad_() for x in (z_a, z_b, *learnt.values()))
    losses = loss(z_a, z_b, **dict(zip(learnt, scalars, strict=True)))
    return [losses.detach(), *torch.autograd.grad(losses.sum(), (z_a, z_b, *scalars))]
