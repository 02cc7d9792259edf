"""Posteriors p(y | x) by small networks, whose training stops by validation rows and which are calibrated on them."""

import copy
import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

# Nats of cross-entropy. Where classes are separable, training would otherwise go on sharpening certain posteriors.
_LEAST_PROGRESS = 1e-3


@dataclass(frozen=True, kw_only=True)
class DiscriminatorOptions:
    """How networks with two hidden layers are trained, by AdamW, until `patience` epochs bring no progress."""

    hidden_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    batch_size: int = 128
    max_epochs: int = 200
    patience: int = 20

    def __post_init__(self) -> None:
        for name in ("hidden_size", "batch_size", "max_epochs", "patience"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0 or not self.weight_decay >= 0:
            raise ValueError(
                "learning_rate must be above 0 and weight_decay at least 0, got "
                f"{self.learning_rate} and {self.weight_decay}"
            )


@dataclass(frozen=True, kw_only=True)
class FoldRows:
    """Indices of the rows that train, that stop training, and that are held out, each [n_k]."""

    train: np.ndarray
    valid: np.ndarray
    held_out: np.ndarray


def held_out_posteriors(
    features: np.ndarray,
    codes: np.ndarray,
    rows: FoldRows,
    *,
    options: DiscriminatorOptions,
    seed: int,
    device: str | None,
) -> tuple[np.ndarray, int]:
    """Natural log of p(y | x) for the held-out rows [n_held_out, num_classes], and the epoch that was kept.

    `features` [n, d] float64, `codes` [n] in 0 … num_classes - 1; every class has a training row. Features are
    standardised by the training rows. What the network says beyond the class frequencies counts with a strength that
    is fitted on the validation rows. Where it learns nothing the strength is 0, and the frequencies are returned.
    """
    generator = torch.Generator().manual_seed(seed)
    frequencies = np.bincount(codes[rows.train]) / len(rows.train)
    mean, spread = features[rows.train].mean(axis=0), features[rows.train].std(axis=0)
    scaled = (features - mean) / np.where(spread > 0, spread, 1.0)
    inputs = torch.as_tensor(scaled, dtype=torch.float32, device=device)
    targets = torch.as_tensor(codes, dtype=torch.int64, device=device)
    network = _network(inputs.shape[1], len(frequencies), options.hidden_size, generator).to(device)
    epoch = _fit(network, inputs, targets, rows, options, generator)
    with torch.no_grad():
        logits = network(inputs).cpu().double().numpy()
    evidence = logits - np.log(frequencies)
    strength = _calibrated_strength(evidence[rows.valid], codes[rows.valid], frequencies)
    return _log_posteriors(evidence[rows.held_out], strength, frequencies), epoch


def _network(num_inputs: int, num_classes: int, hidden_size: int, generator: torch.Generator) -> nn.Module:
    sizes = (num_inputs, hidden_size, hidden_size, num_classes)
    layers: list[nn.Module] = []
    for size_in, size_out in itertools.pairwise(sizes):
        # The layer's own initial values would come from the global generator, which must not decide a result.
        linear = cast("nn.Linear", nn.utils.skip_init(nn.Linear, size_in, size_out))
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.GELU()]
    return nn.Sequential(*layers[:-1])


def _fit(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    rows: FoldRows,
    options: DiscriminatorOptions,
    generator: torch.Generator,
) -> int:
    """Train `network` in place, leave it as it was at its best epoch on the validation rows, and return that epoch."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    train, valid = (torch.as_tensor(part, device=inputs.device) for part in (rows.train, rows.valid))
    best_loss, best_epoch, best_state = float("inf"), 0, copy.deepcopy(network.state_dict())
    for epoch in range(1, options.max_epochs + 1):
        order = train[torch.randperm(len(train), generator=generator).to(train.device)]
        for chosen in order.split(options.batch_size):
            optimiser.zero_grad()
            functional.cross_entropy(network(inputs[chosen]), targets[chosen]).backward()
            optimiser.step()
        with torch.no_grad():
            loss = float(functional.cross_entropy(network(inputs[valid]), targets[valid]))
        if loss < best_loss - _LEAST_PROGRESS:
            best_loss, best_epoch, best_state = loss, epoch, copy.deepcopy(network.state_dict())
        elif epoch - best_epoch >= options.patience:
            break
    network.load_state_dict(best_state)
    return best_epoch


def _log_posteriors(evidence: np.ndarray, strength: float, frequencies: np.ndarray) -> np.ndarray:
    scores = np.log(frequencies) + strength * evidence
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def _calibrated_strength(evidence: np.ndarray, codes: np.ndarray, frequencies: np.ndarray) -> float:
    """The factor on the log evidence log p(y | x) - log p(y) that suits the validation labels best, from 0 to 2."""

    def loss(strength: float) -> float:
        return -float(_log_posteriors(evidence, strength, frequencies)[np.arange(len(codes)), codes].mean())

    return min(np.linspace(0, 2, 41).tolist(), key=loss)
