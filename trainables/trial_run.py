"""A moment's training of one encoder on random rows, to find out what it can do."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from alignment import InfoNce
from trainables.config import EncoderConfig, Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data import Split, Splits
from trainables.pair import build_classifier
from trainables.placement import PlacedSplits
from trainables.replicas import Replicas
from trainables.training import Training

NUM_ROWS = 8  # of a batch
DROPOUT = 0.1

_NUM_STEPS = 2  # of an epoch: the second meets what the first has changed
_NUM_REPLICAS = 2
_NUM_CLASSES = 2


class TrialRun:
    """Two replicas of an encoder for rows of `row_shape`, of differing `lengths` where they have any.

    They are trained on a CPU beside a partner of one unit. Whatever is random is the same each time.
    """

    def __init__(self, config: EncoderConfig, row_shape: tuple[int, ...], *, lengths: bool) -> None:
        self.config = TrialConfig(
            data=SyntheticData(shared_bits=0),  # names the draws; the rows are random
            encoder_1=config,
            encoder_2=Mlp(width=1, depth=1),
            lambda_=0.0,
            hyperparameters=Hyperparameters(learning_rate=1e-3, dropout_1=DROPOUT),
            objective=InfoNce(),
            max_epochs=2,
            batch_size=NUM_ROWS,
            replicas=tuple(range(_NUM_REPLICAS)),
        )
        draw = np.random.default_rng(0)
        train, valid, test = (
            Split(
                x1=draw.standard_normal((num_rows, *row_shape)).astype(np.float32),
                x2=draw.standard_normal((num_rows, 1)).astype(np.float32),
                y=draw.permutation(num_rows) % _NUM_CLASSES,
                lengths_1=draw.integers(1, row_shape[0] + 1, size=num_rows) if lengths else None,
            )
            for num_rows in (NUM_ROWS * _NUM_STEPS, NUM_ROWS, NUM_ROWS)
        )
        self._data = PlacedSplits(
            Splits(train=train, valid=valid, test=test, modalities=("encoder", "partner"), num_classes=_NUM_CLASSES)
        )

    def batch(self) -> tuple[Tensor, Tensor | None]:
        """One batch: rows [n, *row_shape], and their lengths [n] where they have any."""
        return self._data.train.batch(0, slice(NUM_ROWS))

    def state_after(self, epochs: int, *, resumed: dict[str, Any] | None = None) -> dict[str, Any]:
        """The state of the training in turn after so many epochs, all of them its own or after a `resumed` state's."""
        training = Training(self.config, self._data, packed=False)
        if resumed is not None:
            training.load_state_dict(resumed)
        while training.epoch < epochs:
            training.run_epoch()
            training.validate()
        return training.state_dict()

    def outputs_and_gradients(self, *, packed: bool) -> list[Tensor]:
        """What each replica gives, [R, …]: in training for its own rows, the gradient, in evaluation for all rows."""
        shape = self._data.train.row_shape(0)
        modules = [build_classifier(self.config, 1, replica, shape, _NUM_CLASSES) for replica in self.config.replicas]
        replicas = Replicas(modules, self._data.device, packed=packed)
        replicas.seed_dropout(0, [(replica,) for replica in self.config.replicas])
        rows = torch.arange(_NUM_REPLICAS * NUM_ROWS).view(_NUM_REPLICAS, NUM_ROWS)
        replicas.train(step=0)
        given = [
            replicas.call_group(index, *self._data.train.batch(0, rows[own]))
            for index, own in enumerate(replicas.groups)
        ]
        torch.stack([outputs.square().sum() for pair in given for outputs in pair]).sum().backward()
        replicas.gather_gradients(max_norm=torch.inf)
        gradient = replicas.flat.grad
        assert gradient is not None
        replicas.eval()
        with torch.no_grad():
            evaluated = replicas(*self._data.train.batch(0, slice(None)), shared=True)
        in_training = [torch.cat(outputs).detach() for outputs in zip(*given, strict=True)]
        return [*in_training, gradient, *evaluated]


def same_numbers(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two states of trainings have the same weights and buffers, to the last bit."""
    return all(torch.equal(a, b) for a, b in zip(_numbers(first), _numbers(second), strict=True))


def _numbers(state: dict[str, Any]) -> list[Tensor]:
    return [*state["flats"], *(values for held in state["held"] for values in held.values())]
