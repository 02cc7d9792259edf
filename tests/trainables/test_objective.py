"""The objective in the training step: the scalars that it learns, and the dimensions that it sees."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables.test_training import EXACT, FLOAT_TOLERANCE, assert_same, flats_of, trained
from trainables.config import Hyperparameters, Refused, TrialConfig
from trainables.placement import PlacedSplits
from trainables.training import Training


@dataclass(frozen=True, kw_only=True)
class ScaledDistance:
    """exp(−s) · mean squared distance + s + o², with learnt s and o."""

    offset: float = 1.0

    @property
    def learnt(self) -> Mapping[str, float]:
        return {"log_scale": 0.5, "offset": self.offset}

    def __call__(self, z_a: Tensor, z_b: Tensor, **learnt: Tensor) -> Tensor:
        scale = learnt["log_scale"]
        assert scale.shape == z_a.shape[:-2]
        return torch.exp(-scale) * (z_a - z_b).square().mean(dim=(-2, -1)) + scale + learnt["offset"] ** 2


@dataclass(frozen=True, kw_only=True)
class Distance:
    """Mean squared distance; learns nothing."""

    @property
    def learnt(self) -> Mapping[str, float]:
        return {}

    def __call__(self, z_a: Tensor, z_b: Tensor, **learnt: Tensor) -> Tensor:
        assert not learnt
        return (z_a - z_b).square().mean(dim=(-2, -1))


@pytest.fixture
def learning(trial: TrialConfig) -> TrialConfig:
    return replace(trial, objective=ScaledDistance())


def scalars(training: Training) -> Tensor:
    """The learnt scalars [R, 2]."""
    return training.state_dict()["flats"][-1]


def test_scalars_begin_at_their_values_and_follow_their_gradients_without_decay(
    learning: TrialConfig, placed: PlacedSplits
) -> None:
    choice = replace(learning.hyperparameters, weight_decay=0.5)
    training = Training(replace(learning, hyperparameters=choice, batch_size=64), placed)
    torch.testing.assert_close(scalars(training), torch.tensor([0.5, 1.0]).expand(3, 2), rtol=0, atol=0)
    training.run_epoch()  # one step: Adam's first is of the learning rate's size, whatever the gradient's
    torch.testing.assert_close(scalars(training)[:, 1], torch.full((3,), 1 - 1e-2), rtol=0, atol=1e-6)


def test_each_replica_learns_scalars_of_its_own(learning: TrialConfig, placed: PlacedSplits) -> None:
    packed, in_turn = (Training(learning, placed, packed=packed) for packed in (True, False))
    for training in (packed, in_turn):
        for _ in range(3):
            training.run_epoch()
    assert_same(flats_of(packed), flats_of(in_turn), FLOAT_TOLERANCE)
    found = scalars(packed)[:, 0]
    assert found.unique().numel() == len(learning.replicas)


def test_scalars_are_clipped_as_a_part_of_their_own(learning: TrialConfig, placed: PlacedSplits) -> None:
    """A steep scalar takes nothing from the encoders' first step, which a common norm would scale to nothing.

    Adam ignores the scale of its first gradient only above its ε of 1e-8, which a clip to 1e-6 brings near.
    """
    trial = replace(learning, batch_size=64, gradient_clip=1e-6)
    steep, flat = (
        flats_of(trained(replace(trial, objective=ScaledDistance(offset=offset)), placed, epochs=1))
        for offset in (1e12, 0.0)
    )
    assert len(steep) == 5  # the scalars' part is the last
    for name, values in steep.items():
        if name != "4":
            torch.testing.assert_close(values, flat[name], rtol=0, atol=0)


def test_scalars_are_restored_and_kept_with_the_best_epoch(learning: TrialConfig, placed: PlacedSplits) -> None:
    whole, state = trained(learning, placed, epochs=4), trained(learning, placed, epochs=2).state_dict()
    resumed = Training(learning, placed)
    resumed.load_state_dict(state)
    for _ in range(2):
        resumed.run_epoch()
        resumed.validate()
    assert_same(flats_of(whole), flats_of(resumed), EXACT)
    best = whole.state_dict()["best_flats"][-1]
    for epoch in range(1, 5):
        at_epoch = scalars(trained(learning, placed, epochs=epoch))
        chosen = whole.state_dict()["best_epoch"] == epoch
        torch.testing.assert_close(best[chosen], at_epoch[chosen], rtol=0, atol=0)


def test_without_alignment_there_are_no_scalars(learning: TrialConfig, placed: PlacedSplits) -> None:
    with_learnt, without = (
        Training(replace(learning, lambda_=0.0, objective=objective), placed)
        for objective in (learning.objective, Distance())
    )
    for training in (with_learnt, without):
        training.run_epoch()
    assert_same(flats_of(with_learnt), flats_of(without), EXACT)


def test_dimensions_beyond_the_aligned_width_get_nothing_of_the_objective(
    trial: TrialConfig, placed: PlacedSplits
) -> None:
    """The last layer's rows are moved by their own gradient alone: those of free dimensions as without alignment.

    One step, without clipping, which would scale all by one norm. The encoders' widths, 5 and 6, may differ.
    """
    choice = Hyperparameters(learning_rate=1e-2)
    trial = replace(trial, hyperparameters=choice, batch_size=64, gradient_clip=1e9, aligned_width=3)
    states = [trained(replace(trial, lambda_=lambda_), placed, epochs=1).best_encoders() for lambda_ in (0.0, 5.0)]
    for replica in range(3):
        apart, aligned = (state["vector"][replica]["encoder.layers.3.weight"] for state in states)
        torch.testing.assert_close(aligned[3:], apart[3:], rtol=0, atol=0)
        assert not torch.allclose(aligned[:3], apart[:3], atol=1e-4)


def test_all_dimensions_by_width_are_all_dimensions(trial: TrialConfig, placed: PlacedSplits) -> None:
    losses = [Training(replace(trial, aligned_width=width), placed).run_epoch() for width in (None, 4, 2)]
    np.testing.assert_array_equal(losses[0]["loss/align"], losses[1]["loss/align"])
    assert (losses[0]["loss/align"] != losses[2]["loss/align"]).all()


@pytest.mark.parametrize(
    ("projection_size", "width", "message"),
    [
        (None, 6, "between 1 and the width of an encoder's representations, 5, got 6"),
        (4, 5, "between 1 and the width of the projections, 4, got 5"),
        (4, 0, "got 0"),
    ],
)
def test_an_aligned_width_that_is_not_there_is_refused(
    trial: TrialConfig, placed: PlacedSplits, projection_size: int | None, width: int, message: str
) -> None:
    choice = replace(trial.hyperparameters, projection_size=projection_size)
    with pytest.raises(Refused, match=message):
        Training(replace(trial, hyperparameters=choice, aligned_width=width), placed)
