"""SigLIP: each pair of rows is judged by itself, as a match or not."""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import softplus

from alignment.objectives.checks import check_pair
from alignment.objectives.closed_form import closed_form_loss
from alignment.objectives.unit_rows import over_unit_rows

# Beyond this logit, log(1 + exp(logit)) is the logit itself to the last bit of float64.
_LARGEST_LOGIT = 40.0


def sigmoid_loss(z_a: Tensor, z_b: Tensor, *, log_inverse_temperature: Tensor | float, bias: Tensor | float) -> Tensor:
    """Logistic loss of all pairs of rows, [...] in nats, of `z_a`, `z_b` [..., N, D]; see `SigLip`.

    The scalars are tensors [...], one number for each batch element, or one number for all.
    """
    check_pair(z_a, z_b)
    scalars = (
        scalar
        if isinstance(scalar, Tensor)
        else torch.full(z_a.shape[:-2], scalar, dtype=torch.float64, device=z_a.device)
        for scalar in (log_inverse_temperature, bias)
    )
    compute = partial(over_unit_rows, _losses_and_gradients, check_finite=False)
    return closed_form_loss(compute, z_a, z_b, *scalars)


def _losses_and_gradients(
    directions: Tensor, log_scale: Tensor, bias: Tensor, *, with_gradient: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Losses [B], and their gradients with respect to the unit rows `directions` [2, B, N, D] and both scalars [B].

    The gradient with respect to a logit is σ(logit) / N, and for a match -σ(-logit) / N.
    """
    a, b = directions
    num_rows = a.shape[-2]
    scale = log_scale.exp()[:, None, None]
    scaled = a * scale
    logits = (scaled @ b.mT).add_(bias[:, None, None])
    # With its sign turned, the logit of a match counts like any other.
    logits.diagonal(dim1=-2, dim2=-1).neg_()
    losses = softplus(logits, threshold=_LARGEST_LOGIT).sum(dim=(-2, -1)) / num_rows
    if not with_gradient:
        return losses, ()
    weights = logits.sigmoid_().div_(num_rows)
    weights.diagonal(dim1=-2, dim2=-1).neg_()
    of_a = scale * (weights @ b)
    of_b = weights.mT @ scaled
    return losses, (torch.stack((of_a, of_b)), (a * of_a).sum(dim=(-2, -1)), weights.sum(dim=(-2, -1)))
