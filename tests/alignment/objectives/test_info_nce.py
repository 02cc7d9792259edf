"""The contrastive loss against a naive double loop, closed forms, and what it must and must not notice."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from alignment import InfoNce, symmetric_info_nce
from tests.alignment.objectives.pairs import random_pair


def naive_loss(z_a: Tensor, z_b: Tensor, temperature: float) -> float:
    """The definition, one row at a time in Python's floats, for one batch element [N, D]."""

    def cosine(i: int, j: int) -> float:
        lengths = z_a[i].norm().item() * z_b[j].norm().item()
        return (z_a[i] @ z_b[j]).item() / lengths if lengths > 0 else 0.0

    rows = range(len(z_a))
    total = 0.0
    for i in rows:
        matched = math.exp(cosine(i, i) / temperature)
        total -= math.log(matched / sum(math.exp(cosine(i, j) / temperature) for j in rows))
        total -= math.log(matched / sum(math.exp(cosine(j, i) / temperature) for j in rows))
    return total / (2 * len(z_a))


def two_cross_entropies(z_a: Tensor, z_b: Tensor, temperature: float) -> Tensor:
    logits = functional.normalize(z_a, dim=-1) @ functional.normalize(z_b, dim=-1).mT / temperature
    target = torch.arange(len(logits))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.mT, target)) / 2


def loss_and_gradients(z_a: Tensor, z_b: Tensor, temperature: float, **options: Any) -> tuple[Tensor, Tensor, Tensor]:
    z_a, z_b = z_a.detach().requires_grad_(), z_b.detach().requires_grad_()
    losses = symmetric_info_nce(z_a, z_b, temperature, **options)
    grad_a, grad_b = torch.autograd.grad(losses.sum(), (z_a, z_b))
    return losses.detach(), grad_a, grad_b


@pytest.mark.parametrize("temperature", [0.01, 0.1, 1.0])
def test_equals_a_naive_double_loop_in_every_batch_element(temperature: float) -> None:
    z_a, z_b = random_pair(2, 3, 5, 4)
    losses = symmetric_info_nce(z_a, z_b, temperature)
    assert losses.shape == (2, 3)
    for index in torch.cartesian_prod(torch.arange(2), torch.arange(3)):
        expected = naive_loss(z_a[tuple(index)], z_b[tuple(index)], temperature)
        assert losses[tuple(index)].item() == pytest.approx(expected, rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(
    num_rows=st.integers(2, 20),
    width=st.integers(2, 12),
    temperature=st.floats(0.02, 5.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_two_cross_entropies_with_their_gradients(
    num_rows: int, width: int, temperature: float, seed: int
) -> None:
    z_a, z_b = (z.requires_grad_() for z in random_pair(num_rows, width, seed=seed))
    expected = two_cross_entropies(z_a, z_b, temperature)
    gradients = torch.autograd.grad(expected, (z_a, z_b))
    ours = loss_and_gradients(z_a, z_b, temperature)
    # Both round cosines near 1e-16; the temperature magnifies that in a logit, and a short row in its gradient.
    tolerance = 1e-14 / temperature
    torch.testing.assert_close(ours[0], expected.detach(), rtol=0, atol=tolerance)
    for z, gradient, ours_gradient in zip((z_a, z_b), gradients, ours[1:], strict=True):
        lengths = z.detach().norm(dim=-1, keepdim=True)
        torch.testing.assert_close(lengths * ours_gradient, lengths * gradient, rtol=0, atol=tolerance / temperature)


def test_closed_forms() -> None:
    same = torch.ones(6, 3, dtype=torch.float64)
    assert symmetric_info_nce(same, same, 0.1).item() == pytest.approx(math.log(6))
    orthogonal = torch.eye(6, dtype=torch.float64)
    expected = math.log(math.exp(1 / 0.5) + 5) - 1 / 0.5
    assert symmetric_info_nce(orthogonal, orthogonal, 0.5).item() == pytest.approx(expected)


@settings(deadline=None, max_examples=50)
@given(num_rows=st.integers(2, 30), temperature=st.floats(0.005, 10.0), seed=st.integers(0, 2**32 - 1))
def test_lies_between_zero_and_its_largest_value(num_rows: int, temperature: float, seed: int) -> None:
    loss = symmetric_info_nce(*random_pair(num_rows, 3, seed=seed), temperature).item()
    assert -1e-12 <= loss <= math.log(num_rows) + 2 / temperature


def test_gradcheck_of_both_inputs_of_one_and_of_views() -> None:
    z_a, z_b = (z.requires_grad_() for z in random_pair(2, 4, 3))
    fixed = random_pair(2, 4, 3, seed=1)[0]
    row = random_pair(1, 3, seed=2)[0].requires_grad_()

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return symmetric_info_nce(a, b, 0.3)

    assert torch.autograd.gradcheck(loss, (z_a, z_b))
    assert torch.autograd.gradcheck(lambda a: loss(a, fixed), (z_a,))
    assert torch.autograd.gradcheck(lambda b: loss(fixed, b), (z_b,))
    assert torch.autograd.gradcheck(lambda a, b: loss(a.transpose(0, 1), b.transpose(0, 1)), (z_a, z_b))
    assert torch.autograd.gradcheck(lambda a: loss(a.expand(2, 4, 3), fixed), (row,))


@pytest.mark.parametrize("temperature", [0.01, 0.011, 0.0125, 0.05])
def test_float32_keeps_its_precision_at_low_temperatures(temperature: float) -> None:
    z_a, z_b = random_pair(64, 8)
    z_b = z_a + 0.3 * z_b
    exact = loss_and_gradients(z_a.float().double(), z_b.float().double(), temperature)
    ours = loss_and_gradients(z_a.float(), z_b.float(), temperature)
    # A float32 cosine is off by about 1e-7, and so a logit and the exponent of a gradient by 1e-7 / temperature.
    tolerance = 2e-6 / temperature
    torch.testing.assert_close(ours[0].double(), exact[0], rtol=tolerance, atol=tolerance)
    for gradient, exact_gradient in zip(ours[1:], exact[1:], strict=True):
        scale = exact_gradient.abs().max().item()
        torch.testing.assert_close(gradient.double(), exact_gradient, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_row_and_no_column_vanishes_at_extreme_logits(dtype: torch.dtype) -> None:
    # Logits [[100, 100], [-100, -100]]: each row loses log 2, the first column nothing, the second 200.
    z_a = torch.tensor([[1.0], [-1.0]], dtype=dtype)
    z_b = torch.tensor([[1.0], [1.0]], dtype=dtype)
    loss, *gradients = loss_and_gradients(z_a, z_b, 0.01)
    assert loss.item() == pytest.approx((math.log(2) + 100) / 2, rel=1e-6)
    # In one dimension a row has no other direction to turn to.
    assert all(torch.equal(gradient, torch.zeros_like(gradient)) for gradient in gradients)


def test_loss_is_symmetric_and_ignores_lengths_rotations_and_the_order_of_pairs() -> None:
    z_a, z_b = random_pair(7, 4)
    loss = symmetric_info_nce(z_a, z_b, 0.2)
    rotation = torch.linalg.qr(random_pair(4, 4, seed=1)[0]).Q
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    lengths = torch.linspace(0.1, 9.0, 7, dtype=torch.float64)[:, None]
    for other in (
        symmetric_info_nce(z_b, z_a, 0.2),
        symmetric_info_nce(lengths * z_a, lengths.flip(0) * z_b, 0.2),
        symmetric_info_nce(z_a @ rotation, z_b @ rotation, 0.2),
        symmetric_info_nce(z_a[order], z_b[order], 0.2),
    ):
        torch.testing.assert_close(other, loss, rtol=1e-12, atol=0)


def test_loss_notices_the_matching_the_sign_and_the_rotation_of_one_side() -> None:
    z_a, z_b = random_pair(7, 4)
    loss = symmetric_info_nce(z_a, z_b, 0.2).item()
    rotation = torch.linalg.qr(random_pair(4, 4, seed=1)[0]).Q
    for other_a in (z_a.roll(1, dims=0), -z_a, z_a @ rotation):
        assert abs(symmetric_info_nce(other_a, z_b, 0.2).item() - loss) > 1e-3


def test_gradient_is_across_each_row_and_falls_with_its_length() -> None:
    z_a, z_b = random_pair(7, 4)
    _, gradient, _ = loss_and_gradients(z_a, z_b, 0.2)
    torch.testing.assert_close((gradient * z_a).sum(dim=-1), torch.zeros(7, dtype=torch.float64), rtol=0, atol=1e-14)
    _, of_longer, _ = loss_and_gradients(8 * z_a, z_b, 0.2)
    torch.testing.assert_close(8 * of_longer, gradient)


def test_a_gradient_step_lowers_the_loss() -> None:
    z_a, z_b = random_pair(16, 4)
    loss, grad_a, grad_b = loss_and_gradients(z_a, z_b, 0.1)
    assert symmetric_info_nce(z_a - 1e-3 * grad_a, z_b - 1e-3 * grad_b, 0.1) < loss


@pytest.mark.parametrize("num_replicas", [3, 6])  # each is a block of 512 × 512 similarities
def test_batched_replicas_equal_each_alone(num_replicas: int) -> None:
    z_a, z_b = random_pair(num_replicas, 512, 4, dtype=torch.float32)
    together = loss_and_gradients(z_a, z_b, 0.1)
    for replica in range(num_replicas):
        alone = loss_and_gradients(z_a[replica], z_b[replica], 0.1)
        for batched, single in zip(together, alone, strict=True):
            torch.testing.assert_close(batched[replica], single, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("temperature", [0.01, 0.1])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_diverged_replica_harms_no_other(value: float, temperature: float) -> None:
    z_a, z_b = random_pair(3, 8, 4, dtype=torch.float32)
    healthy = loss_and_gradients(z_a, z_b, temperature)
    z_a[1, 5, 2] = value
    diverged = loss_and_gradients(z_a, z_b, temperature, check_finite=False)
    with torch.no_grad():
        assert symmetric_info_nce(z_a, z_b, temperature, check_finite=False)[1].isnan()
    for before, after in zip(healthy, diverged, strict=True):
        assert after[1].isnan().all()
        assert torch.equal(after[[0, 2]], before[[0, 2]])


@pytest.mark.parametrize("temperature", [0.01, 0.1])
def test_a_zero_row_is_similar_to_nothing_and_is_not_moved(temperature: float) -> None:
    z_a, z_b = random_pair(5, 4)
    z_a[2] = 0.0
    loss, grad_a, grad_b = loss_and_gradients(z_a, z_b, temperature)
    assert loss.item() == pytest.approx(naive_loss(z_a, z_b, temperature), rel=1e-12)
    assert torch.equal(grad_a[2], torch.zeros_like(grad_a[2]))
    assert grad_a.isfinite().all() and grad_b.isfinite().all()
    assert (grad_b[2] != 0).any()  # the other rows still push it away


def test_without_gradients_the_loss_is_the_same() -> None:
    z_a, z_b = random_pair(6, 512, 4)
    expected = loss_and_gradients(z_a, z_b, 0.1)[0]
    torch.testing.assert_close(symmetric_info_nce(z_a, z_b, 0.1), expected, rtol=1e-12, atol=0)
    with torch.no_grad():
        unrecorded = symmetric_info_nce(z_a.requires_grad_(), z_b, 0.1)
    assert not unrecorded.requires_grad
    torch.testing.assert_close(unrecorded, expected, rtol=1e-12, atol=0)


def test_autocast_changes_nothing_and_half_precision_is_computed_in_float32() -> None:
    z_a, z_b = random_pair(32, 8, dtype=torch.float32)
    expected = loss_and_gradients(z_a, z_b, 0.05)
    half_a, half_b = z_a.bfloat16(), z_b.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = loss_and_gradients(z_a, z_b, 0.05)
        loss, grad_a, grad_b = loss_and_gradients(half_a, half_b, 0.05)
        assert torch.is_autocast_enabled("cpu")
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(under_autocast, expected, strict=True))
    assert loss.dtype == torch.float32
    assert torch.equal(loss, symmetric_info_nce(half_a.float(), half_b.float(), 0.05).detach())
    assert grad_a.dtype == grad_b.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("shape_a", "shape_b"), [((1, 3), (1, 3)), ((4, 3), (5, 3)), ((4, 3), (4, 2)), ((4,), (4,)), ((4, 0), (4, 0))]
)
def test_shapes_that_do_not_fit_are_refused(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"got \("):
        symmetric_info_nce(torch.ones(shape_a), torch.ones(shape_b), 0.1)


@pytest.mark.parametrize("temperature", [0.0, -0.1, math.nan, math.inf, torch.tensor(0.1)])
def test_temperatures_that_mean_nothing_are_refused(temperature: Any) -> None:
    with pytest.raises(ValueError, match="temperature"):
        symmetric_info_nce(*random_pair(4, 3), temperature)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])  # the length of the last overflows in float32
def test_rows_that_are_not_finite_are_refused_and_counted(value: float) -> None:
    z_a, z_b = random_pair(4, 3, dtype=torch.float32)
    z_b[2, 1] = value
    with pytest.raises(ValueError, match="1 of 8"):
        symmetric_info_nce(z_a, z_b, 0.1)


def test_integers_are_refused() -> None:
    with pytest.raises(ValueError, match="floating point"):
        symmetric_info_nce(torch.ones(4, 3, dtype=torch.int64), torch.ones(4, 3), 0.1)


@pytest.mark.parametrize("temperature", [0.01, 0.1, 1.0])
def test_the_objective_is_the_loss_and_refuses_no_rows(temperature: float) -> None:
    z_a, z_b = random_pair(3, 5, 4)
    z_a[1, 2, 0] = math.nan
    expected = symmetric_info_nce(z_a, z_b, temperature, check_finite=False)
    assert torch.equal(InfoNce(temperature=temperature)(z_a, z_b).nan_to_num(-1.0), expected.nan_to_num(-1.0))
    with pytest.raises(ValueError, match="temperature"):
        InfoNce(temperature=-temperature)
