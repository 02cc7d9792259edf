"""Modules of the user's own classes: built as `TorchEncoder` says, and checked against its contract."""

import inspect
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from trainables.config import Refused, TorchEncoder
from trainables.user_code import imported
from trainables.weights import load_weights


def build_user_encoder(
    config: TorchEncoder, row_shape: tuple[int, ...], *, dropout: float, depth: int | None
) -> nn.Module:
    """The user's module for rows of `row_shape`, with its pretrained weights where it has any.

    Raises Refused where the class cannot be called so, or what it gives breaks the contract of `TorchEncoder`.
    """
    build = imported(config.path)
    given: dict[str, Any] = {"row_shape": row_shape, **config.arguments}
    searched = {"dropout": dropout, "depth": depth}
    given |= {name: searched[name] for name in open_parameters(config) & searched.keys() if searched[name] is not None}
    try:
        inspect.signature(build).bind(**given)
    except TypeError as error:
        raise Refused(f"{config.path} cannot be called with {', '.join(given)}: {error}") from None
    module = build(**given)
    _check(config.path, module)
    if config.weights is not None:
        load_weights(module, config.weights)
    return module


def open_parameters(config: TorchEncoder) -> frozenset[str]:
    """Names of the parameters of the user's class that the configuration's arguments leave open."""
    return frozenset(inspect.signature(imported(config.path)).parameters) - config.arguments.keys()


def _check(path: str, module: Any) -> None:
    if not isinstance(module, nn.Module):
        raise Refused(f"{path}: expected a torch.nn.Module, got {type(module).__name__}")
    out_dim = getattr(module, "out_dim", None)
    if not isinstance(out_dim, int) or out_dim < 1:
        raise Refused(f"{path}: expected an attribute out_dim, the width of its representations, got {out_dim!r}")
    for name, values in module.named_parameters():
        if is_lazy(values) or values.dtype != torch.float32:
            kind = "one without a shape" if is_lazy(values) else str(values.dtype)
            raise Refused(f"{path}: expected float32 parameters, got {kind} for {name}")
    if not any(values.requires_grad for values in module.parameters()):
        raise Refused(f"{path}: expected parameters that can be trained, got none that requires a gradient")
