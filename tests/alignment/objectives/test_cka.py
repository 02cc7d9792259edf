"""CKA as a loss against the measure of that name, its n × n form, and its known ends."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alignment import Cka, linear_cka
from tests.alignment.objectives.pairs import differentiated, random_pair, related_pair, rotation


def naive_similarity(z_a: Tensor, z_b: Tensor) -> float:
    """The n × n form, one pair of rows at a time, for one batch element [N, D]."""
    rows = range(len(z_a))

    def kernel(z: Tensor) -> list[list[float]]:
        centred = z - z.mean(dim=0)
        return [[(centred[i] @ centred[j]).item() for j in rows] for i in rows]

    def hsic(first: list[list[float]], second: list[list[float]]) -> float:
        return sum(first[i][j] * second[i][j] for i in rows for j in rows)

    of_a, of_b = kernel(z_a), kernel(z_b)
    return hsic(of_a, of_b) / (hsic(of_a, of_a) * hsic(of_b, of_b)) ** 0.5


@settings(deadline=None, max_examples=30)
@given(num_rows=st.integers(2, 12), width=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
def test_equals_a_naive_loop_and_one_minus_the_measure(num_rows: int, width: int, seed: int) -> None:
    z_a, z_b = random_pair(num_rows, width, seed=seed)
    loss = Cka()(z_a, z_b).item()
    assert loss == pytest.approx(1 - naive_similarity(z_a, z_b), abs=1e-12)
    assert loss == pytest.approx(1 - linear_cka(z_a, z_b), abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_equals_one_minus_the_measure_in_float32(shift: float) -> None:
    z_a, z_b = (z + shift for z in related_pair(300, 12, dtype=torch.float32))
    # Entries between -4 and 4 are taken apart from a shift of 100 without further loss: both read the same float32.
    assert Cka()(z_a, z_b).item() == pytest.approx(1 - linear_cka(z_a, z_b), abs=1e-5)


def test_ends() -> None:
    z_a, _ = random_pair(20, 4)
    assert Cka()(z_a, 3 * z_a @ rotation(4) - 5).item() == pytest.approx(0.0, abs=1e-12)
    # Different columns of an orthonormal matrix orthogonal to the ones share no variation.
    centred = torch.randn(20, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    columns = torch.linalg.qr(centred - centred.mean(dim=0)).Q
    assert Cka()(columns[:, :4], columns[:, 4:]).item() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e8])
def test_a_collapsed_input_loses_everything_and_gets_no_gradient(value: float) -> None:
    z_a, _ = random_pair(50, 4, dtype=torch.float32)
    collapsed = torch.full_like(z_a, value)
    for pair in ((collapsed, z_a), (z_a, collapsed), (collapsed, collapsed)):
        loss, grad_a, grad_b = differentiated(Cka(), *pair)
        assert loss == 1
        assert not grad_a.any() and not grad_b.any()


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_scale_neither_overflows_nor_vanishes_in_float32(scale: float) -> None:
    z_a, z_b = related_pair(50, 4, dtype=torch.float32)
    loss, grad_a, grad_b = differentiated(Cka(), z_a, z_b)
    scaled = differentiated(Cka(), scale * z_a, z_b)
    # A scale that is no power of two rounds each entry.
    for ours, expected in zip(scaled, (loss, grad_a / scale, grad_b), strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5 * expected.abs().max().item())
