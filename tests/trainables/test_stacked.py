"""Stacked modules compute for each replica what its own module computes."""

import pytest
import torch
from torch import nn

from alignment import ProjectionHead
from trainables.encoders import MlpEncoder, SequenceEncoder
from trainables.pair import Classifier
from trainables.stacked import StackedLinear, can_stack, stacked

NUM_REPLICAS = 3


def _modules(kind: str) -> list[nn.Module]:
    torch.manual_seed(0)
    build = {
        "mlp": lambda: MlpEncoder(6, 5, 3, 0.0),
        "classifier": lambda: Classifier(MlpEncoder(6, 5, 2, 0.0), 5, 4),
        "linear projection": lambda: ProjectionHead(6, 4),
        "projection with a hidden layer": lambda: ProjectionHead(6, 4, hidden_dim=7),
    }[kind]
    return [build() for _ in range(NUM_REPLICAS)]


@pytest.mark.parametrize("kind", ["mlp", "classifier", "linear projection", "projection with a hidden layer"])
def test_outputs_and_gradients_are_those_of_each_module(kind: str) -> None:
    modules = _modules(kind)
    assert can_stack(modules[0])
    parameters = {
        name: nn.Parameter(torch.stack([dict(module.named_parameters())[name].detach() for module in modules]))
        for name, _ in modules[0].named_parameters()
    }
    x = torch.randn(NUM_REPLICAS, 8, 6)
    # The head's outputs of a classifier alone: they have been through every layer.
    outputs = stacked(modules[0].to("meta"), parameters)(x)
    outputs = outputs[-1] if isinstance(outputs, tuple) else outputs
    outputs.square().sum().backward()
    for replica, module in enumerate(_modules(kind)):
        expected = module(x[replica])
        expected = expected[-1] if isinstance(expected, tuple) else expected
        # Sums of at most 8 numbers of order 1, in another order: some units in the last place.
        torch.testing.assert_close(outputs[replica], expected, rtol=1e-5, atol=1e-6)
        expected.square().sum().backward()
        for name, values in module.named_parameters():
            gradient, own = parameters[name].grad, values.grad
            assert gradient is not None and own is not None and own.abs().max() > 1e-3
            torch.testing.assert_close(gradient[replica], own, rtol=1e-4, atol=1e-5)


def test_a_linear_map_without_a_bias_is_the_product_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.randn(2, 3, 4, generator=generator), torch.randn(2, 5, 4, generator=generator)
    expected = torch.stack([rows @ matrix.T for rows, matrix in zip(x, weight, strict=True)])
    torch.testing.assert_close(StackedLinear(nn.Parameter(weight), None)(x), expected)


def test_only_known_modules_are_stacked() -> None:
    class Doubled(MlpEncoder):
        """An encoder whose forward could do anything."""

    assert not can_stack(Doubled(6, 5, 2, 0.0))
    assert not can_stack(Classifier(Doubled(6, 5, 2, 0.0), 5, 4))
    assert not can_stack(SequenceEncoder(4, 6, 1, "cls", 0.0))
