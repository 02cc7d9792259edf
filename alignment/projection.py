"""Projection heads: maps from an encoder's representation to the space where two modalities are compared."""

from torch import Tensor, nn


class ProjectionHead(nn.Module):
    """Linear map, or with `hidden_dim` a linear map, a GELU and another linear map.

    `in_dim`, `out_dim`, `hidden_dim`: widths, at least 1. Raises ValueError where one is not.
    """

    def __init__(self, in_dim: int, out_dim: int, hidden_dim: int | None = None) -> None:
        super().__init__()
        for name, width in (("in_dim", in_dim), ("out_dim", out_dim), ("hidden_dim", hidden_dim)):
            if width is not None and width < 1:
                raise ValueError(f"{name} must be at least 1, got {width}")
        if hidden_dim is None:
            self.layers = nn.Sequential(nn.Linear(in_dim, out_dim))
        else:
            self.layers = nn.Sequential(nn.Linear(in_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, out_dim))

    def forward(self, representation: Tensor) -> Tensor:
        """Map representations [..., in_dim] to [..., out_dim]."""
        return self.layers(representation)
