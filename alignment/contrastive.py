"""Symmetric InfoNCE: the contrastive loss that pulls two representations of the same row together."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from numbers import Real
from typing import Any

import torch
from torch import Tensor

# A row shorter than this is the rounding of ordinary activations.
_SHORTEST_LENGTH = 1e-12

# Batch elements are taken in blocks of about this many similarities, which stay in the cache.
_BLOCK_SIZE = 2**20

# The weights are formed in so many parts: a temporary as large as the logits costs more to allocate than to fill.
_NUM_PARTS = 8


def symmetric_info_nce(z_a: Tensor, z_b: Tensor, temperature: float, *, check_finite: bool = True) -> Tensor:
    """InfoNCE in both directions over cosine similarities, mean of the two, in nats (paper eq. 3-4).

    `z_a`, `z_b`: floating point [..., N, D] with N >= 2; row i of one matches row i of the other, and the other N - 1
    rows of its batch element are its negatives. Rows are normalised here. `temperature`: a fixed number.
    Returns one loss for each batch element, [...]; half-precision input is computed and returned in float32.

    A row shorter than 1e-12 has no direction: its similarity to every row is 0, and so is its gradient.
    `check_finite=False` lets NaN and infinity through; they make the loss and gradients of their own batch element NaN
    and touch no other. (A finite row whose length overflows then counts as one without direction.)
    The gradient is a closed form without a derivative: autograd with `create_graph=True` raises RuntimeError.
    Raises ValueError where shapes, types or temperature do not fit, or where a row or its length is not finite.
    """
    _check(z_a, z_b, temperature)
    device = z_a.device.type
    with torch.autocast(device, enabled=False) if torch.is_autocast_enabled(device) else nullcontext():
        return _SymmetricInfoNCE.apply(z_a, z_b, float(temperature), check_finite, torch.is_grad_enabled())


class _SymmetricInfoNCE(torch.autograd.Function):
    """The gradient is found on the way forward, so that nothing N × N is kept for the way back."""

    @staticmethod
    def forward(
        ctx: Any, z_a: Tensor, z_b: Tensor, temperature: float, check_finite: bool, with_gradient: bool
    ) -> Tensor:
        *batch_shape, num_rows, width = z_a.shape
        pair = torch.stack((z_a, z_b)).view(2, math.prod(batch_shape), num_rows, width)
        if torch.finfo(pair.dtype).bits < 32:
            pair = pair.float()
        directions, lengths = _normalise(pair, check_finite)
        blocks = directions.split(max(1, _BLOCK_SIZE // num_rows**2), dim=1)
        if not (with_gradient and (ctx.needs_input_grad[0] or ctx.needs_input_grad[1])):
            return _joined([_loss(block, temperature) for block in blocks]).view(batch_shape)
        losses, gradients = zip(*(_loss_and_gradient(block, temperature) for block in blocks), strict=True)
        # Only the part across a row's direction survives its normalisation.
        gradient = _joined(gradients, dim=1)
        along = (gradient * directions).sum(dim=-1, keepdim=True)
        gradient.addcmul_(along, directions, value=-1).div_(lengths)
        ctx.save_for_backward(gradient.view(2, *batch_shape, num_rows, width))
        return _joined(losses).view(batch_shape)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        # With create_graph=True, and only then, gradients are recorded here. `once_differentiable` would not notice:
        # it looks at the incoming gradient alone, and a penalty on this one would silently have no effect.
        if torch.is_grad_enabled():
            raise RuntimeError("symmetric_info_nce has no second derivative: call autograd without create_graph=True")
        (gradient,) = ctx.saved_tensors
        grad_a, grad_b = gradient * grad_outputs[0][..., None, None]
        return grad_a, grad_b, None, None, None


def _joined(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=dim)


def _normalise(rows: Tensor, check_finite: bool) -> tuple[Tensor, Tensor]:
    """Rows [..., D] at length 1, or 0 where they have no direction, and the lengths [..., 1], infinite for those.

    Dividing by an infinite length gives those rows the similarity and the gradient 0.
    """
    lengths = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    if check_finite and not (finite := lengths.isfinite()).all():
        num_bad = int((~finite).sum())
        raise ValueError(f"rows must be finite and have a finite length, got {num_bad} of {finite.numel()} that do not")
    lengths.masked_fill_(lengths < _SHORTEST_LENGTH, math.inf)
    return rows / lengths, lengths


def _loss(directions: Tensor, temperature: float) -> Tensor:
    logits = _logits(directions, temperature)
    log_sums = logits.logsumexp(dim=-1) + logits.logsumexp(dim=-2)
    return log_sums.mean(dim=-1) / 2 - _mean_diagonal(logits)


def _loss_and_gradient(directions: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Losses [B], and their gradients [2, B, N, D] with respect to the unit rows `directions` [2, B, N, D].

    With P the softmax of the logits over rows and Q over columns, the gradient with respect to the logits is
    (P + Q - 2 I) / 2N.
    """
    logits = _logits(directions, temperature)
    matched = _mean_diagonal(logits)
    log_sums, weights = _log_sums_and_softmaxes(logits, temperature)
    a, b = directions
    # In this order of factors the thin products run up to twice as fast (measured on a CPU).
    gradients = torch.stack(((b.mT @ weights.mT).mT, (a.mT @ weights).mT))
    gradients.sub_(directions.flip(0), alpha=2).div_(2 * logits.shape[-1] * temperature)
    return log_sums.mean(dim=(0, 2)) - matched, gradients


def _log_sums_and_softmaxes(logits: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Log partition functions of rows and of columns [2, B, N], and the sum of both softmaxes [B, N, N].

    Uses `logits` up.
    """
    # A cosine bounds every logit by 1 / temperature. While sums of exponentials fit the type, they need no shift, and
    # one exponential serves both directions. Beyond that no shared shift would do: a row whose every logit is near
    # -1 / temperature would vanish beside one that has a logit near 1 / temperature.
    largest_log_sum = 1 / temperature + math.log(logits.shape[-1])
    if largest_log_sum < -math.log(torch.finfo(logits.dtype).tiny) - 2:
        exponentials = logits.exp_()
        sums = torch.stack((exponentials.sum(dim=-1), exponentials.sum(dim=-2)))
        rows, columns = sums.reciprocal()
        parts = zip(exponentials.chunk(_NUM_PARTS, dim=1), rows.chunk(_NUM_PARTS, dim=1), strict=True)
        for part, part_rows in parts:
            part.mul_(part_rows[:, :, None] + columns[:, None, :])
        return sums.log_(), exponentials
    log_sums = torch.stack((logits.logsumexp(dim=-1), logits.logsumexp(dim=-2)))
    weights = (logits - log_sums[0][:, :, None]).exp_()
    weights += logits.sub_(log_sums[1][:, None, :]).exp_()
    return log_sums, weights


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
