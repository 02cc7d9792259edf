"""AdamW gives PyTorch's own numbers, goes on from PyTorch's own state, and brings no compiler along."""

import copy
import subprocess
import sys
from itertools import chain

import pytest
import torch
from torch import Tensor

from trainables.optimiser import AdamW, Group

RATES, DECAYS = (0.1, 0.01), (0.0, 0.1)
TRAINS = """
import sys
import numpy as np
from alignment import InfoNce
from trainables.config import Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data import load
from trainables.placement import PlacedSplits
from trainables.training import Training

data = SyntheticData(shared_bits=4)
config = TrialConfig(
    data=data, encoder_1=Mlp(width=4), encoder_2=Mlp(width=4), lambda_=1.0, objective=InfoNce(),
    hyperparameters=Hyperparameters(learning_rate=0.01), max_epochs=1, batch_size=64, train_samples=64, replicas=(0, 1),
)
training = Training(config, PlacedSplits(load(data)))
training.load_state_dict(training.state_dict())
assert np.isfinite(training.run_epoch()["loss/align"]).all()
training.validate()
print(len(training.test().measured), "torch._dynamo" in sys.modules)
"""


def tensors() -> list[list[Tensor]]:
    """Two groups: of two tensors and of one."""
    draw = torch.Generator().manual_seed(0)
    shapes = [[(3, 5), (7,)], [(2, 2)]]
    return [[torch.randn(shape, generator=draw).requires_grad_() for shape in group] for group in shapes]


def ours(groups: list[list[Tensor]]) -> AdamW:
    return AdamW(
        [
            Group(tensors=group, learning_rate=rate, weight_decay=decay, rows=slice(None))
            for group, rate, decay in zip(groups, RATES, DECAYS, strict=True)
        ]
    )


def pytorchs(groups: list[list[Tensor]]) -> torch.optim.AdamW:
    own = [
        {"params": group, "lr": rate, "weight_decay": decay}
        for group, rate, decay in zip(groups, RATES, DECAYS, strict=True)
    ]
    return torch.optim.AdamW(own, fused=True)


def step(optimiser: AdamW | torch.optim.AdamW, groups: list[list[Tensor]], number: int) -> None:
    """A step along drawn gradients; the second tensor has none in the first, and the last tensor never has one."""
    draw = torch.Generator().manual_seed(number)
    (first, second), _ = groups
    first.grad = torch.randn(first.shape, generator=draw)
    second.grad = None if number == 0 else torch.randn(second.shape, generator=draw)
    optimiser.step()


def assert_same(groups: list[list[Tensor]], expected: list[list[Tensor]]) -> None:
    for own, other in zip(chain(*groups), chain(*expected), strict=True):
        assert torch.equal(own, other)


def test_its_steps_are_pytorchs_own_to_the_last_bit() -> None:
    own, expected = tensors(), tensors()
    own_optimiser, other_optimiser = ours(own), pytorchs(expected)
    for number in range(5):
        step(own_optimiser, own, number)
        step(other_optimiser, expected, number)
        assert_same(own, expected)
    assert not torch.equal(own[0][1], tensors()[0][1]) and torch.equal(own[1][0], tensors()[1][0])


@pytest.mark.parametrize("make_first", [ours, pytorchs])
def test_it_goes_on_from_a_state(make_first: type) -> None:
    """Its own, or PyTorch's, which checkpoints of earlier versions hold."""
    own, expected = tensors(), tensors()
    first, undisturbed = make_first(own), ours(expected)
    for number in range(4):
        if number == 2:
            state = copy.deepcopy(first.state_dict())
            first = ours(own)
            first.load_state_dict(state)
        step(first, own, number)
        step(undisturbed, expected, number)
    assert_same(own, expected)


def test_training_does_not_import_the_compiler() -> None:
    finished = subprocess.run([sys.executable, "-c", TRAINS], capture_output=True, text=True, check=False)
    assert finished.stdout == "2 False\n", finished.stderr
