"""VICReg: matched rows are drawn together, and each input is kept from collapsing by itself, without negatives."""

from functools import partial

import torch
from torch import Tensor

from alignment.objectives.checks import check_pair
from alignment.objectives.closed_form import closed_form_loss

# Both as published. A feature is pushed to vary until its standard deviation is 1.
_LEAST_DEVIATION = 1.0
# Keeps the slope of the square root finite where a feature is constant.
_ADDED_VARIANCE = 1e-4


def vicreg_loss(z_a: Tensor, z_b: Tensor, *, invariance: float, variance: float, covariance: float) -> Tensor:
    """The three weighted terms of each batch element, [...], of `z_a`, `z_b` [..., N, D]; see `Vicreg`."""
    check_pair(z_a, z_b)
    compute = partial(_losses_and_gradients, invariance=invariance, variance=variance, covariance=covariance)
    return closed_form_loss(compute, z_a, z_b)


def _losses_and_gradients(
    pair: Tensor, *, invariance: float, variance: float, covariance: float, with_gradient: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Losses [B], and their gradients with respect to `pair` [2, B, N, D]."""
    _, _, num_rows, width = pair.shape
    difference = pair[0] - pair[1]
    centred = pair - pair.mean(dim=-2, keepdim=True)
    covariances = centred.mT @ centred / (num_rows - 1)  # [2, B, D, D]
    variances = covariances.diagonal(dim1=-2, dim2=-1)
    deviations = (variances + _ADDED_VARIANCE).sqrt()
    variances.zero_()  # leaves the covariances of different features
    lacking = (_LEAST_DEVIATION - deviations).clamp(min=0).sum(dim=-1)
    of_each = variance * lacking + covariance * covariances.square().sum(dim=(-2, -1))
    losses = invariance * difference.square().mean(dim=(-2, -1)) + of_each.sum(dim=0) / width
    if not with_gradient:
        return losses, ()
    weights = 4 * covariance * covariances
    weights.diagonal(dim1=-2, dim2=-1).sub_(variance * (deviations < _LEAST_DEVIATION) / deviations)
    gradient = centred @ weights / (width * (num_rows - 1))
    gradient += torch.stack((difference, -difference)) * (2 * invariance / (num_rows * width))
    return losses, (gradient,)
