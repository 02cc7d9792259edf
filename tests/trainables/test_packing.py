from dataclasses import replace

import numpy as np
import pytest
import torch

from alignment import SigLip
from trainables.config import (
    EncoderConfig,
    Hyperparameters,
    Mlp,
    ProjectedTransformer,
    Transformer,
    TrialConfig,
    VisionTransformer,
)
from trainables.packing import most_packed, mould, packed, packs_configurations
from trainables.placement import PlacedSplits
from trainables.training import Training


@pytest.mark.parametrize("other", [Transformer(), VisionTransformer()])
def test_a_pair_is_packed_like_its_larger_encoder(other: EncoderConfig) -> None:
    small = Mlp(width=12)
    assert most_packed(small, other) == most_packed(other, small) == most_packed(other, other)
    assert most_packed(small, small) > most_packed(small, other) > 1


def test_configurations_are_packed_where_both_encoders_gain_by_it() -> None:
    assert packs_configurations(Mlp(width=4), Mlp(width=12)) and not packs_configurations(Mlp(width=4), Transformer())


def test_a_mould_leaves_open_what_each_replica_may_have_of_its_own_and_nothing_else(trial: TrialConfig) -> None:
    choice = trial.hyperparameters
    own = {"learning_rate": 0.5, "weight_decay": 0.5, "projection_learning_rate": 0.5, "projection_weight_decay": 0.5}
    for name, value in own.items():
        assert mould(replace(trial, hyperparameters=replace(choice, **{name: value}))) == mould(trial)
    assert mould(replace(trial, replicas=(7, 8, 9))) == mould(trial)
    others = [replace(trial, lambda_=0.1), replace(trial, seed=5), replace(trial, stream="search")]
    common: tuple[dict, ...] = ({"dropout_1": 0.5}, {"dropout_2": 0.5}, {"projection_size": 3}, {"depth": 1})
    others += [replace(trial, hyperparameters=replace(choice, **changed)) for changed in common]
    for other in others:
        assert mould(other) != mould(trial)
        with pytest.raises(ValueError, match="expected trials that differ in"):
            packed([trial, other])


def test_trials_that_are_trained_together_reach_what_each_reaches_alone(
    trial: TrialConfig, placed: PlacedSplits
) -> None:
    """Also where one of them diverges, and with scalars that the objective learns."""
    mlps = replace(trial, encoder_2=ProjectedTransformer(width=4, depth=1), objective=SigLip())
    choices = [
        Hyperparameters(learning_rate=1e-2, weight_decay=0.1, projection_size=3),
        Hyperparameters(learning_rate=float("inf"), projection_size=3),
        Hyperparameters(learning_rate=1e-3, projection_size=3, projection_learning_rate=0.1),
    ]
    trials = [
        replace(mlps, hyperparameters=choice, replicas=replicas)
        for choice, replicas in zip(choices, ((0, 1), (0, 1), (1, 5, 6)), strict=True)
    ]
    config, choice_of_each = packed(trials)
    assert (
        config.replicas == (0, 1, 0, 1, 1, 5, 6)
        and choice_of_each == (choices[0],) * 2 + (choices[1],) * 2 + (choices[2],) * 3
    )
    together = Training(config, placed, packed=True, choices=choice_of_each)
    alone = [Training(each, placed, packed=True) for each in trials]
    for _ in range(2):
        accuracies = [(training.run_epoch(), training.validate())[1] for training in (together, *alone)]
    first, *others = accuracies
    for name, values in first.items():
        np.testing.assert_allclose(values, np.concatenate([of_one[name] for of_one in others]), atol=1e-6)
    for part, flat in enumerate(together.state_dict()["flats"]):
        expected = torch.cat([training.state_dict()["flats"][part] for training in alone])
        torch.testing.assert_close(flat, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
        assert flat[:2].isfinite().all() and flat[4:].isfinite().all() and not flat[2:4].isfinite().any()
