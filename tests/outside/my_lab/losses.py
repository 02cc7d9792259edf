"""An alignment objective of one's own."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class CosineGap:
    """How far matched rows are from pointing one way: the mean of (1 − cosine) to a power."""

    power: float = 1.0

    def __call__(self, z_a: Tensor, z_b: Tensor) -> Tensor:
        """Losses [...] of `z_a`, `z_b` [..., N, D]."""
        gap = (1 - functional.cosine_similarity(z_a, z_b, dim=-1)).clamp(min=1e-6)
        return (gap**self.power).mean(dim=-1)
