"""Projection heads: what they compute, and that replicas of them batch."""

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from alignment import ProjectionHead


def test_without_a_hidden_layer_it_is_the_affine_map_of_its_parameters() -> None:
    head = ProjectionHead(5, 3)
    weight, bias = head.parameters()
    x = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(head(x), x @ weight.T + bias)


def test_with_a_hidden_layer_it_is_two_affine_maps_around_a_gelu() -> None:
    head = ProjectionHead(5, 3, hidden_dim=11)
    first_weight, first_bias, second_weight, second_bias = head.parameters()
    assert first_weight.shape == (11, 5)
    x = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    expected = functional.gelu(x @ first_weight.T + first_bias) @ second_weight.T + second_bias
    torch.testing.assert_close(head(x), expected)


@pytest.mark.parametrize("hidden_dim", [None, 6])
def test_replicas_batched_by_vmap_equal_each_alone(hidden_dim: int | None) -> None:
    heads = [ProjectionHead(5, 3, hidden_dim) for _ in range(4)]
    parameters, buffers = stack_module_state(heads)
    x = torch.randn(4, 7, 5, generator=torch.Generator().manual_seed(0))

    def call(parameters: dict, buffers: dict, x: torch.Tensor) -> torch.Tensor:
        return functional_call(heads[0], (parameters, buffers), (x,))

    batched = vmap(call)(parameters, buffers, x)
    for replica, head in enumerate(heads):
        torch.testing.assert_close(batched[replica], head(x[replica]))


@pytest.mark.parametrize("widths", [(0, 3, None), (5, 0, None), (5, 3, 0)])
def test_widths_below_one_are_refused(widths: tuple[int, int, int | None]) -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        ProjectionHead(*widths)
