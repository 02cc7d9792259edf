from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from trainables.config import TrialConfig
from trainables.data import Split, Splits
from trainables.placement import PlacedSplits
from trainables.task import num_outputs, predicted_classes, task_loss
from trainables.training import Training, draw_training_rows


@pytest.fixture(scope="module")
def values(splits: Splits) -> Splits:
    """The fixture's rows with real labels −1.5 to 1.5, of which many are 0."""

    def with_values(split: Split) -> Split:
        return replace(split, y=(split.y - 1).astype(np.float32) * 1.5)

    parts = {name: with_values(split) for name, split in splits.by_name.items()}
    return replace(splits, **parts, num_classes=2, task="regression")


def test_loss_of_classes_is_cross_entropy_for_each_replica() -> None:
    torch.manual_seed(0)
    outputs, labels = torch.randn(3, 8, 4), torch.randint(4, (3, 8))
    expected = [functional.cross_entropy(*pair) for pair in zip(outputs, labels, strict=True)]
    torch.testing.assert_close(task_loss("classification", outputs, labels), torch.stack(expected))


def test_loss_of_values_is_the_mean_absolute_error_for_each_replica() -> None:
    outputs = torch.tensor([[[1.0], [-2.0]], [[0.0], [0.5]]])
    labels = torch.tensor([[0.0, 1.0], [0.0, -0.5]])
    torch.testing.assert_close(task_loss("regression", outputs, labels), torch.tensor([2.0, 0.5]))


def test_predictions_are_the_largest_logit_or_the_sign() -> None:
    assert predicted_classes("classification", torch.tensor([[0.0, 2.0, 1.0]])).tolist() == [1]
    assert predicted_classes("regression", torch.tensor([[0.1], [0.0], [-3.0]])).tolist() == [1, 0, 0]
    assert (num_outputs("classification", 7), num_outputs("regression", 2)) == (7, 1)


def test_neutral_counts_as_negative_unless_left_out(values: Splits) -> None:
    placed = PlacedSplits(values)
    y = values.test.y
    for value in (0.3, 0.0, -0.3):
        hits = placed.test.hits(torch.full((2, len(y), 1), value), slice(None))
        np.testing.assert_array_equal(hits[0], (y > 0) == (value > 0))
    assert placed.test.hits(torch.full((1, len(y), 1), torch.nan), slice(None)).isnan().all()


def test_values_are_learnt_and_scored_with_and_without_neutral(values: Splits, trial: TrialConfig) -> None:
    training = Training(replace(trial, lambda_=0.1), PlacedSplits(values))
    before = training.run_epoch()["loss/task/vector"]
    training.validate()
    for _ in range(30):
        losses = training.run_epoch()
        training.validate()
    # Guessing the median, 0, costs 1 on average, two thirds of the rows being 1.5 off.
    assert (losses["loss/task/vector"] < before).all()
    assert (losses["loss/task/vector"] < 0.8).all()
    scores = training.test().scores
    assert [name for name in scores if name.startswith("accuracy")] == [
        "accuracy/vector",
        "accuracy/sequence",
        "accuracy_nonzero/vector",
        "accuracy_nonzero/sequence",
    ]
    assert (scores["accuracy_nonzero/vector"] > 0.7).all()  # a coin gives 0.5
    head = training.best_encoders()["vector"][0]["head.weight"]
    assert head.shape == (1, 5)


def test_accuracy_without_neutral_is_that_of_the_other_rows(values: Splits, trial: TrialConfig) -> None:
    has_sign = values.test.y != 0
    assert 0 < has_sign.mean() < 1
    rows = np.flatnonzero(has_sign)
    test = values.test
    assert test.lengths_2 is not None
    kept = Split(x1=test.x1[rows], x2=test.x2[rows], y=test.y[rows], lengths_2=test.lengths_2[rows])
    scores = {}
    for name, data in {"all": values, "kept": replace(values, test=kept)}.items():
        training = Training(trial, PlacedSplits(data))
        training.run_epoch()
        training.validate()
        scores[name] = training.test().scores
    for modality in ("vector", "sequence"):
        name = f"accuracy_nonzero/{modality}"
        np.testing.assert_allclose(scores["all"][name], scores["kept"][name], rtol=1e-6)  # means in float32
        np.testing.assert_allclose(scores["kept"][name], scores["kept"][f"accuracy/{modality}"], rtol=1e-6)


def test_a_classification_has_no_accuracy_without_neutral(placed: PlacedSplits, trial: TrialConfig) -> None:
    training = Training(trial, placed)
    training.validate()
    assert not any(name.startswith("accuracy_nonzero") for name in training.test().scores)


def test_drawn_rows_keep_the_proportion_of_the_signs(values: Splits, trial: TrialConfig) -> None:
    classes = values.classes(values.train)
    rows = draw_training_rows(classes, replace(trial, train_samples=48), 0)
    assert abs(classes[rows].mean() - classes.mean()) <= 1 / 48
    np.testing.assert_array_equal(
        Training(replace(trial, train_samples=48), PlacedSplits(values))._batches.rows[0], rows
    )


def test_labels_of_the_wrong_kind_are_refused(splits: Splits, values: Splits) -> None:
    with pytest.raises(ValueError, match="labels of a regression must be real numbers, got int64 in train"):
        replace(splits, task="regression", num_classes=2)
    with pytest.raises(ValueError, match="labels of a classification must be integers, got float32 in train"):
        replace(values, task="classification")
    with pytest.raises(ValueError, match="2 classes of the sign, got 7"):
        replace(values, num_classes=7)
