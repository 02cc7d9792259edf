"""Symmetric InfoNCE: the contrastive loss that pulls two representations of the same row together."""

import math
from numbers import Real
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Entries this small are the rounding of ordinary activations: a row of nothing else has no direction.
_SMALLEST_ENTRY = 1e-12

# Batch elements are taken in blocks of about this many similarities, which stay in the cache.
_BLOCK_SIZE = 2**20


def symmetric_info_nce(z_a: Tensor, z_b: Tensor, temperature: float, *, check_finite: bool = True) -> Tensor:
    """InfoNCE in both directions over cosine similarities, mean of the two, in nats (paper eq. 3-4).

    `z_a`, `z_b`: floating point [..., N, D] with N >= 2; row i of one matches row i of the other, and the other N - 1
    rows of its batch element are its negatives. Rows are normalised here. `temperature`: a fixed number.
    Returns one loss for each batch element, [...]; half-precision input is computed and returned in float32.

    A row with no entry above 1e-12 has no direction: its similarity to every row is 0, and so is its gradient.
    `check_finite=False` lets NaN and infinity through; they make the loss and gradients of their own batch element NaN
    and touch no other. The gradient is a closed form, which cannot itself be differentiated.
    Raises ValueError where shapes, types or temperature do not fit, or where a value is not finite.
    """
    _check(z_a, z_b, temperature)
    if check_finite:
        _check_finite(z_a=z_a, z_b=z_b)
    *batch_shape, num_rows, width = z_a.shape
    pair = torch.stack((z_a, z_b)).reshape(2, math.prod(batch_shape), num_rows, width)
    if torch.finfo(pair.dtype).bits < 32:
        pair = pair.float()
    with torch.autocast(pair.device.type, enabled=False):
        if torch.is_grad_enabled() and pair.requires_grad:
            losses = _SymmetricInfoNCE.apply(pair, float(temperature))
        else:
            losses = _loss(pair, float(temperature))
    return losses.reshape(batch_shape)


class _SymmetricInfoNCE(torch.autograd.Function):
    """Losses [B] of a pair [2, B, N, D]. The gradient is found on the way, so that nothing N × N is kept for it."""

    @staticmethod
    def forward(ctx: Any, pair: Tensor, temperature: float) -> Tensor:
        directions, lengths = _normalise(pair)
        losses, gradients = zip(
            *(_loss_and_gradient(block, temperature) for block in _blocks(directions)), strict=True
        )
        gradient = torch.cat(gradients, dim=1)
        # Only the part across a row's direction survives its normalisation.
        along = (gradient * directions).sum(dim=-1, keepdim=True)
        ctx.save_for_backward(gradient.addcmul_(along, directions, value=-1).div_(lengths))
        return torch.cat(losses)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return grad_outputs[0][:, None, None] * gradient, None


def _loss(pair: Tensor, temperature: float) -> Tensor:
    losses = []
    for block in _blocks(_normalise(pair)[0]):
        logits = _logits(block, temperature)
        log_sums = logits.logsumexp(dim=-1) + logits.logsumexp(dim=-2)
        losses.append(log_sums.mean(dim=-1) / 2 - _mean_diagonal(logits))
    return torch.cat(losses)


def _loss_and_gradient(directions: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Losses [B] and their gradients [2, B, N, D] with respect to the unit rows `directions` [2, B, N, D].

    With P the softmax of the logits over rows and Q over columns, the gradient with respect to the logits is
    (P + Q - 2 I) / 2N.
    """
    logits = _logits(directions, temperature)
    num_rows = logits.shape[-1]
    matched = _mean_diagonal(logits)
    row_log_sums, column_log_sums, weights = _both_softmaxes(logits, temperature)
    losses = (row_log_sums.mean(dim=(-2, -1)) + column_log_sums.mean(dim=(-2, -1))) / 2 - matched
    a, b = directions
    # In this order of factors the thin products run up to twice as fast (measured on a CPU).
    products = torch.stack((b.mT @ weights.mT, a.mT @ weights)).mT
    gradients = (products - 2 * directions.flip(0)) / (2 * num_rows * temperature)
    return losses, gradients


def _both_softmaxes(logits: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """Log partition functions of the rows [B, N, 1] and columns [B, 1, N], and both softmaxes' sum [B, N, N].

    Uses `logits` up.
    """
    # A cosine bounds every logit by 1 / temperature. While sums of exponentials fit the type, they need no shift, and
    # one exponential serves both directions. Beyond that no shared shift would do: a row whose every logit is near
    # -1 / temperature would vanish beside one that has a logit near 1 / temperature.
    largest_log_sum = 1 / temperature + math.log(logits.shape[-1])
    if largest_log_sum < -math.log(torch.finfo(logits.dtype).tiny) - 2:
        exponentials = logits.exp_()
        row_sums = exponentials.sum(dim=-1, keepdim=True)
        column_sums = exponentials.sum(dim=-2, keepdim=True)
        return row_sums.log(), column_sums.log(), exponentials.mul_(1 / row_sums + 1 / column_sums)
    row_log_sums = logits.logsumexp(dim=-1, keepdim=True)
    column_log_sums = logits.logsumexp(dim=-2, keepdim=True)
    weights = (logits - row_log_sums).exp_()
    weights += logits.sub_(column_log_sums).exp_()
    return row_log_sums, column_log_sums, weights


def _normalise(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows [..., D] at length 1, or 0 where they have no direction, and the lengths [..., 1], infinite for those.

    An infinite length makes the gradient of those rows 0. The largest entry is divided out first because the square of
    a finite entry may overflow.
    """
    largest = rows.abs().amax(dim=-1, keepdim=True)
    scaled = rows / largest
    length = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    no_direction = largest < _SMALLEST_ENTRY
    directions = (scaled / length).masked_fill_(no_direction, 0.0)
    return directions, (largest * length).masked_fill_(no_direction, math.inf)


def _blocks(directions: Tensor) -> tuple[Tensor, ...]:
    return directions.split(max(1, _BLOCK_SIZE // directions.shape[-2] ** 2), dim=1)


def _logits(directions: Tensor, temperature: float) -> Tensor:
    return (directions[0] / temperature) @ directions[1].mT


def _mean_diagonal(logits: Tensor) -> Tensor:
    return logits.diagonal(dim1=-2, dim2=-1).mean(dim=-1)


def _check(z_a: Tensor, z_b: Tensor, temperature: float) -> None:
    for name, z in (("z_a", z_a), ("z_b", z_b)):
        if not z.is_floating_point():
            raise ValueError(f"{name} must be floating point, got {z.dtype}")
    if z_a.shape != z_b.shape:
        raise ValueError(f"z_a and z_b must have one shape, got {tuple(z_a.shape)} and {tuple(z_b.shape)}")
    if z_a.ndim < 2 or z_a.shape[-2] < 2 or z_a.shape[-1] < 1:
        raise ValueError(f"expected [..., N, D] with N >= 2 rows to tell apart and D >= 1, got {tuple(z_a.shape)}")
    if not isinstance(temperature, Real) or not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be a finite number above 0, got {temperature!r}")


def _check_finite(**inputs: Tensor) -> None:
    for name, z in inputs.items():
        finite_rows = z.isfinite().all(dim=-1)
        if not finite_rows.all():
            num_bad = int((~finite_rows).sum())
            raise ValueError(f"{name} must be finite, got NaN or infinity in {num_bad} of its {finite_rows.numel()} rows")
