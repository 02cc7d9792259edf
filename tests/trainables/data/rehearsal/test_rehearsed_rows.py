from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pid import broja
from trainables.config import AffectData, AvMnistData, RehearsalData
from trainables.data import Shapes, Splits, load, population_table, shapes
from trainables.data.validation import check

MUSTARD = AffectData(dataset="mustard", modalities=("vision", "audio"))
MOSI = AffectData(dataset="mosi", modalities=("audio", "text"))


@pytest.fixture(scope="module", params=[MUSTARD, MOSI], ids=["classes", "values"])
def rehearsal(request: pytest.FixtureRequest) -> RehearsalData:
    return RehearsalData(original=request.param)


@pytest.fixture(scope="module")
def splits(rehearsal: RehearsalData) -> Splits:
    return load(rehearsal)


def test_rows_have_the_shapes_of_the_original(rehearsal: RehearsalData, splits: Splits) -> None:
    known = shapes(rehearsal.original)
    assert shapes(rehearsal) == known == shapes_of(splits)


def test_it_can_be_trained_on_without_a_warning(splits: Splits) -> None:
    assert check(splits, batch_size=64) == []


def test_padding_is_zero_and_every_real_step_is_not(splits: Splits) -> None:
    for split in splits.by_name.values():
        for values, lengths in ((split.x1, split.lengths_1), (split.x2, split.lengths_2)):
            real = np.arange(values.shape[1]) < lengths[:, None]
            np.testing.assert_array_equal((values != 0).any(axis=2), real)


def test_the_population_is_that_of_its_table(rehearsal: RehearsalData, splits: Splits) -> None:
    """Information and ceilings by hand, for two classes: the first modality shows the label in 8 rows of 10."""
    table = population_table(rehearsal)
    assert table.sum() == pytest.approx(1, abs=1e-12)
    assert splits.ceilings == pytest.approx((0.8 + 0.2 / 2, 0.6 + 0.4 / 2), abs=1e-12)
    entropy = -0.9 * np.log2(0.9) - 0.1 * np.log2(0.1)  # of the label, where the first modality is known
    assert splits.population["information_1"] == pytest.approx(1 - entropy, abs=1e-12)
    atoms = broja(table).atoms
    assert atoms.redundancy > 0.2 and atoms.unique_1 > 0.2  # there is something to find of either kind


def test_an_encoder_can_read_what_the_table_says(rehearsal: RehearsalData, splits: Splits) -> None:
    """The nearest class mean of the training rows reaches the ceilings on the other rows, but for sampling noise."""
    for values, ceiling in zip(step_means(splits), splits.ceilings or (), strict=True):
        train, held_out = splits.classes(splits.train), np.concatenate([splits.classes(s) for s in others(splits)])
        centres = np.stack([values["train"][train == label].mean(axis=0) for label in (0, 1)])
        distances = np.linalg.norm(values["others"][:, None] - centres, axis=2)
        accuracy = np.mean(distances.argmin(axis=1) == held_out)
        # Five standard errors of a share, and two points for centres that are estimated.
        assert accuracy == pytest.approx(ceiling, abs=0.02 + 5 * np.sqrt(0.25 / len(held_out)))


def test_the_same_configuration_gives_the_same_rows_wherever_they_are_made(
    splits: Splits, rehearsal: RehearsalData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    again, other = load(rehearsal), load(replace(rehearsal, seed=1))
    np.testing.assert_array_equal(again.train.x1, splits.train.x1)
    np.testing.assert_array_equal(again.test.y, splits.test.y)
    assert (other.train.x1[:, 0] != splits.train.x1[:, 0]).any()


def test_a_rehearsed_regression_has_neutral_values_and_both_signs() -> None:
    values = load(RehearsalData(original=MOSI)).train.y
    assert values.dtype == np.float32 and np.abs(values).max() <= 3
    assert {-1.0, 0.0, 1.0} == set(np.sign(values))


def test_ten_classes_of_images_have_their_ceilings() -> None:
    table = population_table(RehearsalData(original=AvMnistData()))
    assert table.shape == (10, 10, 10)
    np.testing.assert_allclose(table.sum(axis=1).max(axis=0).sum(), 0.8 + 0.2 / 10, atol=1e-12)


def shapes_of(splits: Splits) -> Shapes:
    return Shapes(
        modalities=splits.modalities,
        row_1=splits.train.x1.shape[1:],
        row_2=splits.train.x2.shape[1:],
        num_classes=splits.num_classes,
        sizes=(len(splits.train), len(splits.valid), len(splits.test)),
        task=splits.task,
        has_lengths_1=splits.train.lengths_1 is not None,
        has_lengths_2=splits.train.lengths_2 is not None,
    )


def others(splits: Splits) -> tuple:
    return splits.valid, splits.test


def step_means(splits: Splits) -> Iterator[dict[str, np.ndarray]]:
    """The mean over real steps of each row of either modality, of the training rows and of all others."""

    def means(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return values.sum(axis=1) / lengths[:, None]

    train = splits.train
    yield {
        "train": means(train.x1, train.lengths_1),
        "others": np.concatenate([means(split.x1, split.lengths_1) for split in others(splits)]),
    }
    yield {
        "train": means(train.x2, train.lengths_2),
        "others": np.concatenate([means(split.x2, split.lengths_2) for split in others(splits)]),
    }
