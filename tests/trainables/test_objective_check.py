"""What is found of an objective before anything is trained with it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from alignment import NAMED_OBJECTIVES
from trainables.config import Refused
from trainables.objective_check import examine_objective


@dataclass(frozen=True)
class Given:
    """An objective that is any function of the two representations."""

    losses: Callable[[Tensor, Tensor], object]

    def __call__(self, z_a: Tensor, z_b: Tensor) -> object:
        return self.losses(z_a, z_b)


def squared(z_a: Tensor, z_b: Tensor) -> Tensor:
    return (z_a - z_b).square()


@pytest.mark.parametrize("name", NAMED_OBJECTIVES)
def test_the_platforms_own_pass(name: str) -> None:
    examine_objective(NAMED_OBJECTIVES[name]())


def test_one_of_ones_own_passes() -> None:
    examine_objective(Given(lambda a, b: squared(a, b).mean(dim=(-2, -1))))


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (lambda a, b: squared(a, b).mean(), r"expected losses of shape \[3\] .* got \[\]"),
        (lambda a, b: squared(a, b).mean(dim=-1), r"expected losses of shape \[3\] .* got \[3, 16\]"),
        (lambda a, b: 1.0, r"expected losses of shape \[3\] .* got float"),
        (lambda a, b: squared(a, b).mean(dim=(-2, -1)) / 0, "expected finite losses"),
        (lambda a, b: squared(a, b).mean(dim=(-2, -1)).detach(), "expected losses with a gradient"),
        (lambda a, b: (0 * squared(a, b)).mean(dim=(-2, -1)), "expected a finite gradient"),
        (lambda a, b: squared(a, b).mean().expand(len(a)), "depend on that replica alone"),
        (lambda a, b: 1 / 0, "it raised ZeroDivisionError: division by zero"),
    ],
)
def test_what_is_no_objective_is_refused(losses: Callable[[Tensor, Tensor], object], message: str) -> None:
    with pytest.raises(Refused, match=message):
        examine_objective(Given(losses))


def test_the_global_generator_is_left_as_it_was() -> None:
    before = torch.get_rng_state()
    examine_objective(Given(lambda a, b: squared(a, b).mean(dim=(-2, -1))))
    assert torch.equal(torch.get_rng_state(), before)
