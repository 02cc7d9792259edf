"""Users' own modules train as they would by themselves: state, draws and frozen weights of each replica its own."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.trainables.own_encoders import Normalised, Tied
from tests.trainables.test_training import (
    EXACT,
    FLOAT_TOLERANCE,
    assert_same,
    encoders_of,
    flats_of,
)
from trainables.config import Hyperparameters, Mlp, TorchEncoder, TrialConfig
from trainables.data import Splits
from trainables.pair import build_classifier
from trainables.placement import PlacedSplits
from trainables.randomness import generator
from trainables.replicas import Replicas
from trainables.training import Training, draw_training_rows

CPU = torch.device("cpu")
STATEFUL = ("Normalised", "Averaging")
OF_VECTORS = (*STATEFUL, "Dropping", "HalfFrozen", "Tied", "Plain")


def own(name: str, **arguments: Any) -> TorchEncoder:
    return TorchEncoder(f"tests.trainables.own_encoders:{name}", arguments)


@pytest.fixture
def in_turn(trial: TrialConfig) -> TrialConfig:
    """The trial with an encoder of the user's for the vectors, to be replaced by others."""
    return replace(trial, encoder_1=own("Normalised"))


def trained(trial: TrialConfig, placed: PlacedSplits, epochs: int = 3) -> Training:
    training = Training(trial, placed, packed=False)
    for _ in range(epochs):
        training.run_epoch()
        training.validate()
    return training


def held_of(training: Training) -> dict[str, Tensor]:
    return {f"{i}.{name}": v for i, held in enumerate(training.state_dict()["held"]) for name, v in held.items()}


def user_state(training: Training, position: int, modality: str = "vector") -> dict[str, Tensor]:
    """State of the user's own module at its best epoch."""
    state = training.best_encoders()[modality][position]
    return {name.removeprefix("encoder."): v for name, v in state.items() if name.startswith("encoder.")}


def alone(trial: TrialConfig, splits: Splits, replica: int, epochs: int) -> nn.Module:
    """The vectors' encoder of one replica, trained at λ = 0 as anybody would write it."""
    part, choice = splits.train, trial.hyperparameters
    model = build_classifier(trial, 1, replica, part.x1.shape[1:], splits.num_classes)
    trainable = [values for values in model.parameters() if values.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=choice.learning_rate, weight_decay=choice.weight_decay)
    rows = draw_training_rows(part.y, trial, replica)
    for epoch in range(epochs):
        order = rows[generator(trial.seed, trial.stream, replica, "order", epoch).permutation(len(rows))]
        for batch in np.split(order, len(order) // trial.batch_size):
            loss = functional.cross_entropy(model(torch.from_numpy(part.x1[batch]))[1], torch.from_numpy(part.y[batch]))
            for values in trainable:
                values.grad = torch.zeros_like(values)  # as if each had a part in the loss
            loss.backward()
            nn.utils.clip_grad_norm_(trainable, trial.gradient_clip)
            optimiser.step()
    return model


@pytest.mark.parametrize("name", [*STATEFUL, "HalfFrozen", "Tied"])
def test_each_replica_ends_with_the_state_of_a_module_trained_alone(
    in_turn: TrialConfig, splits: Splits, placed: PlacedSplits, name: str
) -> None:
    trial = replace(in_turn, encoder_1=own(name), lambda_=0.0)
    training = Training(trial, placed, packed=False)
    for _ in range(2):
        training.run_epoch()
    training.validate()
    for position, replica in enumerate(trial.replicas):
        expected = alone(trial, splits, replica, epochs=2)
        assert_same(training.best_encoders()["vector"][position], expected.state_dict(), FLOAT_TOLERANCE)


def test_running_statistics_differ_between_replicas_and_count_their_own_batches(
    in_turn: TrialConfig, placed: PlacedSplits
) -> None:
    held = trained(in_turn, placed, epochs=2).state_dict()["held"][0]
    means, counts = held["encoder.middle.running_mean"], held["encoder.middle.num_batches_tracked"]
    assert (means[0] - means[1]).abs().max() > 1e-3
    assert counts.dtype == torch.int64
    assert counts.tolist() == [2 * 64 // 16] * 3


def test_evaluation_uses_running_statistics_and_leaves_them(
    in_turn: TrialConfig, splits: Splits, placed: PlacedSplits
) -> None:
    training = trained(in_turn, placed, epochs=2)
    before = held_of(training)
    accuracies = training.validate()["accuracy/vector"]
    assert_same(held_of(training), before, EXACT)
    last = training.state_dict()
    for replica in in_turn.replicas:
        model = build_classifier(in_turn, 1, replica, (6,), splits.num_classes)
        part = training._parts.classifiers[0]
        model.load_state_dict(part.state_of(part.values(), replica))
        outputs = model.eval()(torch.from_numpy(splits.valid.x1))[1]
        assert accuracies[replica] == pytest.approx((outputs.argmax(1).numpy() == splits.valid.y).mean(), abs=1e-6)
    batch_statistics = model.train()(torch.from_numpy(splits.valid.x1))[1]
    assert not torch.allclose(batch_statistics, outputs, atol=1e-2)  # so that it matters which are used
    assert last["epoch"] == 2


@pytest.mark.parametrize("name", [*OF_VECTORS, "Recurrent"])
def test_resumed_equals_uninterrupted(in_turn: TrialConfig, placed: PlacedSplits, name: str) -> None:
    change = {"encoder_2": own(name)} if name == "Recurrent" else {"encoder_1": own(name)}
    trial = replace(in_turn, **change)
    whole = trained(trial, placed, epochs=4)
    state = trained(trial, placed, epochs=2).state_dict()
    torch.manual_seed(3)  # the state of the global generator must not matter
    resumed = Training(trial, placed, packed=False)
    resumed.load_state_dict(state)
    for _ in range(2):
        resumed.run_epoch()
        resumed.validate()
    assert_same(flats_of(whole), flats_of(resumed), EXACT)
    assert_same(held_of(whole), held_of(resumed), EXACT)
    for position in range(len(trial.replicas)):
        assert_same(encoders_of(whole, position), encoders_of(resumed, position), EXACT)
    assert whole.test().report() == resumed.test().report()


def test_buffers_of_the_best_epoch_are_kept_and_testing_does_not_disturb_those_in_training(
    in_turn: TrialConfig, placed: PlacedSplits
) -> None:
    training = Training(in_turn, placed, packed=False)
    training.run_epoch()
    training.validate()
    training._best_accuracy.fill_(torch.inf)  # nothing later can be better
    best = user_state(training, 0)
    training.run_epoch()
    training.validate()
    before = held_of(training)
    scores = training.test().scores
    assert_same(held_of(training), before, EXACT)
    assert_same(user_state(training, 0), best, EXACT)
    assert not torch.equal(before["0.encoder.middle.running_mean"][0], best["middle.running_mean"])
    training._load(training._best)
    np.testing.assert_array_equal(training.test().scores["accuracy/vector"], scores["accuracy/vector"])


@pytest.mark.parametrize("user_class", [Normalised, Tied])
def test_the_user_s_class_loads_what_is_kept(
    in_turn: TrialConfig, placed: PlacedSplits, user_class: type[nn.Module]
) -> None:
    training = trained(replace(in_turn, encoder_1=own(user_class.__name__)), placed, epochs=1)
    assert user_class(row_shape=(6,)).load_state_dict(user_state(training, 1)).missing_keys == []


def test_own_dropout_depends_on_the_replica_alone(in_turn: TrialConfig, placed: PlacedSplits) -> None:
    trial = replace(in_turn, encoder_1=own("Dropping"))
    torch.manual_seed(1)
    state = torch.get_rng_state()
    together = trained(trial, placed)
    assert torch.equal(torch.get_rng_state(), state)
    for position, replica in enumerate(trial.replicas):
        torch.manual_seed(2 + position)
        by_itself = trained(replace(trial, replicas=(replica,)), placed)
        assert_same(encoders_of(together, position), encoders_of(by_itself, 0), FLOAT_TOLERANCE)
    undropped = replace(trial.hyperparameters, dropout_1=0.0)
    without = trained(replace(trial, hyperparameters=undropped), placed)
    assert not torch.allclose(flats_of(without)["0"], flats_of(together)["0"], atol=1e-2)


def test_own_draws_differ_by_step_replica_and_evaluation() -> None:
    modules = [nn.Dropout(0.5) for _ in range(2)]
    for module in modules:
        module.scale = nn.Parameter(torch.ones(1))
    replicas = Replicas(modules, CPU, packed=False)
    replicas.seed_own_draws(0, [("first",), ("second",)])
    x = torch.ones(2, 64, 64)
    masks = {}
    for step in (0, 1, 0):
        replicas.train(step)
        masks.setdefault(step, replicas(x))
        assert torch.equal(replicas(x), masks[step])
    assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0][0], masks[0][1])
    replicas.eval()
    assert torch.equal(replicas(x), x)


def test_frozen_parameters_stay_and_idle_ones_are_allowed(in_turn: TrialConfig, placed: PlacedSplits) -> None:
    choice = Hyperparameters(learning_rate=1e-2, weight_decay=0.5)
    trial = replace(in_turn, encoder_1=own("HalfFrozen"), hyperparameters=choice, lambda_=0.0)
    before = build_classifier(trial, 1, 0, (6,), 3).state_dict()
    after = trained(trial, placed).best_encoders()["vector"][0]
    assert after.keys() == before.keys()
    for name in ("weight", "bias"):
        torch.testing.assert_close(
            after[f"encoder.layers.0.{name}"], before[f"encoder.layers.0.{name}"], rtol=0, atol=0
        )
        assert not torch.equal(after[f"encoder.layers.2.0.{name}"], before[f"encoder.layers.2.0.{name}"])


def test_a_module_that_packs_is_the_same_packed_and_in_turn(in_turn: TrialConfig, placed: PlacedSplits) -> None:
    trial = replace(in_turn, encoder_1=own("Plain"))
    packed, one_by_one = (Training(trial, placed, packed=packed) for packed in (True, False))
    for _ in range(3):
        packed.run_epoch()
        one_by_one.run_epoch()
    assert_same(flats_of(packed), flats_of(one_by_one), FLOAT_TOLERANCE)


def test_lengths_reach_a_module_that_takes_them(in_turn: TrialConfig, splits: Splits, placed: PlacedSplits) -> None:
    trial = replace(in_turn, encoder_1=Mlp(width=5), encoder_2=own("Recurrent"))
    data = splits.valid
    x, lengths = torch.from_numpy(data.x2), torch.from_numpy(data.lengths_2)
    training = trained(trial, placed, epochs=1)
    model = build_classifier(trial, 2, 0, (5, 6), 3)
    model.load_state_dict(training.best_encoders()["sequence"][0])
    part = training._parts.classifiers[1]
    part.eval()
    representation, _ = part(x, lengths, shared=True)
    torch.testing.assert_close(representation[0], model(x, lengths)[0])
    assert not torch.allclose(representation[0], model(x)[0], atol=1e-3)
