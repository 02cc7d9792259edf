"""Whether an objective is one, found on random representations in a moment, before the first trial."""

import torch
from torch import Tensor

from alignment import Objective, learnt_scalars
from trainables.config import Refused

_NUM_REPLICAS, _NUM_ROWS, _WIDTH = 3, 16, 8
# Together and alone, sums may be taken in another order, which shows in the sixth digit.
_TOLERANCE = 1e-4


def examine_objective(objective: Objective) -> None:
    """Call the objective on random representations of three replicas, together and one alone.

    Raises Refused where it raises, and where it does not give one finite loss a replica, with a gradient, that depends
    on that replica alone.
    """
    draw = torch.Generator().manual_seed(0)
    z_a, z_b = (torch.randn(_NUM_REPLICAS, _NUM_ROWS, _WIDTH, generator=draw).requires_grad_() for _ in range(2))
    losses = _losses(objective, z_a, z_b)
    alone = _losses(objective, z_a[1:2], z_b[1:2])
    if not torch.allclose(losses[1:2], alone, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise Refused(
            f"{objective}: expected the loss of each replica to depend on that replica alone, got {losses[1].item():g} "
            f"beside two others and {alone[0].item():g} by itself"
        )
    gradients = torch.autograd.grad(losses.sum(), (z_a, z_b), allow_unused=True)
    if not any(gradient is not None and gradient.isfinite().all() and gradient.any() for gradient in gradients):
        raise Refused(f"{objective}: expected a finite gradient for the representations, got none")


def _losses(objective: Objective, z_a: Tensor, z_b: Tensor) -> Tensor:
    """One loss a replica [R] of representations [R, N, D]."""
    num_replicas = len(z_a)
    learnt = {name: torch.full((num_replicas,), float(value)) for name, value in learnt_scalars(objective).items()}
    given = f"representations of shape {list(z_a.shape)}"
    try:
        losses = objective(z_a, z_b, **learnt)
    except Exception as error:  # the user's code may raise anything
        raise Refused(f"{objective}: called on {given}, it raised {type(error).__name__}: {error}") from error
    if not isinstance(losses, Tensor) or losses.shape != (num_replicas,):
        found = list(losses.shape) if isinstance(losses, Tensor) else type(losses).__name__
        raise Refused(f"{objective}: expected losses of shape [{num_replicas}] for {given}, got {found}")
    if not losses.isfinite().all():
        raise Refused(f"{objective}: expected finite losses of standard normal {given}, got NaN or infinity")
    if not losses.requires_grad:
        raise Refused(f"{objective}: expected losses with a gradient, got some that were cut off from their input")
    return losses
