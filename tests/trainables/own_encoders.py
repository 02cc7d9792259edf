"""Encoders as users write them: each is a plain module with one habit that replicas must cope with."""

import numpy as np
import torch
from torch import Tensor, nn

WIDTH = 5


class Plain(nn.Module):
    """Two linear maps."""

    def __init__(self, row_shape: tuple[int, ...], depth: int = 1) -> None:
        super().__init__()
        self.out_dim = WIDTH
        hidden = [nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Tanh()) for _ in range(depth)]
        self.layers = nn.Sequential(nn.Linear(row_shape[0], WIDTH), nn.Tanh(), *hidden)
        self.middle = self.middle_layer()

    def middle_layer(self) -> nn.Module:
        return nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.middle(self.layers(x))


class Normalised(Plain):
    """Running statistics, and a count of batches, in buffers."""

    def middle_layer(self) -> nn.Module:
        return nn.BatchNorm1d(WIDTH)


class Averaging(Plain):
    """A running mean that is put in the buffer's place instead of into it."""

    mean: Tensor

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.register_buffer("mean", torch.zeros(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        z = self.layers(x)
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * z.detach().mean(dim=0)
        return z - self.mean


class Dropping(Plain):
    """Dropout of PyTorch's own."""

    def __init__(self, row_shape: tuple[int, ...], dropout: float) -> None:
        self.probability = dropout
        super().__init__(row_shape)

    def middle_layer(self) -> nn.Module:
        return nn.Dropout(self.probability)


class HalfFrozen(Plain):
    """A first layer that is not to be trained, and one parameter that has no part in the output."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.layers[0].requires_grad_(False)
        self.idle = nn.Parameter(torch.ones(2))


class Tied(Plain):
    """One matrix under two names."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.again = self.layers[2]


class Recurrent(nn.Module):
    """The state of a GRU after each row's last real step."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.out_dim = WIDTH
        self.gru = nn.GRU(row_shape[1], WIDTH, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        states, _ = self.gru(x)
        if lengths is None:
            return states[:, -1]
        return states[torch.arange(len(x)), lengths - 1]


class Padded(nn.Module):
    """The mean over all steps, real or not."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.out_dim = WIDTH
        self.map = nn.Linear(row_shape[1], WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.map(x).mean(dim=1)


class Counting(Plain):
    """A number in Python that decides the output."""

    calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.layers(x) / self.calls


class Remembering(Plain):
    """A tensor of the last call that is no buffer."""

    last: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        z = self.layers(x)
        shifted = z if self.last is None else z - self.last
        self.last = z.detach().mean(dim=0)
        return shifted


class Branching(Plain):
    """Another way for rows of another kind."""

    def forward(self, x: Tensor) -> Tensor:
        z = self.layers(x)
        return z if x.mean() > 0 else -z


class Noisy(Plain):
    """Noise of NumPy's global generator."""

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + np.random.standard_normal()  # noqa: NPY002  as users do


class Unregistered(Plain):
    """A random tensor of its own that is no buffer: one batched model has that of the first replica alone."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.shift = (torch.randn(WIDTH),)  # in a tuple, which nothing moves to another device

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shift[0]


class Wider(Plain):
    """Wider than it says."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.out_dim = WIDTH - 1


class Unsized(nn.Linear):
    """No out_dim."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape[0], WIDTH)


class Frozen(Plain):
    """Nothing to train."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.requires_grad_(False)


class Doubled(Plain):
    """Parameters of another type."""

    def __init__(self, row_shape: tuple[int, ...]) -> None:
        super().__init__(row_shape)
        self.double()


class Raising(Plain):
    """It has a fault."""

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("layer 7")


class Infinite(Plain):
    """A logarithm of what may be negative."""

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).log()


class Listing(Plain):
    """Not a tensor."""

    def forward(self, x: Tensor) -> list[Tensor]:  # pyright: ignore
        return [self.layers(x)]


def not_a_module(row_shape: tuple[int, ...]) -> int:
    return 3
