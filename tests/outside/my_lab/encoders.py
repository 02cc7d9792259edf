"""An encoder of raw waveforms, with the layers that make batches and replicas matter."""

import torch
from torch import Tensor, nn


class WaveformEncoder(nn.Module):
    """Two strided convolutions with batch normalisation and dropout; [n, samples] → [n, width]."""

    def __init__(self, row_shape: tuple[int, ...], width: int = 8, dropout: float = 0.0) -> None:
        super().__init__()
        self.out_dim = width
        self.layers = nn.Sequential(
            nn.Conv1d(1, width, kernel_size=16, stride=8),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, kernel_size=8, stride=4),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Encode waveforms [n, samples]."""
        return torch.mean(self.layers(x.unsqueeze(1)), dim=-1)
