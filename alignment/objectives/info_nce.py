"""Symmetric InfoNCE: the contrastive loss that pulls two representations of the same row together."""

import math
from functools import partial

import torch
from torch import Tensor

from alignment.objectives.checks import check_pair, check_temperature
from alignment.objectives.closed_form import closed_form_loss
from alignment.objectives.unit_rows import over_unit_rows

# The weights are formed in parts of so many numbers: a quarter of a megabyte beside the logits stays in the cache too.
_PART_SIZE = 2**16

# Of so many at most, products take half as long where each feature's numbers lie side by side; of more they do not.
_FEW_FEATURES = 32


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
    check_pair(z_a, z_b)
    check_temperature(temperature)
    of_unit_rows = partial(_losses_and_gradients, temperature=float(temperature))
    return closed_form_loss(partial(over_unit_rows, of_unit_rows, check_finite=check_finite), z_a, z_b)


def _losses_and_gradients(
    directions: Tensor, *, temperature: float, with_gradient: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Losses [B], and their gradients with respect to the unit rows `directions` [2, B, N, D].

    With P the softmax of the logits over rows and Q over columns, the gradient with respect to the logits is
    (P + Q - 2 I) / 2N.
    """
    a, b = directions.unbind()
    # A cosine bounds every logit by 1 / temperature. While sums of exponentials fit the type, they need no shift, and
    # one exponential serves both directions. Beyond that no shared shift would do: a row whose every logit is near
    # -1 / temperature would vanish beside one that has a logit near 1 / temperature.
    largest_log_sum = 1 / temperature + math.log(directions.shape[-2])
    needs_no_shift = largest_log_sum < -math.log(torch.finfo(directions.dtype).tiny) - 2
    # Logits in units of ln 2, as powers of two take two thirds of the time of those of e.
    unit = math.log(2) if with_gradient and needs_no_shift else 1.0
    logits = (a / (unit * temperature)) @ b.mT
    matched = unit * logits.diagonal(dim1=-2, dim2=-1).mean(dim=-1)
    if not with_gradient:
        both_log_sums = logits.logsumexp(dim=-1) + logits.logsumexp(dim=-2)
        return both_log_sums.mean(dim=-1) / 2 - matched, ()
    scale = 1 / (2 * logits.shape[-1] * temperature)
    log_sums, weights = (_of_powers_of_two if needs_no_shift else _of_shifted)(logits, scale)
    weights.diagonal(dim1=-2, dim2=-1).sub_(2 * scale)
    return log_sums.mean(dim=(0, 2)) - matched, (_of_directions(weights, directions),)


def _of_directions(weights: Tensor, directions: Tensor) -> Tensor:
    """The gradients with respect to `directions` [2, B, N, D], where those of the logits are `weights` [B, N, N]."""
    if directions.shape[-1] > _FEW_FEATURES:
        a, b = directions.unbind()
        gradient = torch.empty_like(directions)
        torch.bmm(weights, b, out=gradient[0])
        torch.bmm(weights.mT, a, out=gradient[1])
        return gradient
    by_feature = directions.mT.contiguous()
    a, b = by_feature.unbind()
    gradient = torch.empty_like(by_feature)
    torch.bmm(b, weights.mT, out=gradient[0])
    torch.bmm(a, weights, out=gradient[1])
    return gradient.mT.contiguous()  # sums over it are then the same to the last bit, whatever is in the block


def _of_powers_of_two(logits: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Log partition functions of rows and of columns [2, B, N], and `scale` times the sum of both softmaxes [B, N, N].

    `logits` are in units of ln 2, and used up.
    """
    exponentials = logits.exp2_()
    sums = torch.stack((exponentials.sum(dim=-1), exponentials.sum(dim=-2)))
    inverses = scale / sums
    rows, columns = inverses[0].unsqueeze(-1), inverses[1].unsqueeze(-2)
    num_elements, num_rows, _ = logits.shape
    length = max(1, _PART_SIZE // max(1, num_elements * num_rows))
    for start in range(0, num_rows, length):
        part = slice(start, start + length)
        exponentials[:, part].mul_(rows[:, part] + columns)  # not `*=`, which copies the part onto itself too
    return sums.log_(), exponentials


def _of_shifted(logits: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """As `_of_powers_of_two`, for logits of any size, in units of 1."""
    log_sums = torch.stack((logits.logsumexp(dim=-1), logits.logsumexp(dim=-2)))
    weights = (logits - log_sums[0][:, :, None]).exp_()
    weights += logits.sub_(log_sums[1][:, None, :]).exp_()
    return log_sums, weights.mul_(scale)
