"""The sigmoid loss against a naive double loop, closed forms, and what its learnt scalars do."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alignment import SigLip
from tests.alignment.objectives.pairs import differentiated, random_pair, related_pair


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def naive_loss(z_a: Tensor, z_b: Tensor, temperature: float, bias: float) -> float:
    """The definition, one pair of rows at a time in Python's floats, for one batch element [N, D]."""
    total = 0.0
    for i, a in enumerate(z_a):
        for j, b in enumerate(z_b):
            lengths = a.norm().item() * b.norm().item()
            cosine = (a @ b).item() / lengths if lengths > 0 else 0.0
            sign = 1 if i == j else -1
            total += softplus(-sign * (cosine / temperature + bias))
    return total / len(z_a)


@settings(deadline=None, max_examples=40)
@given(
    num_rows=st.integers(2, 12),
    width=st.integers(1, 6),
    temperature=st.floats(0.02, 5.0),
    bias=st.floats(-20.0, 5.0),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_a_naive_double_loop(num_rows: int, width: int, temperature: float, bias: float, seed: int) -> None:
    z_a, z_b = random_pair(num_rows, width, seed=seed)
    loss = SigLip(temperature=temperature, bias=bias)(z_a, z_b).item()
    # A cosine is off by about 1e-16, which the temperature magnifies in each of N logits of a row.
    assert loss == pytest.approx(naive_loss(z_a, z_b, temperature, bias), rel=1e-12, abs=1e-14 / temperature)


def test_initial_loss_of_rows_that_have_nothing_in_common() -> None:
    z_a, z_b = torch.eye(12, dtype=torch.float64)[:6], torch.eye(12, dtype=torch.float64)[6:]
    # Each row takes its match for none, and the other five for what they are.
    assert SigLip()(z_a, z_b).item() == pytest.approx(softplus(10.0) + 5 * softplus(-10.0), rel=1e-12)


def test_loss_of_a_collapsed_pair() -> None:
    # All cosines are 1, so that the default logits are 1 / 0.1 - 10 = 0: each of N pairs of a row loses log 2.
    same = torch.ones(6, 3, dtype=torch.float64)
    assert SigLip()(same, same).item() == pytest.approx(6 * math.log(2), rel=1e-12)


@pytest.mark.parametrize("temperature", [0.01, 0.1])
def test_a_zero_row_is_similar_to_nothing_and_is_not_moved(temperature: float) -> None:
    z_a, z_b = random_pair(5, 4)
    z_a[2] = 0.0
    loss, grad_a, grad_b = differentiated(SigLip(temperature=temperature, bias=-1.0), z_a, z_b)
    assert loss.item() == pytest.approx(naive_loss(z_a, z_b, temperature, -1.0), rel=1e-12)
    assert torch.equal(grad_a[2], torch.zeros_like(grad_a[2]))
    assert (grad_b[2] != 0).any()  # the other rows still push it away


def test_no_pair_touches_another() -> None:
    # One pair's share in the loss needs only its own cosine: leaving out the last rows takes away just their pairs.
    z_a, z_b = random_pair(5, 4)
    objective = SigLip(temperature=0.3, bias=-1.0)
    cosines = torch.nn.functional.normalize(z_a, dim=-1) @ torch.nn.functional.normalize(z_b, dim=-1).mT
    signs = 2 * torch.eye(5, dtype=torch.float64) - 1
    lost = torch.nn.functional.softplus(-signs * (cosines / 0.3 - 1.0))
    difference = 5 * objective(z_a, z_b) - 4 * objective(z_a[:4], z_b[:4])
    torch.testing.assert_close(difference, lost[4].sum() + lost[:4, 4].sum(), rtol=1e-12, atol=0)


def initial_scalars(objective: SigLip, *batch_shape: int) -> dict[str, Tensor]:
    return {name: torch.full(batch_shape, value, dtype=torch.float64) for name, value in objective.learnt.items()}


def test_learnt_scalars_start_from_the_fields_and_are_none_where_these_are_fixed() -> None:
    objective = SigLip(temperature=0.25, bias=-3.0)
    assert objective.learnt == {"log_inverse_temperature": pytest.approx(math.log(4.0)), "bias": -3.0}
    assert SigLip(learn_scalars=False).learnt == {}
    z_a, z_b = random_pair(2, 6, 4)
    fixed = SigLip(temperature=0.25, bias=-3.0, learn_scalars=False)(z_a, z_b)
    assert torch.equal(objective(z_a, z_b, **initial_scalars(objective, 2)), fixed)
    assert torch.equal(objective(z_a, z_b), fixed)
    with pytest.raises(ValueError, match="are none, got 'bias'"):
        SigLip(learn_scalars=False)(z_a, z_b, bias=torch.zeros(2))


def test_gradcheck_of_learnt_scalars() -> None:
    z_a, z_b = (z.requires_grad_() for z in random_pair(2, 4, 3))
    log_scale, bias = (x.requires_grad_() for x in random_pair(2, seed=1))

    def loss(a: Tensor, b: Tensor, log_scale: Tensor, bias: Tensor) -> Tensor:
        return SigLip()(a, b, log_inverse_temperature=log_scale, bias=bias)

    assert torch.autograd.gradcheck(loss, (z_a, z_b, log_scale, bias))
    # Encoders whose representations are given still let the scalars learn.
    assert torch.autograd.gradcheck(lambda s, b: loss(z_a.detach(), z_b.detach(), s, b), (log_scale, bias))


def test_each_batch_element_has_its_own_scalars() -> None:
    z_a, z_b = random_pair(3, 6, 4)
    temperatures, biases = torch.tensor([0.1, 0.5, 2.0]).double(), torch.tensor([-10.0, -1.0, 0.5]).double()
    losses = SigLip()(z_a, z_b, log_inverse_temperature=-temperatures.log(), bias=biases)
    for index in range(3):
        alone = SigLip(temperature=temperatures[index].item(), bias=biases[index].item())(z_a[index], z_b[index])
        torch.testing.assert_close(losses[index], alone, rtol=1e-12, atol=0)


def test_the_bias_rests_where_it_says_how_rare_matches_are() -> None:
    # With all cosines 0, d loss / d bias = (N - 1) σ(bias) - σ(-bias): 0 at bias = -log(N - 1).
    z_a, z_b = torch.eye(12, dtype=torch.float64)[:6], torch.eye(12, dtype=torch.float64)[6:]
    for bias, slope in ((-math.log(5), 0.0), (0.0, 2.0), (-10.0, 6 / (1 + math.exp(10.0)) - 1)):
        scalars = {"bias": torch.tensor(bias, dtype=torch.float64)}
        assert differentiated(SigLip(), z_a, z_b, **scalars)[3].item() == pytest.approx(slope, abs=1e-12)


def test_a_step_of_the_scalars_lowers_the_loss() -> None:
    z_a, z_b = related_pair(16, 4)
    objective = SigLip()
    scalars = initial_scalars(objective)
    loss, _, _, *slopes = differentiated(objective, z_a, z_b, **scalars)
    for name, slope in zip(scalars, slopes, strict=True):
        assert objective(z_a, z_b, **{name: scalars[name] - 1e-3 * slope}) < loss


@pytest.mark.parametrize("name", ["log_inverse_temperature", "bias"])
def test_a_scalar_that_diverged_harms_no_other_replica(name: str) -> None:
    z_a, z_b = random_pair(3, 8, 4, dtype=torch.float32)
    scalars = {name: value.float() for name, value in initial_scalars(SigLip(), 3).items()}
    healthy = differentiated(SigLip(), z_a, z_b, **scalars)
    scalars[name] = scalars[name].clone()
    scalars[name][1] = math.nan
    diverged = differentiated(SigLip(), z_a, z_b, **scalars)
    for before, after in zip(healthy, diverged, strict=True):
        assert after[1].isnan().all()
        assert torch.equal(after[[0, 2]], before[[0, 2]])


def test_scalars_keep_their_own_type_beside_half_precision_rows() -> None:
    z_a, z_b = random_pair(2, 8, 4, dtype=torch.bfloat16)
    scalars = {name: value.float() for name, value in initial_scalars(SigLip(), 2).items()}
    loss, grad_a, _, *slopes = differentiated(SigLip(), z_a, z_b, **scalars)
    exact = differentiated(SigLip(), z_a.double(), z_b.double(), **scalars)
    assert [x.dtype for x in (loss, grad_a, *slopes)] == [torch.float32, torch.bfloat16, torch.float32, torch.float32]
    for ours, theirs in zip((loss, *slopes), (exact[0], *exact[3:]), strict=True):
        torch.testing.assert_close(ours.double(), theirs.double(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (3,), (2, 1)])
def test_scalars_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"bias must have the batch shape \(2,\), got \("):
        SigLip()(*random_pair(2, 4, 3), bias=torch.zeros(shape))


@pytest.mark.parametrize(
    "fields", [{"temperature": 0.0}, {"temperature": math.nan}, {"bias": math.inf}, {"bias": "low"}, {"bias": None}]
)
def test_fields_that_mean_nothing_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(fields))} must be a finite number"):
        SigLip(**fields)
