"""Losses over cosine similarities: rows are brought to length 1, and batch elements are taken in blocks."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from alignment.objectives.closed_form import LossesAndGradients

# A row shorter than this is the rounding of ordinary activations.
_SHORTEST_LENGTH = 1e-12

# Batch elements are taken in blocks of about this many similarities, and of as many numbers in their rows: a megabyte,
# which stays in a core's second-level cache beside what is computed of it.
_BLOCK_SIZE = 2**18


def over_unit_rows(
    compute: LossesAndGradients, pair: Tensor, *scalars: Tensor, with_gradient: bool, check_finite: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Losses [B] and gradients as `compute` gives them for rows of length 1, carried over to the rows of any length.

    `pair` [2, B, N, D], `scalars` [B]. A row shorter than 1e-12 has no direction: its similarity to every row is 0,
    and so is its gradient. With `check_finite`, raises ValueError where a row or its length is not finite.
    """
    _, num_elements, num_rows, width = pair.shape
    lengths = torch.linalg.vector_norm(pair, dim=-1, keepdim=True)
    if check_finite and not (finite := lengths.isfinite()).all():
        num_bad = int((~finite).sum())
        raise ValueError(f"rows must be finite and have a finite length, got {num_bad} of {finite.numel()} that do not")
    results = [
        _of_block(
            compute,
            pair[:, block],
            lengths[:, block],
            *(scalar[block] for scalar in scalars),
            with_gradient=with_gradient,
        )
        for block in _blocks(num_elements, 2 * num_rows * width)
    ]
    losses, gradients = zip(*results, strict=True)
    if not with_gradient:
        return _joined(losses), ()
    of_pair, *of_scalars = zip(*gradients, strict=True)
    return _joined(losses), (_joined(of_pair, dim=1), *(_joined(of_scalar) for of_scalar in of_scalars))


def _of_block(
    compute: LossesAndGradients, pair: Tensor, lengths: Tensor, *scalars: Tensor, with_gradient: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """As `over_unit_rows`, for few enough rows that operations on all of them stay in the cache."""
    # Dividing by an infinite length gives rows without direction the similarity and the gradient 0.
    lengths = lengths.masked_fill(lengths < _SHORTEST_LENGTH, math.inf)
    directions = pair / lengths
    _, num_elements, num_rows, _ = pair.shape
    losses, gradients = zip(
        *(
            compute(directions[:, block], *(scalar[block] for scalar in scalars), with_gradient=with_gradient)
            for block in _blocks(num_elements, num_rows**2)
        ),
        strict=True,
    )
    if not with_gradient:
        return _joined(losses), ()
    of_directions, *of_scalars = zip(*gradients, strict=True)
    # Only the part across a row's direction survives its normalisation.
    gradient = _joined(of_directions, dim=1)
    along = (gradient * directions).sum(dim=-1, keepdim=True)
    gradient.addcmul_(along, directions, value=-1).div_(lengths)
    return _joined(losses), (gradient, *(_joined(of_scalar) for of_scalar in of_scalars))


def _blocks(num_elements: int, numbers_each: int) -> list[slice]:
    """Slices over batch elements of `numbers_each` numbers; an empty one where there are none."""
    size = max(1, _BLOCK_SIZE // numbers_each)
    return [slice(start, start + size) for start in range(0, max(1, num_elements), size)]


def _joined(parts: Sequence[Tensor], dim: int = 0) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=dim)
