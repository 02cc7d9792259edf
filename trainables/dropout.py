"""Dropout whose mask is a pure function of a key and a position, so that replicas can be packed, split and resumed."""

from functools import lru_cache

import torch
from torch import Tensor, nn

from trainables.config import Refused

# Odd constants of a multiplicative 32-bit mixer (Wellons' hash-prospector "lowbias32"), written as signed integers.
_WEYL_INCREMENT = 0x9E3779B9 - 2**32
_MULTIPLIER_1 = 0x7FEB352D
_MULTIPLIER_2 = 0x846CA68B - 2**32


class KeyedDropout(nn.Module):
    """Dropout with `probability`, to a multiple of 2^-16, its mask hashed from the buffer `key` and the position.

    Masks from a shared generator would depend on which replicas are trained together and on where a run was
    interrupted. Here the training loop writes a new `key` (int32 scalar) before each step. Input of any shape; with one
    key for each of R replicas, [R], it is [R, …]. A no-op in evaluation and where the probability is 0.
    Raises Refused for a probability outside [0, 1).
    """

    key: Tensor

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise Refused(f"dropout probability must be in [0, 1), got {probability}")
        self.probability = probability
        self.register_buffer("key", torch.zeros((), dtype=torch.int32), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return `values` with elements zeroed at random and the others scaled by 1 / (1 − probability)."""
        if not self.training or self.probability == 0:
            return values
        count = values.numel() // self.key.numel()
        noise = _mix(_mixed_positions((count + 1) // 2, values.device) ^ self.key.unsqueeze(-1))
        # The hash is uniform over the signed 32-bit integers; this threshold leaves `probability` of them below it. Its
        # lower half, shifted up, serves another element: hashing is what dropout costs.
        threshold = int((self.probability - 0.5) * 2**32)
        # 1 at the threshold and above, else 0: a comparison's booleans take ten times as long to become numbers.
        kept = torch.cat([noise, noise << 16], dim=-1)[..., :count].clamp(threshold - 1, threshold).sub_(threshold - 1)
        return values * kept.to(values.dtype).div_(1 - self.probability).view(values.shape)


@lru_cache(maxsize=64)
def _mixed_positions(count: int, device: torch.device) -> Tensor:
    """Positions 0 … count − 1, hashed; kept, for they are the same at every step."""
    return _mix(torch.arange(count, dtype=torch.int32, device=device) * _WEYL_INCREMENT)


def _mix(bits: Tensor) -> Tensor:
    """Bijective mixing of int32 values, in place; the masks after each shift make it a logical one."""
    bits ^= (bits >> 16).bitwise_and_(0xFFFF)
    bits *= _MULTIPLIER_1
    bits ^= (bits >> 15).bitwise_and_(0x1FFFF)
    bits *= _MULTIPLIER_2
    bits ^= (bits >> 16).bitwise_and_(0xFFFF)
    return bits
