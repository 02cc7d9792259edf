"""Encoders by import path: what is built, what decides their identity, and what is refused."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.own_encoders import Dropping, Plain
from trainables.config import (
    EncoderConfig,
    Mlp,
    ProjectedTransformer,
    Refused,
    TorchEncoder,
    Transformer,
    VisionTransformer,
)
from trainables.user_code import source_digest

MODULE = "tests.trainables.own_encoders"
PLAIN = f"{MODULE}:Plain"

CONFIGURATIONS: list[tuple[EncoderConfig, tuple[int, ...]]] = [
    (Mlp(width=5), (6,)),
    (Transformer(), (5, 6)),
    (ProjectedTransformer(width=4), (5, 6)),
    (VisionTransformer(), (8, 8)),
    (TorchEncoder(PLAIN, {"depth": 2}), (6,)),
]


@pytest.mark.parametrize(("config", "row_shape"), CONFIGURATIONS)
def test_a_configuration_is_a_value_that_builds_a_module(config: EncoderConfig, row_shape: tuple[int, ...]) -> None:
    assert pickle.loads(pickle.dumps(config)) == config
    assert {config: 1}[pickle.loads(pickle.dumps(config))] == 1
    module: Any = config.build(row_shape, dropout=0.1, depth=None)
    assert module(torch.randn(3, *row_shape)).shape == (3, module.out_dim)
    assert config.reads_images == isinstance(config, VisionTransformer)
    assert config.packing_pays("cuda")


@pytest.mark.parametrize(("config", "row_shape"), CONFIGURATIONS)
def test_depth_is_the_configuration_s_own_unless_another_is_searched(
    config: EncoderConfig, row_shape: tuple[int, ...]
) -> None:
    sizes = [
        sum(values.numel() for values in config.build(row_shape, dropout=0.0, depth=depth).parameters())
        for depth in (None, 2, 3, 4)
    ]
    if "depth" in config.hyperparameters:
        assert sizes[0] in sizes[1:] and len(set(sizes[1:])) == 3
    else:
        assert len(set(sizes)) == 1


def test_hyperparameters_are_what_the_constructor_takes_and_arguments_leave_open() -> None:
    assert TorchEncoder(PLAIN).hyperparameters == {"depth"}
    assert TorchEncoder(PLAIN, {"depth": 2}).hyperparameters == set()
    assert TorchEncoder(f"{MODULE}:Dropping").hyperparameters == {"dropout"}
    assert Mlp(width=1).hyperparameters == {"dropout", "depth"}


def test_dropout_and_depth_reach_the_constructor() -> None:
    module = TorchEncoder(f"{MODULE}:Dropping").build((6,), dropout=0.3, depth=4)
    assert isinstance(module, Dropping) and module.probability == 0.3
    fixed = TorchEncoder(f"{MODULE}:Dropping", {"dropout": 0.1}).build((6,), dropout=0.3, depth=None)
    assert isinstance(fixed, Dropping) and fixed.probability == 0.1
    deep = TorchEncoder(PLAIN).build((6,), dropout=0.3, depth=4)
    assert isinstance(deep, Plain) and len(deep.layers) == 6


def test_equality_is_that_of_the_arguments_as_json() -> None:
    first, second = (
        TorchEncoder("a:B", {"x": (1, 2), "y": {"k": None}}),
        TorchEncoder("a:B", {"y": {"k": None}, "x": [1, 2]}),
    )
    assert first == second and hash(first) == hash(second)
    for other in (
        TorchEncoder("a:C", first.arguments),
        TorchEncoder("a:B"),
        TorchEncoder("a:B", first.arguments, weights="w"),
    ):
        assert other != first
    assert TorchEncoder("a:B") != Mlp(width=1)


def test_arguments_are_a_copy() -> None:
    given = {"sizes": [1, 2]}
    config = TorchEncoder("a:B", given)
    given["sizes"].append(3)
    assert config.arguments == {"sizes": [1, 2]}


@pytest.mark.parametrize("value", [object(), float("nan"), {1: 2}, [{"a": {3}}]])
def test_arguments_that_json_cannot_hold_are_refused(value: Any) -> None:
    with pytest.raises(Refused, match="a:B: expected arguments that JSON can hold, got x="):
        TorchEncoder("a:B", {"x": value})


def test_identity_names_source_and_weights_by_content(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"abc")
    config = TorchEncoder(PLAIN, {"depth": 2}, weights=str(file))
    assert config.identity() == {
        "path": PLAIN,
        "arguments": {"depth": 2},
        "source": source_digest(PLAIN),
        # SHA-256 of "abc", from FIPS 180-2, appendix B.1.
        "weights": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "reads_images": False,
    }
    assert TorchEncoder(PLAIN).identity()["weights"] is None
    file.unlink()
    with pytest.raises(Refused, match="expected a file of weights at"):
        config.identity()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "Plain",
            {"layers": 4},
            "cannot be called with row_shape, layers: got an unexpected keyword argument 'layers'",
        ),
        ("not_a_module", {}, "expected a torch.nn.Module, got int"),
        ("Unsized", {}, "expected an attribute out_dim, the width of its representations, got None"),
        ("Frozen", {}, "expected parameters that can be trained"),
        ("Doubled", {}, "expected float32 parameters, got torch.float64 for layers.0.weight"),
        ("Missing", {}, "has no Missing"),
    ],
)
def test_classes_that_break_the_contract_are_refused(name: str, arguments: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        TorchEncoder(f"{MODULE}:{name}", arguments).build((6,), dropout=0.0, depth=None)
