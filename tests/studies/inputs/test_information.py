"""The information in a study's data: of training rows, unless held-out rows tell otherwise; of values by two labels."""

from dataclasses import replace

import numpy as np
import pytest

from studies.engine.inputs.begun_estimates import begin_estimates
from studies.engine.inputs.information import METHOD, information_metrics, information_record
from studies.synthetic import STUDY
from trainables.config import Mlp, SyntheticData
from trainables.data import Split, Splits

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
    record = information_record(CONFIG, splits(split(300, 1.5, 0), split(150, 1.5, 1)), ENCODER, ENCODER)
    assert (record["method"], record["definition"], record["num_samples"]) == (METHOD, "BROJA", 300)
    assert record["dominant"] == "unique_1"
    assert record["atoms"]["redundancy"]["exact"] == pytest.approx(1.6719, abs=5e-5)  # of CONFIG's population
    assert record["at_least"]["information_1"] <= record["atoms"]["unique_1"]["corrected"] + 0.01
    assert record["atoms"]["unique_1"]["null_mean"] is None
    metrics = information_metrics({"R=8": record})
    assert metrics["pid/unique_1/R-8/corrected"] == record["atoms"]["unique_1"]["corrected"]
    assert not any("null_mean" in name for name in metrics)


def test_features_that_leak_their_labels_are_reported_by_held_out_rows() -> None:
    record = information_record(CONFIG, splits(split(300, 3.0, 0), split(250, 0.3, 1)), ENCODER, ENCODER)
    assert record["num_samples"] == 250
    assert "LEAK" in record["verdict"]
    assert record["atoms"]["unique_1"]["corrected"] < 0.4


def test_values_are_decomposed_by_sign_and_by_quantile_bins() -> None:
    data = splits(split(300, 1.0, 0, values=True), split(150, 1.0, 1, values=True), task="regression")
    record = information_record(CONFIG, data, ENCODER, ENCODER)
    bins = record["value_bins"]
    assert bins["num_bins"] == 4
    # Four bins say more than the sign, which two of them make up.
    assert bins["atoms"]["unique_1"]["corrected"] > record["atoms"]["unique_1"]["corrected"]
    assert "pid/unique_1/v/value_bins/raw" in information_metrics({"v": record})


def test_only_variants_without_numbers_of_this_method_are_estimated() -> None:
    study = replace(STUDY, variants={"R=8": CONFIG})
    assert begin_estimates(study, {"R=8": {"method": METHOD}}, {}) is None
