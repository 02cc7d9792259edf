"""The two halves of an alignment experiment: for each modality an encoder with its task head, and a projection head."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor, nn

from alignment import ProjectionHead
from trainables.config import TrialConfig
from trainables.global_generator import seeded
from trainables.randomness import derived_seed

_Module = TypeVar("_Module", bound=nn.Module)


class Classifier(nn.Module):
    """Encoder of one modality with a linear task head; an encoder whose `forward` takes no `lengths` is given none."""

    def __init__(self, encoder: nn.Module, out_dim: int, num_outputs: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(out_dim, num_outputs)
        self._takes_lengths = takes_lengths(encoder)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the representations [n, out_dim] and the head's outputs [n, outputs]: class logits or one value."""
        representation = self.encoder(x, lengths) if self._takes_lengths else self.encoder(x)
        return representation, self.head(representation)


def takes_lengths(encoder: nn.Module) -> bool:
    """Whether the encoder's `forward` has a parameter `lengths`."""
    return "lengths" in inspect.signature(encoder.forward).parameters


def build_classifier(
    config: TrialConfig, modality: int, replica: int, input_shape: tuple[int, ...], num_outputs: int
) -> Classifier:
    """Freshly initialised encoder and head of modality 1 or 2 for one replica; rows have `input_shape`."""
    choice = config.hyperparameters
    encoder_config = config.encoder_1 if modality == 1 else config.encoder_2
    dropout = choice.dropout_1 if modality == 1 else choice.dropout_2

    def build() -> Classifier:
        encoder: Any = encoder_config.build(input_shape, dropout=dropout, depth=choice.depth)
        return Classifier(encoder, encoder.out_dim, num_outputs)

    return _initialised(build, config, replica, f"classifier {modality}")


def build_projection(config: TrialConfig, modality: int, replica: int, in_dim: int) -> ProjectionHead:
    """Freshly initialised projection head of one replica, of a trial that has one."""
    size = config.hyperparameters.projection_size
    assert size is not None
    return _initialised(lambda: ProjectionHead(in_dim, size), config, replica, f"projection {modality}")


def _initialised(build: Callable[[], _Module], config: TrialConfig, replica: int, purpose: str) -> _Module:
    with seeded(derived_seed(config.seed, config.stream, replica, purpose)):  # as PyTorch's initialisers draw globally
        return build()
