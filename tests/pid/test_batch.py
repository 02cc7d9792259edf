"""The learned estimator: its alignment against an exact bound and a naive table, and gates seen through noise."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pid.atoms import Atoms
from pid.batch import BatchResult, batch
from pid.broja import broja
from pid.discriminator import DiscriminatorOptions
from pid.sinkhorn import Alignment, align, table_information

QUICK = DiscriminatorOptions(hidden_size=32, learning_rate=5e-3, max_epochs=60, patience=8)


def values(atoms: Atoms) -> np.ndarray:
    return np.array([atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy])


def margins(num_1: int, num_2: int, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    prior = generator.dirichlet(np.full(num_classes, 5.0))
    first, second = (generator.dirichlet(np.ones(size), num_classes).T for size in (num_1, num_2))
    # Away from 0, as posteriors of a network are.
    return prior * (0.99 * first + 0.01 / num_1), prior * (0.99 * second + 0.01 / num_2)


def naive_information(table: np.ndarray) -> float:
    """I(X1, X2; Y) in bits; cells that the optimum empties count as 0."""
    flat = table.reshape(-1, table.shape[-1])
    independent = flat.sum(axis=1, keepdims=True) * flat.sum(axis=0)
    kept = flat > 1e-200  # below it, products of two numbers underflow
    return float((flat[kept] * np.log2(flat[kept] / independent[kept])).sum())


def joint(alignment: Alignment) -> np.ndarray:
    return np.einsum("ij,iy,jy->ijy", alignment.base, alignment.scale_1, alignment.scale_2)


@settings(deadline=None, max_examples=30)
@given(num_1=st.integers(1, 6), num_2=st.integers(1, 6), num_classes=st.integers(2, 4), seed=st.integers(0, 2**32 - 1))
def test_the_alignment_has_the_margins_and_the_information_it_states(
    num_1: int, num_2: int, num_classes: int, seed: int
) -> None:
    margin_1, margin_2 = margins(num_1, num_2, num_classes, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-5, max_iterations=20_000)
    table = joint(alignment)
    assert alignment.gap_bits <= 1e-5
    # The last scaling is to X2's margin; X1's is off by what that one changed, which the tolerance makes small.
    assert table.sum(axis=0) == pytest.approx(margin_2, abs=1e-12)
    assert table.sum(axis=1) == pytest.approx(margin_1, abs=1e-4)
    assert alignment.information == pytest.approx(naive_information(table), abs=1e-3)
    # A pair tells no less than either of it.
    assert alignment.information >= max(table_information(margin_1), table_information(margin_2)) - 2e-5


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_other_table_with_the_margins_is_better_than_the_gap_allows(seed: int) -> None:
    margin_1, margin_2 = margins(4, 5, 3, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-4, max_iterations=20_000)
    generator = np.random.default_rng(seed)
    for _ in range(20):
        other = generator.dirichlet(np.full(20, 0.5), 3).T.reshape(4, 5, 3) + 1e-6
        for _ in range(500):
            other *= (margin_1 / other.sum(axis=1))[:, None]
            other *= (margin_2 / other.sum(axis=0))[None]
        assert naive_information(other) >= alignment.information - alignment.gap_bits - 1e-6


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), rounds=st.sampled_from([1, 5, 25, 5000]))
def test_the_gap_reaches_down_to_the_exact_optimum_however_early_it_stops(seed: int, rounds: int) -> None:
    margin_1, margin_2 = margins(8, 6, 3, seed)
    alignment = align(margin_1, margin_2, tolerance=1e-4, max_iterations=rounds)
    some_table = np.einsum("iy,jy->ijy", margin_1, margin_2 / margin_2.sum(axis=0))
    exact = broja(some_table).atoms
    union = exact.total - exact.synergy
    # The exact solver certifies 1e-6 bit.
    assert alignment.information - alignment.gap_bits <= union + 1e-6
    if rounds == 5000:
        assert alignment.information == pytest.approx(union, abs=2e-4)


def test_equal_posteriors_share_everything_and_independent_channels_of_two_bits_nothing() -> None:
    margin_1, _ = margins(6, 6, 3, 0)
    assert align(margin_1, margin_1, tolerance=1e-4, max_iterations=20_000).information == pytest.approx(
        table_information(margin_1), abs=1e-4
    )
    # COPY, blurred: x1 tells of the label's first bit and x2 of its second, each 1 - H(.01) bits; BROJA adds them up.
    channel = np.array([[0.99, 0.01], [0.01, 0.99]])
    first, second = np.repeat(channel, 2, axis=1) / 4, np.tile(channel, 2) / 4
    one = 1 + 0.99 * math.log2(0.99) + 0.01 * math.log2(0.01)
    information = align(first, second, tolerance=1e-4, max_iterations=20_000).information
    assert information == pytest.approx(2 * one, abs=1e-3)


def test_margins_that_do_not_fit_are_refused() -> None:
    margin_1, margin_2 = margins(4, 5, 3, 1)
    with pytest.raises(ValueError, match=r"agree on p\(y\)"):
        align(margin_1, margin_2[:, ::-1], tolerance=1e-3, max_iterations=10)
    with pytest.raises(ValueError, match="margin_2 must be a strictly positive"):
        align(margin_1, 0 * margin_2, tolerance=1e-3, max_iterations=10)
    with pytest.raises(ValueError, match="max_iterations must be at least 1, got 0"):
        align(margin_1, margin_2, tolerance=1e-3, max_iterations=0)


def noisy_gate(name: str, num_samples: int = 900, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bits with Gaussian noise that hardly ever hides them, and labels."""
    generator = np.random.default_rng(seed)
    first, second = generator.integers(0, 2, (2, num_samples))
    second = first if name == "rdn" else second
    y = {
        "xor": first ^ second,
        "and": first & second,
        "unq": first,
        "rdn": first,
        "independent": generator.integers(0, 2, num_samples),
    }[name]
    x1, x2 = (bits + 0.1 * generator.standard_normal(num_samples) for bits in (first, second))
    return x1, x2, y


def quick(x1: np.ndarray, x2: np.ndarray, y: np.ndarray, seed: int = 0, device: str | None = None) -> BatchResult:
    return batch(x1, x2, y, seed=seed, device=device, num_folds=3, options=QUICK, max_aligned_rows=300)


# Standard errors of information from 900 rows are about .03 bit for AND and less for the others; networks that train
# on 300 rows lose some hundredths more.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xor", [0, 0, 0, 1]),
        ("unq", [0, 1, 0, 0]),
        ("rdn", [1, 0, 0, 0]),
        ("and", [0.311, 0, 0, 0.5]),
        ("independent", [0, 0, 0, 0]),
    ],
)
def test_gates_are_seen_through_noise(name: str, expected: list[float]) -> None:
    result = quick(*noisy_gate(name))
    assert values(result.atoms) == pytest.approx(expected, abs=0.12)
    assert np.abs(result.overconfidence).max() < 0.1
    assert result.num_samples == 900
    assert len(result.epochs) == 3


def test_the_same_seed_gives_the_same_atoms_and_leaves_the_global_generator_alone() -> None:
    data = noisy_gate("and", num_samples=150)
    state = torch.get_rng_state()
    one, again, other = quick(*data), quick(*data, device="cpu"), quick(*data, seed=1)
    assert one == again
    assert one.atoms != other.atoms
    assert torch.equal(torch.get_rng_state(), state)


def test_training_stops_where_held_back_rows_gain_no_more() -> None:
    data = noisy_gate("independent", num_samples=150)
    stopped = quick(*data)
    # Labels are noise, so the first epochs are the best, and no number of further ones would be used.
    assert max(max(fold) for fold in stopped.epochs) + QUICK.patience < QUICK.max_epochs
    endless = replace(QUICK, max_epochs=100_000)
    assert batch(*data, num_folds=3, options=endless, max_aligned_rows=300) == stopped
    # One epoch is too few for what can be learnt, and more of them are used there.
    assert max(max(fold) for fold in quick(*noisy_gate("and", num_samples=150)).epochs) > 1


def test_names_of_classes_and_units_of_features_do_not_matter() -> None:
    x1, x2, y = noisy_gate("and", num_samples=150)
    # float32 rounds the standardised features differently: what is left of that after training.
    renamed = quick(64 * x1, x2 / 16, 10 * y - 3)
    assert values(renamed.atoms) == pytest.approx(values(quick(x1, x2, y).atoms), abs=1e-3)


def test_input_that_does_not_fit_is_refused() -> None:
    x1, x2, y = noisy_gate("xor", num_samples=60)
    with pytest.raises(ValueError, match="same rows, got 60, 59 and 60"):
        batch(x1, x2[1:], y)
    with pytest.raises(ValueError, match="integer type"):
        batch(x1, x2, y / 2)
    with pytest.raises(ValueError, match="at least two classes"):
        batch(x1, x2, 0 * y)
    with pytest.raises(ValueError, match="max_aligned_rows must be at least 2, got 1"):
        batch(x1, x2, y, max_aligned_rows=1)
    with pytest.raises(ValueError, match="hidden_size must be at least 1, got 0"):
        DiscriminatorOptions(hidden_size=0)


def test_an_alignment_that_does_not_converge_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="must be aligned to 1e-09 bits"):
        batch(*noisy_gate("and", num_samples=60), num_folds=3, options=QUICK, tolerance=1e-9, max_iterations=1)
