from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from alignment import InfoNce, symmetric_info_nce
from trainables.config import Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data import Splits, load
from trainables.pair import build_classifier, build_projection
from trainables.placement import PlacedSplits
from trainables.randomness import generator
from trainables.training import Training, draw_training_rows

Weights = dict[str, torch.Tensor]

# Packed and alone differ in how sums are ordered, and a few steps of AdamW magnify that: 1e-5 of weights of order 1.
FLOAT_TOLERANCE = (1e-4, 1e-5)
EXACT = (0.0, 0.0)


def trained(trial: TrialConfig, placed: PlacedSplits, epochs: int = 3) -> Training:
    training = Training(trial, placed)
    for _ in range(epochs):
        training.run_epoch()
        training.validate()
    return training


def encoders_of(training: Training, position: int) -> dict[str, torch.Tensor]:
    return {
        f"{modality}.{name}": values
        for modality, states in training.best_encoders().items()
        for name, values in states[position].items()
    }


def assert_same(
    first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], tolerance: tuple[float, float]
) -> None:
    """Equal names and values, to a relative and an absolute tolerance."""
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], rtol=tolerance[0], atol=tolerance[1])


def flats_of(training: Training) -> dict[str, torch.Tensor]:
    return {str(index): flat for index, flat in enumerate(training.state_dict()["flats"])}


def test_a_replica_is_the_same_packed_and_alone(trial: TrialConfig, placed: PlacedSplits) -> None:
    packed = trained(trial, placed)
    for position, replica in enumerate(trial.replicas):
        alone = trained(replace(trial, replicas=(replica,)), placed)
        assert_same(encoders_of(packed, position), encoders_of(alone, 0), FLOAT_TOLERANCE)


def test_replicas_differ_from_each_other(trial: TrialConfig, placed: PlacedSplits) -> None:
    training = trained(trial, placed)
    first, second = encoders_of(training, 0), encoders_of(training, 1)
    assert any(not torch.allclose(first[name], second[name], atol=1e-2) for name in first)


def test_the_streams_of_search_and_confirm_are_unrelated(trial: TrialConfig, placed: PlacedSplits) -> None:
    confirm, search = trained(trial, placed), trained(replace(trial, stream="search"), placed)
    first, second = encoders_of(confirm, 0), encoders_of(search, 0)
    assert any(not torch.allclose(first[name], second[name], atol=1e-2) for name in first)


def test_the_same_trial_twice_is_identical(trial: TrialConfig, placed: PlacedSplits) -> None:
    torch.manual_seed(1)
    first = trained(trial, placed)
    torch.manual_seed(2)  # the state of the global generator must not matter
    second = trained(trial, placed)
    assert_same(encoders_of(first, 0), encoders_of(second, 0), EXACT)
    assert first.test().report() == second.test().report()


def test_resumed_equals_uninterrupted(trial: TrialConfig, placed: PlacedSplits) -> None:
    whole = trained(trial, placed, epochs=4)
    state = trained(trial, placed, epochs=2).state_dict()
    resumed = Training(trial, placed)
    resumed.load_state_dict(state)
    for _ in range(2):
        resumed.run_epoch()
        resumed.validate()
    assert resumed.epoch == whole.epoch
    for position in range(len(trial.replicas)):
        assert_same(encoders_of(whole, position), encoders_of(resumed, position), EXACT)
    assert_same(flats_of(whole), flats_of(resumed), EXACT)


def test_a_state_does_not_change_as_training_goes_on(trial: TrialConfig, placed: PlacedSplits) -> None:
    training = trained(trial, placed, epochs=1)
    state = training.state_dict()
    before = [flat.clone() for flat in state["flats"]]
    training.run_epoch()
    for saved, kept in zip(state["flats"], before, strict=True):
        torch.testing.assert_close(saved, kept, rtol=0, atol=0)


def _separately(trial: TrialConfig, splits: Splits, modality: int, epochs: int) -> nn.Module:
    """One encoder trained by itself, as anybody would write it."""
    part = splits.train
    x, lengths = (part.x1, None) if modality == 1 else (part.x2, part.lengths_2)
    model = build_classifier(trial, modality, 0, x.shape[1:], splits.num_classes)
    choice = trial.hyperparameters
    optimiser = torch.optim.AdamW(model.parameters(), lr=choice.learning_rate, weight_decay=choice.weight_decay)
    rows = draw_training_rows(part.y, trial, 0)
    for epoch in range(epochs):
        order = rows[generator(trial.seed, trial.stream, 0, "order", epoch).permutation(len(rows))]
        for batch in np.split(order, len(order) // trial.batch_size):
            arguments = (torch.from_numpy(x[batch]),)
            if lengths is not None:
                arguments += (torch.from_numpy(lengths[batch]),)
            loss = functional.cross_entropy(model(*arguments)[1], torch.from_numpy(part.y[batch]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), trial.gradient_clip)
            optimiser.step()
    return model


@pytest.mark.parametrize("modality", [1, 2])
@pytest.mark.parametrize("batch_size", [16, 64])  # four batches an epoch, and one that holds all rows
def test_without_alignment_the_pair_is_two_separate_trainings(
    trial: TrialConfig, splits: Splits, placed: PlacedSplits, modality: int, batch_size: int
) -> None:
    choice = replace(trial.hyperparameters, dropout_1=0.0, dropout_2=0.0)
    trial = replace(trial, lambda_=0.0, hyperparameters=choice, replicas=(0,), gradient_clip=0.3, batch_size=batch_size)
    training = Training(trial, placed)
    for _ in range(2):
        training.run_epoch()
    training.validate()
    separate = _separately(trial, splits, modality, epochs=2)
    states = training.best_encoders()[splits.modalities[modality - 1]][0]
    assert_same(states, dict(separate.state_dict().items()), FLOAT_TOLERANCE)


def test_one_step_follows_the_gradient_of_the_whole_objective(
    trial: TrialConfig, splits: Splits, placed: PlacedSplits
) -> None:
    choice = Hyperparameters(learning_rate=1e-2, projection_size=4)
    trial = replace(trial, hyperparameters=choice, replicas=(0,), batch_size=64, gradient_clip=1e9, lambda_=0.7)
    training = Training(trial, placed)
    losses = training.run_epoch()
    training.validate()

    part = splits.train
    rows = draw_training_rows(part.y, trial, 0)
    rows = rows[generator(trial.seed, trial.stream, 0, "order", 0).permutation(len(rows))]
    first = build_classifier(trial, 1, 0, part.x1.shape[1:], 3)
    second = build_classifier(trial, 2, 0, part.x2.shape[1:], 3)
    heads = [build_projection(trial, 1, 0, 5), build_projection(trial, 2, 0, 6)]
    assert part.lengths_2 is not None and heads[0] is not None and heads[1] is not None
    y = torch.from_numpy(part.y[rows])
    z1, logits_1 = first(torch.from_numpy(part.x1[rows]))
    z2, logits_2 = second(torch.from_numpy(part.x2[rows]), torch.from_numpy(part.lengths_2[rows]))
    task_1, task_2 = functional.cross_entropy(logits_1, y), functional.cross_entropy(logits_2, y)
    align = symmetric_info_nce(heads[0](z1), heads[1](z2), temperature=0.1)
    (task_1 + task_2 + 0.7 * align).backward()
    torch.optim.AdamW([*first.parameters(), *second.parameters()], lr=1e-2, weight_decay=0.0).step()

    assert losses["loss/align"][0] == pytest.approx(align.item(), rel=1e-5)
    assert losses["loss/task/vector"][0] == pytest.approx(task_1.item(), rel=1e-5)
    states = training.best_encoders()
    # Adam's first step divides a gradient by its own size, so rounding shows where the gradient is nearly 0.
    assert_same(states["vector"][0], dict(first.state_dict().items()), (1e-3, 1e-4))
    assert_same(states["sequence"][0], dict(second.state_dict().items()), (1e-3, 1e-4))


def test_a_diverged_replica_harms_no_other(trial: TrialConfig, placed: PlacedSplits) -> None:
    healthy, sick = Training(trial, placed), Training(trial, placed)
    state = sick.state_dict()
    for part, flat in zip(sick._parts.all, state["flats"], strict=True):
        for view in part._views(flat).values():
            view[1] = torch.nan
    sick.load_state_dict(state)
    for training in (healthy, sick):
        training.run_epoch()
    expected, scores = healthy.validate(), sick.validate()
    for name in expected:
        assert np.isnan(scores[name][1])
        np.testing.assert_array_equal(scores[name][[0, 2]], expected[name][[0, 2]])
    tested = sick.test()
    for name, values in (*tested.scores.items(), *tested.alignment.items()):
        assert np.isnan(values[1]) and np.isfinite(values[[0, 2]]).all(), name
    for position in (0, 2):
        assert_same(encoders_of(healthy, position), encoders_of(sick, position), EXACT)


def test_alignment_rises_with_lambda() -> None:
    data = SyntheticData(shared_bits=8)
    placed = PlacedSplits(load(data))
    encoder = Mlp(width=12)
    aligned = [
        trained(
            TrialConfig(
                data=data,
                encoder_1=encoder,
                encoder_2=encoder,
                lambda_=lambda_,
                hyperparameters=Hyperparameters(learning_rate=1e-2),
                objective=InfoNce(),
                max_epochs=15,
                train_samples=1024,
            ),
            placed,
            epochs=15,
        )
        .test()
        .alignment
        for lambda_ in (0.0, 2.0)
    ]
    # SVCCA rises least: most of its ten components are of the bits that only one modality has.
    for metric, rise in (("cka", 0.1), ("debiased_cka", 0.1), ("svcca", 0.03), ("mutual_knn", 0.1)):
        before, after = (found[f"alignment/{metric}"][0] for found in aligned)
        assert after > before + rise, metric
        assert after > aligned[1][f"alignment/chance_high/{metric}"][0], metric


def test_alignment_is_measured_for_the_first_replicas_alone(trial: TrialConfig, placed: PlacedSplits) -> None:
    rounds = replace(trial, replicas=(0, 5, 2), measured_replicas=3)
    whole, some = (trained(replace(rounds, measured_replicas=most), placed).test() for most in (8, 3))
    assert (some.replicas, some.measured) == ((0, 5, 2), [0, 2])
    np.testing.assert_equal(some.scores, whole.scores)
    np.testing.assert_equal(some.alignment, {name: values[[0, 2]] for name, values in whole.alignment.items()})
    report = some.report()
    assert {"test/accuracy/vector/seed_5", "alignment/cka/seed_2"} <= report.keys()
    assert not any(name.startswith("alignment") and name.endswith("seed_5") for name in report)
    assert report["alignment/cka"] == pytest.approx(
        (report["alignment/cka/seed_0"] + report["alignment/cka/seed_2"]) / 2
    )
    none = trained(replace(rounds, measured_replicas=0), placed).test().report()
    assert not any(name.startswith("alignment") for name in none)


def test_the_chance_level_does_not_depend_on_lambda_or_on_what_is_packed(
    trial: TrialConfig, placed: PlacedSplits
) -> None:
    """Its draws are named by the replica; encoders that do not move are the same at each λ."""
    still = Hyperparameters(learning_rate=0.0, projection_size=4, projection_learning_rate=0.0)
    found = [
        trained(replace(trial, hyperparameters=still, **changes), placed, epochs=1).test().report()
        for changes in ({}, {"lambda_": 0.0}, {"replicas": (1,)})
    ]
    found = [report["alignment/chance/svcca/seed_1"] for report in found]
    assert found[0] == found[1] == pytest.approx(found[2], rel=1e-5)  # packed and alone round differently


def test_it_learns(trial: TrialConfig, placed: PlacedSplits) -> None:
    training = Training(replace(trial, lambda_=0.0), placed)
    before = training.validate()["accuracy/vector"].mean()
    for _ in range(20):
        training.run_epoch()
    assert training.validate()["accuracy/vector"].mean() > before + 0.2


def test_testing_does_not_disturb_training(trial: TrialConfig, placed: PlacedSplits) -> None:
    tested, plain = trained(trial, placed, epochs=2), trained(trial, placed, epochs=2)
    tested.test()
    tested.run_epoch()
    plain.run_epoch()
    assert_same(flats_of(tested), flats_of(plain), EXACT)


def test_drawn_rows_keep_the_proportions_of_the_classes(trial: TrialConfig) -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    rows = draw_training_rows(labels, replace(trial, train_samples=100), replica=0)
    assert len(np.unique(rows)) == 100
    np.testing.assert_array_equal(np.bincount(labels[rows]), [60, 30, 10])
    others = draw_training_rows(labels, replace(trial, train_samples=100), replica=1)
    assert set(rows) != set(others)


def test_rows_drawn_with_replacement_are_as_many_of_each_class_some_twice_and_others_for_each_replica(
    trial: TrialConfig,
) -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    config = replace(trial, train_samples=None, resamples_rows=True)
    rows, again, others = (draw_training_rows(labels, config, replica) for replica in (0, 0, 1))
    np.testing.assert_array_equal(rows, again)
    assert set(rows) != set(others)
    np.testing.assert_array_equal(np.bincount(labels[rows]), [600, 300, 100])
    # Of n rows a bootstrap sample holds 1 − 1/e; the standard deviation of this share is below .01 here.
    assert abs(len(np.unique(rows)) / 1000 - (1 - np.exp(-1))) < 0.05


@pytest.mark.parametrize("count", [1, 1001])
def test_more_rows_than_there_are_is_refused(trial: TrialConfig, count: int) -> None:
    with pytest.raises(ValueError, match=f"1000 training rows, got {count}"):
        draw_training_rows(np.zeros(1000, dtype=int), replace(trial, train_samples=count), replica=0)


def test_an_encoder_that_does_not_fit_the_rows_is_refused(trial: TrialConfig, placed: PlacedSplits) -> None:
    with pytest.raises(ValueError, match=r"Mlp reads rows of shape \[d\], got \[5, 6\]"):
        Training(replace(trial, encoder_2=Mlp(width=4)), placed)


def test_known_probabilities_score_expected_accuracy(splits: Splits, trial: TrialConfig) -> None:
    """A constant p(y|x) makes the expected accuracy the probability of the predicted class, whatever the label."""
    probabilities = np.tile(np.array([0.5, 0.3, 0.2], dtype=np.float32), (len(splits.valid), 1))
    known = replace(splits, valid=replace(splits.valid, probabilities=probabilities))
    logits = torch.zeros(1, len(splits.valid), 3)
    logits[..., 1] = 1.0
    hits = PlacedSplits(known).valid.hits(logits, slice(None))
    torch.testing.assert_close(hits, torch.full((1, len(splits.valid)), 0.3))
