"""What every objective promises to training, and which changes of its inputs each one ignores."""

import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from alignment import NAMED_OBJECTIVES, Cka, InfoNce, Objective, SigLip, Vicreg, learnt_scalars
from tests.alignment.objectives.pairs import differentiated, random_pair, related_pair, rotation

OBJECTIVES: list[Objective] = [
    InfoNce(),
    SigLip(),
    SigLip(temperature=0.5, bias=-2.0, learn_scalars=False),
    Vicreg(),
    Cka(),
]

every_objective = pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)


@every_objective
def test_gradcheck_of_both_inputs_of_one_and_of_views(objective: Objective) -> None:
    z_a, z_b = (z.requires_grad_() for z in random_pair(2, 4, 3))
    fixed = random_pair(2, 4, 3, seed=1)[0]
    assert torch.autograd.gradcheck(objective, (z_a, z_b))
    assert torch.autograd.gradcheck(lambda a: objective(a, fixed), (z_a,))
    assert torch.autograd.gradcheck(lambda b: objective(fixed, b), (z_b,))
    assert torch.autograd.gradcheck(lambda a, b: objective(a.transpose(0, 1), b.transpose(0, 1)), (z_a, z_b))


@every_objective
@pytest.mark.parametrize(
    "shape",
    [
        (4, 12, 5),
        (2, 3, 12, 5),
        (6, 512, 4),  # one block of rows, and of similarities one for each element
        (5, 64, 1024),  # of rows a block for each two elements, the last for one
    ],
)
def test_batched_elements_equal_each_alone(objective: Objective, shape: tuple[int, ...]) -> None:
    z_a, z_b = random_pair(*shape)
    together = differentiated(objective, z_a, z_b)
    assert together[0].shape == shape[:-2]
    for element in torch.cartesian_prod(*(torch.arange(size) for size in shape[:-2])).view(-1, len(shape) - 2):
        index = tuple(element)
        alone = differentiated(objective, z_a[index], z_b[index])
        for batched, single in zip(together, alone, strict=True):
            # Batched and single products may add in another order.
            torch.testing.assert_close(batched[index], single, rtol=1e-11, atol=1e-14)


@every_objective
def test_the_order_of_pairs_and_of_the_inputs_does_not_matter(objective: Objective) -> None:
    z_a, z_b = random_pair(9, 4)
    loss, grad_a, grad_b = differentiated(objective, z_a, z_b)
    order = torch.tensor([3, 0, 6, 1, 8, 5, 2, 7, 4])
    reordered = differentiated(objective, z_a[order], z_b[order])
    swapped = differentiated(objective, z_b, z_a)
    for other, expected in (
        (reordered, (loss, grad_a[order], grad_b[order])),
        (swapped, (loss, grad_b, grad_a)),
    ):
        for x, y in zip(other, expected, strict=True):
            torch.testing.assert_close(x, y, rtol=1e-11, atol=1e-14)


Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
LENGTHS = torch.linspace(0.3, 3.0, 9, dtype=torch.float64)[:, None]
CHANGES: dict[str, Change] = {
    "scale of one": lambda a, b: (3 * a, b),
    "length of each row": lambda a, b: (LENGTHS * a, LENGTHS.flip(0) * b),
    "scale of one feature": lambda a, b: (a * torch.tensor([3.0, 1, 1, 1]), b),
    "sign of one": lambda a, b: (-a, b),
    "rotation of both": lambda a, b: (a @ rotation(4), b @ rotation(4)),
    "rotation of one": lambda a, b: (a @ rotation(4), b),
    "shift of both": lambda a, b: (a + 2, b + 2),
    "shift of one": lambda a, b: (a + 2, b),
    "matching": lambda a, b: (a.roll(1, dims=0), b),
}
IGNORED = {
    InfoNce: {"scale of one", "length of each row", "rotation of both"},
    SigLip: {"scale of one", "length of each row", "rotation of both"},
    Vicreg: {"shift of both"},
    Cka: {"scale of one", "sign of one", "rotation of both", "rotation of one", "shift of both", "shift of one"},
}


@every_objective
@pytest.mark.parametrize("change", CHANGES)
def test_each_objective_ignores_and_notices_what_it_is_known_for(objective: Objective, change: str) -> None:
    z_a, z_b = related_pair(9, 4)
    difference = abs((objective(*CHANGES[change](z_a, z_b)) / objective(z_a, z_b)).item() - 1)
    assert (difference < 1e-12) if change in IGNORED[type(objective)] else (difference > 1e-3)


@every_objective
def test_a_gradient_step_lowers_the_loss(objective: Objective) -> None:
    z_a, z_b = related_pair(16, 4)
    loss, grad_a, grad_b = differentiated(objective, z_a, z_b)
    size = 1e-3 / torch.cat((grad_a, grad_b)).norm()
    assert objective(z_a - size * grad_a, z_b - size * grad_b) < loss


@every_objective
def test_a_related_pair_loses_less_than_an_unrelated_one(objective: Objective) -> None:
    assert objective(*related_pair(64, 8)) < objective(*random_pair(64, 8))


@every_objective
@pytest.mark.parametrize("shape", [(64, 8), (3, 500, 12)])
def test_float32_and_half_precision_keep_their_precision(objective: Objective, shape: tuple[int, ...]) -> None:
    z_a, z_b = related_pair(*shape, dtype=torch.float32)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        low_a, low_b = z_a.to(dtype), z_b.to(dtype)
        ours = differentiated(objective, low_a, low_b)
        exact = differentiated(objective, low_a.double(), low_b.double())
        assert [x.dtype for x in ours] == [torch.float32, dtype, dtype]
        # Rounding of float32 near 6e-8, times a logit of 20 or sums of a hundred terms. A gradient is then rounded to
        # the type of its input.
        tolerances = [1e-5, *[1e-5 + torch.finfo(dtype).eps] * 2]
        for x, y, tolerance in zip(ours, exact, tolerances, strict=True):
            # The smallest steps of float16 are 6e-8, coarser than ε for small gradients.
            step = 6e-8 if dtype == torch.float16 else 0.0
            torch.testing.assert_close(x.double(), y, rtol=0, atol=tolerance * y.abs().max().item() + step)


@every_objective
def test_autocast_changes_nothing(objective: Objective) -> None:
    z_a, z_b = related_pair(32, 8, dtype=torch.float32)
    expected = differentiated(objective, z_a, z_b)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under_autocast = differentiated(objective, z_a, z_b)
        assert torch.is_autocast_enabled("cpu")
    assert all(torch.equal(x, y) for x, y in zip(under_autocast, expected, strict=True))


@every_objective
def test_without_gradients_the_loss_is_the_same(objective: Objective) -> None:
    z_a, z_b = random_pair(6, 512, 4)
    expected = differentiated(objective, z_a, z_b)[0]
    with torch.no_grad():
        unrecorded = objective(z_a.requires_grad_(), z_b)
    assert not unrecorded.requires_grad
    torch.testing.assert_close(unrecorded, expected, rtol=1e-12, atol=0)


@every_objective
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_a_diverged_replica_harms_no_other(objective: Objective, value: float, side: int) -> None:
    pair = random_pair(3, 8, 4, dtype=torch.float32)
    healthy = differentiated(objective, *pair)
    pair[side][1, 5, 2] = value
    diverged = differentiated(objective, *pair)
    assert diverged[0][1].isnan()
    assert not any(gradient[1].isfinite().all() for gradient in diverged[1:])
    for before, after in zip(healthy, diverged, strict=True):
        assert torch.equal(after[[0, 2]], before[[0, 2]])


@every_objective
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e8])
def test_constant_representations_give_finite_losses_and_gradients(
    objective: Objective, dtype: torch.dtype, value: float
) -> None:
    varied = random_pair(10, 4, dtype=dtype)[0]
    constant = torch.full_like(varied, value)
    for pair in ((constant, constant), (constant, varied), (varied, constant)):
        assert all(x.isfinite().all() for x in differentiated(objective, *pair))


@every_objective
def test_no_batch_elements_give_no_losses(objective: Objective) -> None:
    empty = torch.ones(0, 4, 3)
    loss, grad_a, grad_b = differentiated(objective, empty, empty)
    assert (loss.shape, grad_a.shape, grad_b.shape) == ((0,), (0, 4, 3), (0, 4, 3))


@every_objective
def test_inputs_of_two_types_are_computed_in_the_wider_one(objective: Objective) -> None:
    z_a, z_b = random_pair(6, 4)
    loss, grad_a, grad_b = differentiated(objective, z_a.float(), z_b)
    assert torch.equal(loss, differentiated(objective, z_a.float().double(), z_b)[0])
    assert (grad_a.dtype, grad_b.dtype) == (torch.float32, torch.float64)


@every_objective
def test_second_derivatives_are_refused_and_not_wrong(objective: Objective) -> None:
    z_a, z_b = (z.requires_grad_() for z in random_pair(4, 3))
    with pytest.raises(RuntimeError, match="second derivative"):
        torch.autograd.grad(objective(z_a, z_b), z_a, create_graph=True)


@every_objective
def test_it_can_be_hashed_compared_and_pickled(objective: Objective) -> None:
    copy = pickle.loads(pickle.dumps(objective))
    assert copy == objective and hash(copy) == hash(objective)
    assert len({copy, *OBJECTIVES}) == len(OBJECTIVES)


@every_objective
@pytest.mark.parametrize(
    ("shape_a", "shape_b"), [((1, 3), (1, 3)), ((4, 3), (5, 3)), ((4, 3), (4, 2)), ((4,), (4,)), ((4, 0), (4, 0))]
)
def test_shapes_that_do_not_fit_are_refused(
    objective: Objective, shape_a: tuple[int, ...], shape_b: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"got \("):
        objective(torch.ones(shape_a), torch.ones(shape_b))


@every_objective
def test_integers_and_unknown_scalars_are_refused(objective: Objective) -> None:
    z_a, z_b = random_pair(4, 3)
    with pytest.raises(ValueError, match="floating point"):
        objective(z_a.long(), z_b)
    with pytest.raises(ValueError, match=r"learnt scalars of this objective are .*, got 'margin'"):
        objective(z_a, z_b, margin=torch.tensor(0.1))


def test_each_name_stands_for_an_objective_with_its_defaults() -> None:
    made = {name: objective() for name, objective in NAMED_OBJECTIVES.items()}
    assert made == {"infonce": InfoNce(), "siglip": SigLip(), "vicreg": Vicreg(), "cka": Cka()}
    assert {name: set(learnt_scalars(objective)) for name, objective in made.items()} == {
        "infonce": set(),
        "siglip": {"log_inverse_temperature", "bias"},
        "vicreg": set(),
        "cka": set(),
    }
