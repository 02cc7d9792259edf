from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pid import broja
from trainables.config import Refused, SyntheticData
from trainables.data.splits import Splits
from trainables.data.synthetic.shared_bits import bits_table, generate_bits, label_probabilities

# Exact atoms in bits (R, U1, U2, S) at T = 0.05 by the number of shared bits, as printed to 4 decimals.
PUBLISHED_ATOMS = {
    0: (0.3936, 0.1357, 0.2893, 0.8533),
    2: (0.5241, 0.1879, 0.3525, 0.6074),
    4: (0.6791, 0.3526, 0.3790, 0.2612),
    6: (1.0811, 0.3208, 0.1893, 0.0807),
    7: (1.4019, 0.0, 0.2700, 0.0),
    8: (1.6719, 0.0, 0.0, 0.0),
}
ROUNDING = 0.5e-4


def all_rows(splits: Splits) -> SimpleNamespace:
    """Arrays x1, x2, y and probabilities of the three splits together."""
    parts = (splits.train, splits.valid, splits.test)
    names = ("x1", "x2", "y", "probabilities")
    return SimpleNamespace(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def codes_of(bits: np.ndarray) -> np.ndarray:
    """A number for each row of bits, the same for equal rows alone."""
    return bits.astype(np.int64) @ 2 ** np.arange(bits.shape[1])


def joint_with_label(bits: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Joint distribution of the distinct rows of bits and the label, each row equally likely."""
    patterns, codes = np.unique(codes_of(bits), return_inverse=True)
    joint = np.zeros((len(patterns), probabilities.shape[1]))
    np.add.at(joint, codes, probabilities / len(bits))
    return joint


def entropy(probabilities: np.ndarray) -> float:
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log2(positive)).sum())


def information(joint: np.ndarray) -> float:
    return entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1)) - entropy(joint)


@pytest.mark.parametrize("shared_bits", PUBLISHED_ATOMS)
def test_population_information_is_the_published_one(shared_bits):
    population = generate_bits(SyntheticData(shared_bits=shared_bits)).population
    redundancy, unique_1, unique_2, synergy = PUBLISHED_ATOMS[shared_bits]
    # Each printed atom may be off by the rounding, and so a sum by as many roundings as it has terms.
    assert population["information_1"] == pytest.approx(redundancy + unique_1, abs=2 * ROUNDING)
    assert population["information_2"] == pytest.approx(redundancy + unique_2, abs=2 * ROUNDING)
    total = redundancy + unique_1 + unique_2 + synergy
    assert population["information_12"] == pytest.approx(total, abs=4 * ROUNDING)


@pytest.mark.parametrize("shared_bits", range(9))
def test_population_is_that_of_the_rows(shared_bits):
    splits = generate_bits(SyntheticData(shared_bits=shared_bits))
    rows = all_rows(splits)
    joint_1, joint_2 = (
        joint_with_label(rows.x1, rows.probabilities),
        joint_with_label(rows.x2, rows.probabilities),
    )
    joint_12 = joint_with_label(np.hstack([rows.x1, rows.x2]), rows.probabilities)
    # The rows' probabilities are float32: seven digits.
    tolerance = 1e-5
    assert splits.population["information_1"] == pytest.approx(information(joint_1), abs=tolerance)
    assert splits.population["information_2"] == pytest.approx(information(joint_2), abs=tolerance)
    assert splits.population["information_12"] == pytest.approx(information(joint_12), abs=tolerance)
    assert splits.ceilings == pytest.approx((joint_1.max(1).sum(), joint_2.max(1).sum()), abs=tolerance)
    assert splits.population["accuracy_12"] == pytest.approx(joint_12.max(1).sum(), abs=tolerance)


@pytest.mark.parametrize("shared_bits", range(9))
def test_population_table_is_a_distribution_over_the_relevant_bits(shared_bits):
    config = SyntheticData(shared_bits=shared_bits)
    table = bits_table(config)
    unique_1 = (8 - shared_bits) // 2
    assert table.shape == (2 ** (shared_bits + unique_1), 2 ** (8 - unique_1), 4)
    assert table.sum() == pytest.approx(1, abs=1e-12)
    # 256 patterns of 8 fair bits.
    support = table.sum(axis=2)
    assert support[support > 0] == pytest.approx(np.full(256, 1 / 256), abs=1e-15)
    joint_1, joint_2 = table.sum(axis=1), table.sum(axis=0)
    population = generate_bits(config).population
    assert population["information_1"] == pytest.approx(information(joint_1), abs=1e-9)
    assert population["information_2"] == pytest.approx(information(joint_2), abs=1e-9)
    assert population["information_12"] == pytest.approx(information(table.reshape(-1, 4)), abs=1e-9)


# 7 is almost deterministic; 6 and 8 would take seconds.
@pytest.mark.parametrize("shared_bits", [0, 2, 4, 7])
def test_population_atoms_are_the_published_ones(shared_bits):
    atoms = broja(bits_table(SyntheticData(shared_bits=shared_bits))).atoms
    found = (atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy)
    # The printed digits, and what the solver is certified to.
    assert found == pytest.approx(PUBLISHED_ATOMS[shared_bits], abs=ROUNDING + 1e-6)


def test_more_shared_bits_do_not_change_what_both_modalities_tell_together():
    together = {generate_bits(SyntheticData(shared_bits=bits)).population["accuracy_12"] for bits in (0, 4, 8)}
    assert max(together) - min(together) < 1e-12


@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.05 * np.e**2])
def test_label_probabilities_equal_plain_softmax_and_scaling(temperature):
    weights = np.random.RandomState(2).rand(8, 4)
    weights /= np.sqrt((weights**2).sum(axis=1))[:, None]
    expected = np.empty((256, 4))
    for pattern in range(256):
        bits = np.array([int(bit) for bit in f"{pattern:08b}"])
        expected[pattern] = np.exp(bits @ weights / temperature)
    expected /= expected.sum(axis=1)[:, None]
    while np.abs(expected.mean(axis=0) - 0.25).max() > 0.01:
        expected *= 0.25 / expected.mean(axis=0)
        expected /= expected.sum(axis=1)[:, None]
    # float64 rounding, some 20 rounds of it.
    np.testing.assert_allclose(label_probabilities(temperature), expected, rtol=1e-12)


@pytest.mark.parametrize("temperature", [1e-3, 1e-2, 1.0, 1e6])
def test_classes_are_balanced_at_any_temperature(temperature):
    probabilities = label_probabilities(temperature)
    assert np.abs(probabilities.mean(axis=0) - 0.25).max() <= 0.01
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_hot_labels_are_noise_and_cold_ones_are_not():
    hot = generate_bits(SyntheticData(shared_bits=4, temperature=1e6)).population
    cold = generate_bits(SyntheticData(shared_bits=4, temperature=1e-3)).population
    assert hot["information_12"] < 1e-9
    assert hot["accuracy_12"] == pytest.approx(0.25, abs=1e-6)
    # At most log2 4 bits; the balancing leaves a few patterns on the border between classes.
    assert 1.9 < cold["information_12"] <= 2


def test_every_combination_of_bits_is_there_once_and_the_shared_ones_in_both():
    splits = generate_bits(SyntheticData(shared_bits=4))
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [45_875, 9_830, 9_831]
    rows = all_rows(splits)
    assert rows.x1.dtype == rows.x2.dtype == np.float32
    assert np.array_equal(rows.x1[:, :8], rows.x2[:, :8])
    assert not np.array_equal(rows.x1[:, 8:], rows.x2[:, 8:])
    combinations = np.hstack([rows.x1, rows.x2[:, 8:]])
    assert set(np.unique(combinations)) == {0.0, 1.0}
    assert len(np.unique(codes_of(combinations))) == 65_536


def test_only_the_relevant_bits_decide():
    rows = all_rows(generate_bits(SyntheticData(shared_bits=3)))
    # 3 shared bits, 2 unique to modality 1 and 3 unique to modality 2.
    relevant = np.hstack([rows.x1[:, :3], rows.x1[:, 8:10], rows.x2[:, 8:11]])
    _, first_rows, patterns = np.unique(codes_of(relevant), return_index=True, return_inverse=True)
    assert np.array_equal(rows.probabilities, rows.probabilities[first_rows][patterns])
    # The contrast: all eight matter, so no two of the 256 patterns have the same probabilities.
    assert len(np.unique(rows.probabilities, axis=0)) == 256


def test_labels_are_drawn_from_the_probabilities():
    rows = all_rows(generate_bits(SyntheticData(shared_bits=4)))
    drawn = np.eye(4)[rows.y]
    variance = (rows.probabilities * (1 - rows.probabilities)).sum(axis=0)
    # Five standard deviations of each class's count, and of the summed probability of what was drawn.
    assert np.all(np.abs((drawn - rows.probabilities).sum(axis=0)) < 5 * np.sqrt(variance))
    expected = (rows.probabilities**2).sum()
    deviation = np.sqrt(((rows.probabilities**3).sum(axis=1) - (rows.probabilities**2).sum(axis=1) ** 2).sum())
    assert abs((drawn * rows.probabilities).sum() - expected) < 5 * deviation
    # The contrast: the likeliest class would score more.
    assert rows.probabilities.max(axis=1).sum() - expected > 20 * deviation


def test_splits_hold_the_classes_in_the_same_proportions():
    splits = generate_bits(SyntheticData(shared_bits=6))
    proportions = np.bincount(all_rows(splits).y) / 65_536
    for part in (splits.train, splits.valid, splits.test):
        assert np.abs(np.bincount(part.y) - proportions * len(part)).max() < 3


def test_seed_decides_labels_and_split_but_not_the_population():
    config = SyntheticData(shared_bits=4)
    first, again, other = (generate_bits(replace(config, seed=seed)) for seed in (0, 0, 1))
    for name in ("x1", "x2", "y", "probabilities"):
        assert np.array_equal(getattr(first.valid, name), getattr(again.valid, name))
    assert not np.array_equal(first.valid.x1, other.valid.x1)
    assert not np.array_equal(first.valid.y, other.valid.y)
    assert first.population == other.population


def test_tanh_transform_hides_no_pattern_and_changes_modality_2_alone():
    config = SyntheticData(shared_bits=4)
    plain, transformed = generate_bits(config), generate_bits(replace(config, tanh_depth=5))
    assert np.array_equal(plain.train.x1, transformed.train.x1)
    assert np.array_equal(plain.train.y, transformed.train.y)
    assert plain.ceilings == transformed.ceilings
    bits, outputs = all_rows(plain).x2, all_rows(transformed).x2
    assert np.abs(outputs).max() < 1
    # Each pattern has one output, and no two patterns have the same.
    _, first_rows, patterns = np.unique(codes_of(bits), return_index=True, return_inverse=True)
    assert np.array_equal(outputs, outputs[first_rows][patterns])
    assert len(np.unique(outputs[first_rows], axis=0)) == len(first_rows) == 4_096


def test_tanh_transform_is_not_affine_and_grows_by_layers():
    def unexplained(depth: int) -> float:
        rows = generate_bits(SyntheticData(shared_bits=4, tanh_depth=depth)).train
        plain = generate_bits(SyntheticData(shared_bits=4)).train
        inputs = np.column_stack([plain.x2, np.ones(len(plain))])
        fitted = inputs @ np.linalg.lstsq(inputs, rows.x2, rcond=None)[0]
        return float((rows.x2 - fitted).var() / rows.x2.var(axis=0).mean())

    # float32 data, fitted in float32.
    assert unexplained(0) < 1e-9
    assert 0.01 < unexplained(1) < unexplained(3)


@pytest.mark.parametrize(
    "values",
    [
        {"shared_bits": 9},
        {"shared_bits": -1},
        {"shared_bits": 4, "temperature": 0.0},
        {"shared_bits": 4, "temperature": float("nan")},
        {"shared_bits": 4, "tanh_depth": -1},
    ],
)
def test_configurations_without_meaning_are_refused(values):
    with pytest.raises(Refused, match="must be"):
        SyntheticData(**values)
