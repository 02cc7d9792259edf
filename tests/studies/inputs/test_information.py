"""The information in a study's data: of training rows, unless held-out rows tell otherwise; of values by two labels."""

from dataclasses import replace

import numpy as np
import pytest

from studies.engine.inputs.information import METHOD, by_name, information_metrics, information_record, merged_classes
from studies.engine.inputs.information_size import information_size, merging_note
from trainables.config import Mlp, SyntheticData
from trainables.data import Shapes, Split, Splits

ENCODER = Mlp(width=8, depth=1)
CONFIG = SyntheticData(shared_bits=8)


def split(num_rows: int, shift: float, seed: int, *, values: bool = False) -> Split:
    """Rows whose first modality tells the class by means that are 2 `shift` apart, and whose second tells nothing."""
    draw = np.random.default_rng(seed)
    y = draw.standard_normal(num_rows).astype(np.float32) if values else np.arange(num_rows) % 2
    x1, x2 = draw.standard_normal((2, num_rows, 2)).astype(np.float32)
    x1[:, 0] += shift * (3 * y if values else 2 * y - 1)
    return Split(x1=x1, x2=x2, y=y)


def splits(train: Split, valid: Split, **others) -> Splits:
    return Splits(train=train, valid=valid, test=valid, modalities=("a", "b"), num_classes=2, **others)


def test_a_record_names_its_method_and_has_bounds_beside_the_exact_atoms() -> None:
    record = information_record(
        CONFIG, splits(split(300, 1.5, 0), split(150, 1.5, 1)), ENCODER, ENCODER, most_rows=4_000
    )
    assert (record["method"], record["definition"], record["num_samples"]) == (METHOD, "BROJA", 300)
    assert record["dominant"] == "unique_1"
    assert record["atoms"]["redundancy"]["exact"] == pytest.approx(1.6719, abs=5e-5)  # of CONFIG's population
    assert record["at_least"]["information_1"] <= record["atoms"]["unique_1"]["corrected"] + 0.01
    assert record["atoms"]["unique_1"]["null_mean"] is None
    metrics = information_metrics({"R=8": record})
    assert metrics["pid/unique_1/R-8/corrected"] == record["atoms"]["unique_1"]["corrected"]
    assert not any("null_mean" in name for name in metrics)


def test_features_that_leak_their_labels_are_reported_by_held_out_rows() -> None:
    record = information_record(
        CONFIG, splits(split(300, 3.0, 0), split(250, 0.3, 1)), ENCODER, ENCODER, most_rows=4_000
    )
    assert record["num_samples"] == 250
    assert "LEAK" in record["verdict"]
    assert record["atoms"]["unique_1"]["corrected"] < 0.4


def of_groups(num_groups: int, seed: int) -> Split:
    """240 rows in groups, each of one class and at one place in both modalities that says nothing of its class."""
    draw = np.random.default_rng(seed)
    groups = np.arange(240) % num_groups
    x1, x2 = (4 * draw.standard_normal((num_groups, 2))[groups] + draw.standard_normal((240, 2)) for _ in range(2))
    return Split(x1=x1.astype(np.float32), x2=x2.astype(np.float32), y=groups % 2, groups=groups)


def test_rows_of_a_group_are_not_told_by_the_rest_of_their_group() -> None:
    grouped = of_groups(24, 0)
    apart = replace(grouped, groups=None)
    honest, fooled = (
        information_record(CONFIG, splits(part, part), ENCODER, ENCODER, most_rows=4_000) for part in (grouped, apart)
    )
    # Rows told by others of their speaker seem to tell the class nearly for sure; speakers held out tell nothing.
    assert fooled["at_least"]["total"] > 0.5
    assert honest["at_least"]["total"] < 0.1
    assert fooled["p_independent"] < 0.05 < honest["p_independent"]


def test_rows_of_few_groups_count_as_independent_and_it_is_said() -> None:
    few = of_groups(6, 0)
    record = information_record(CONFIG, splits(few, few), ENCODER, ENCODER, most_rows=4_000)
    assert "of only 6 groups" in record["verdict"]
    assert record["num_samples"] == 240


def test_values_are_decomposed_by_sign_and_by_quantile_bins() -> None:
    data = splits(split(300, 1.0, 0, values=True), split(150, 1.0, 1, values=True), task="regression")
    record = information_record(CONFIG, data, ENCODER, ENCODER, most_rows=4_000)
    bins = record["value_bins"]
    assert bins["num_bins"] == 4
    # Four bins say more than the sign, which two of them make up.
    assert bins["atoms"]["unique_1"]["corrected"] > record["atoms"]["unique_1"]["corrected"]
    assert "pid/unique_1/v/value_bins/raw" in information_metrics({"v": record})


@pytest.mark.parametrize("num_classes", [33, 60, 300])
def test_many_classes_are_merged_into_groups_of_neighbours(num_classes: int) -> None:
    draw = np.random.default_rng(0)
    classes = draw.permutation(np.arange(6 * num_classes) % num_classes)
    merged = merged_classes(classes, num_classes)
    assert (np.diff(merged) >= 0).all() and set(np.diff(merged)) <= {0, 1}
    rows = np.bincount(merged[classes])
    assert 16 < len(rows) <= 32
    # Whole classes, of six rows each, come within one class of equal shares.
    assert np.abs(rows - len(classes) / 32).max() <= 6


def test_an_estimate_about_groups_of_classes_says_so() -> None:
    draw, y = np.random.default_rng(0), np.arange(80) % 40
    x1 = np.stack([y / 10, draw.random(80)], axis=1).astype(np.float32)
    part = Split(x1=x1, x2=draw.standard_normal((80, 2)).astype(np.float32), y=y)
    data = Splits(train=part, valid=part, test=part, modalities=("a", "b"), num_classes=40)
    record = information_record(CONFIG, data, ENCODER, ENCODER, most_rows=4_000)
    assert record["notes"][-1] == merging_note(40)
    assert "32 groups of neighbouring classes" in record["verdict"]


@pytest.mark.parametrize(("num_classes", "counted"), [(2, 2), (32, 32), (33, 32), (300, 32)])
def test_an_estimate_has_a_size_that_is_known_before(num_classes: int, counted: int) -> None:
    known = Shapes(modalities=("a", "b"), row_1=(3,), row_2=(4,), num_classes=num_classes, sizes=(50_000, 900, 900))
    size = information_size(known, 4_000)
    assert (size.num_rows, size.num_held_out_rows, size.num_classes) == (4_000, 900, counted)
    assert (merging_note(num_classes) is None) == (num_classes == counted)
    assert size.seconds < 600


def test_an_estimate_takes_as_many_rows_as_the_study_says() -> None:
    data = splits(split(300, 1.5, 0), split(250, 1.5, 1))
    record = information_record(CONFIG, data, ENCODER, ENCODER, most_rows=120)
    assert record["num_samples"] == 120
    known = Shapes(modalities=("a", "b"), row_1=(2,), row_2=(2,), num_classes=2, sizes=(300, 250, 250))
    size = information_size(known, 120)
    assert (size.num_rows, size.num_held_out_rows) == (120, 60)


def test_notes_call_the_modalities_by_their_names() -> None:
    assert by_name("more rows of x1 and both together, x10 and x2", ("clip\\1", "audio")) == (
        "more rows of clip\\1 and both together, x10 and audio"
    )
