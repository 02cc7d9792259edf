"""Pointwise atoms: tables worked by hand, and densities against samples whose densities are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.atoms import Atoms
from pid.lsmi.pointwise_atoms import pointwise, pointwise_table

BITS = np.arange(2)


def values(atoms: Atoms) -> np.ndarray:
    return np.array([atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy])


def gate(labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """The table [n1, n2, ny] in which `labels` [n1, n2] follow from x1 and x2, whose joint weights are `weights`."""
    return np.eye(labels.max() + 1)[labels] * (np.ones(labels.shape) if weights is None else weights)[..., None]


# XOR: i1 = i2 = 0, all specificities and ambiguities 1 bit. COPY: h = 1 and h(x | y) = 0 for both, i12 = 2.
# RDN: the same with i12 = 1. UNQ: x2 is as surprising given y as without: r = 1 - min(0, 1), so that u2 = -1.
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (gate(BITS[:, None] ^ BITS), [0, 0, 0, 1]),
        (gate(2 * BITS[:, None] + BITS), [1, 0, 0, 1]),
        (gate(BITS[:, None] + 0 * BITS, np.eye(2)), [1, 0, 0, 0]),
        (gate(BITS[:, None] + 0 * BITS), [1, 0, -1, 1]),
        (np.ones((2, 3, 2)), [0, 0, 0, 0]),
    ],
    ids=["xor", "copy", "rdn", "unq", "independent"],
)
def test_gates_worked_by_hand(table: np.ndarray, expected: list[float]) -> None:
    assert values(pointwise_table(table)[0]) == pytest.approx(expected, abs=1e-12)


def test_cells_of_and_worked_by_hand() -> None:
    # Y = 0 in three of four cells, and each x is 0 there in two of the three.
    mean, cells = pointwise_table(gate(BITS[:, None] & BITS))
    # (0, 0): h = 1 and h(x | y) = log2 3/2 for both; i12 = log2 4/3.
    both = math.log2(4 / 3)
    assert cells[0, 0, 0] == pytest.approx([both, 0, 0, 0], abs=1e-12)
    # (0, 1): x1 as before, h(x2 | y) = log2 3: ambiguity is the smaller one, so u1 = 0 and u2 = log2 2/3 - log2 4/3.
    assert cells[0, 1, 0] == pytest.approx([both, 0, -1, 1], abs=1e-12)
    # (1, 1): h(x | y) = 0 and i12 = 2.
    assert cells[1, 1, 1] == pytest.approx([1, 0, 0, 1], abs=1e-12)
    assert values(mean) == pytest.approx(cells[..., :, :].sum(axis=(0, 1, 2)) / 4, abs=1e-12)
    assert not cells[0, 0, 1].any()


@settings(deadline=None, max_examples=40)
@given(shape=st.tuples(*[st.integers(1, 4)] * 3), seed=st.integers(0, 2**32 - 1))
def test_atoms_of_a_table_add_up_to_its_informations(shape: tuple[int, int, int], seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 4, shape) + np.eye(shape[0], shape[1])[..., None]
    atoms, cells = pointwise_table(counts)
    joint = counts / counts.sum()

    def information(pair: np.ndarray) -> float:
        independent = pair.sum(axis=1, keepdims=True) * pair.sum(axis=0, keepdims=True)
        return float((pair[pair > 0] * np.log2(pair[pair > 0] / independent[pair > 0])).sum())

    assert atoms.information_1 == pytest.approx(information(joint.sum(axis=1)), abs=1e-12)
    assert atoms.information_2 == pytest.approx(information(joint.sum(axis=0)), abs=1e-12)
    assert atoms.total == pytest.approx(information(joint.reshape(-1, shape[2])), abs=1e-12)
    assert values(atoms) == pytest.approx((joint[..., None] * cells).sum(axis=(0, 1, 2)), abs=1e-12)
    swapped = pointwise_table(counts.transpose(1, 0, 2))[0]
    assert values(swapped) == pytest.approx(values(atoms)[[0, 2, 1, 3]], abs=1e-12)


@pytest.mark.parametrize(
    "table", [np.ones((2, 2)), np.zeros((2, 2, 2)), -np.eye(2)[..., None], np.full((1, 1, 1), np.nan)]
)
def test_tables_that_do_not_fit_are_refused(table: np.ndarray) -> None:
    with pytest.raises(ValueError, match="table must"):
        pointwise_table(table)


def noisy_gate(name: str, num_samples: int = 1500, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bits with Gaussian noise of their own that hardly ever hides them, and labels."""
    generator = np.random.default_rng(0)
    bits = generator.integers(0, 2, (num_samples, 2))
    if name == "rdn":
        bits[:, 1] = bits[:, 0]
    first, second = bits.T
    y = {"xor": first ^ second, "copy": 2 * first + second, "rdn": first}[name]
    x1, x2 = (bits + noise * generator.standard_normal((num_samples, 2))).T
    return x1, x2, y


@pytest.mark.parametrize(("name", "expected"), [("xor", [0, 0, 0, 1]), ("copy", [1, 0, 0, 1]), ("rdn", [1, 0, 0, 0])])
def test_noise_that_hides_no_bit_leaves_the_atoms_of_the_gate(name: str, expected: list[float]) -> None:
    # In these gates both specificities exceed their ambiguities by the same bits, so the noise's entropy cancels.
    # Class and bit frequencies of 1,500 rows are off by about .013, and densities by about 10 parameters / n = .01 bit.
    result = pointwise(*noisy_gate(name))
    assert values(result.atoms) == pytest.approx(expected, abs=0.05)


def test_the_prior_is_estimated() -> None:
    # One class in ten: H(Y) = .469 bit, where a uniform prior would promise one bit.
    x1, x2, y = noisy_gate("rdn", num_samples=3000)
    kept = np.concatenate((np.flatnonzero(y == 0)[:1350], np.flatnonzero(y == 1)[:150]))
    assert pointwise(x1[kept], x2[kept], y[kept]).atoms.total == pytest.approx(0.469, abs=0.02)


def test_each_row_adds_up_to_its_known_pointwise_information() -> None:
    # Two Gaussians of variance 1 at ±1: log p(y | x) / p(y) = 1 - log2(1 + exp(∓2x)).
    generator = np.random.default_rng(1)
    y = np.tile([0, 1], 1000)
    x1, x2 = (np.where(y, 1.0, -1.0) + generator.standard_normal(2000) for _ in range(2))
    result = pointwise(x1, x2, y, candidates=(1,))
    signs = np.where(y, 1, -1)
    for column, logit in ((1, 2 * x1), (2, 2 * x2)):
        truth = 1 - np.log2(1 + np.exp(-signs * logit))
        # Means and variances of 800 rows are off by 3-5 %, and so is the log ratio, whose scale is a few bits.
        assert np.abs(result.per_sample[:, [0, column]].sum(axis=1) - truth).mean() < 0.1
    truth = 1 - np.log2(1 + np.exp(-2 * signs * (x1 + x2)))
    assert np.abs(result.per_sample.sum(axis=1) - truth).mean() < 0.15
    assert values(result.atoms) == pytest.approx(result.per_sample.mean(axis=0), abs=1e-12)


def test_labels_that_have_nothing_to_do_with_the_features_tell_nothing() -> None:
    generator = np.random.default_rng(2)
    x1, x2 = generator.standard_normal((2, 1500))
    y = generator.integers(0, 2, 1500)
    # Held-out densities lose, rather than gain, about parameters / n = .01 bit each. The atoms' sums are what chance
    # makes small; a mixture of the wrong shape would lose more, so the features are Gaussian.
    assert values(pointwise(x1, x2, y, candidates=(1, 2)).atoms) == pytest.approx([0, 0, 0, 0], abs=0.05)


def test_invertible_linear_maps_do_not_matter_but_others_do() -> None:
    generator = np.random.default_rng(3)
    y = np.tile([0, 1, 2], 200)
    x1, x2 = (generator.standard_normal((600, 2)) + y[:, None] * [1.0, 0.5] for _ in range(2))
    expected = pointwise(x1, x2, y, candidates=(1,)).per_sample
    maps = np.array([[[2.0, 1.0], [0.0, 0.3]], [[1.0, -4.0], [3.0, 1.0]]])
    moved = pointwise(x1 @ maps[0] + 9, 1e3 * x2 @ maps[1], y, candidates=(1,)).per_sample
    # A mixture adds 1e-4 to its variances, in directions that the map turns.
    assert moved == pytest.approx(expected, abs=1e-2)
    bent = pointwise(np.exp(x1), x2, y, candidates=(1,)).per_sample
    assert np.abs(bent - expected).mean() > 0.05


def test_the_same_seed_gives_the_same_atoms() -> None:
    data = noisy_gate("copy", num_samples=200)
    one, again = (pointwise(*data, candidates=(1, 2)).per_sample for _ in range(2))
    assert np.array_equal(one, again)


def test_more_components_are_chosen_where_they_are_needed() -> None:
    # Given y, each x of XOR has two modes, and the pair has two as well.
    assert pointwise(*noisy_gate("xor", num_samples=400), candidates=(1, 2)).num_mixture_components == (2, 2, 2)
    assert pointwise(*noisy_gate("rdn", num_samples=400), candidates=(1,)).num_mixture_components == (1, 1, 1)


def test_input_that_does_not_fit_is_refused() -> None:
    x1, x2, y = noisy_gate("xor", num_samples=100)
    with pytest.raises(ValueError, match="integer type"):
        pointwise(x1, x2, y.astype(float))
    with pytest.raises(ValueError, match="num_folds must be at least 3"):
        pointwise(x1, x2, y, num_folds=2)
    with pytest.raises(ValueError, match="x2 must vary"):
        pointwise(x1, np.zeros(100), y)
    with pytest.raises(ValueError, match="candidates"):
        pointwise(x1, x2, y, candidates=())
    with pytest.raises(ValueError, match="outside any fold"):
        pointwise(x1, x2, y, candidates=(50,))
    with pytest.raises(ValueError, match=r"at least num_folds = 5 rows, got \[99, 1\]"):
        pointwise(x1, x2, (np.arange(100) == 0).astype(int))
