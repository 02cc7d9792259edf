"""Linear centred kernel alignment as a loss: the rows of both inputs should lie alike, up to rotation and scale."""

import math

import torch
from torch import Tensor

from alignment.objectives.checks import check_pair
from alignment.objectives.closed_form import closed_form_loss


def cka_loss(z_a: Tensor, z_b: Tensor) -> Tensor:
    """One minus the linear CKA of each batch element, [...], of `z_a`, `z_b` [..., N, D]; see `Cka`."""
    check_pair(z_a, z_b)
    return closed_form_loss(_losses_and_gradients, z_a, z_b)


def _losses_and_gradients(pair: Tensor, *, with_gradient: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Losses [B], and their gradients with respect to `pair` [2, B, N, D].

    With a, b centred, the similarity is s = |a'b|² / (|a'a| |b'b|), and half its gradient with respect to a is
    b b'a / (|a'a| |b'b|) - s a a'a / |a'a|².
    """
    centred, scales = _centred_at_unit_scale(pair)
    a, b = centred
    cross = a.mT @ b
    own = centred.mT @ centred
    norms = torch.linalg.matrix_norm(own)
    # An input without variation shares none: the similarity and the gradient become 0.
    norms.masked_fill_(norms == 0, math.inf)
    product = norms[0] * norms[1]
    similarities = cross.square().sum(dim=(-2, -1)) / product
    if not with_gradient:
        return 1 - similarities, ()
    shared = torch.stack((b @ cross.mT, a @ cross)) / product[:, None, None]
    alone = centred @ own * (similarities / norms.square())[..., None, None]
    return 1 - similarities, ((alone - shared) * 2 / scales,)


def _centred_at_unit_scale(pair: Tensor) -> tuple[Tensor, Tensor]:
    """Centred rows [2, B, N, D] with largest entry 1, and the scale [2, B, 1, 1] that they were divided by.

    The similarity ignores the scale, and fourth powers of small or large entries would vanish or overflow.
    """
    # Without the first row, constant features are exactly 0, where the mean alone would leave rounding.
    shifted = pair - pair[..., :1, :]
    centred = shifted - shifted.mean(dim=-2, keepdim=True)
    scales = centred.abs().amax(dim=(-2, -1), keepdim=True)
    scales.masked_fill_(scales == 0, math.inf)
    return centred / scales, scales
