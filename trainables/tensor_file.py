"""Tensors by name from a file of the user's, by readers that run nothing of it."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.config import Refused
from trainables.safetensors import read_safetensors


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """All tensors of a safetensors file where its name ends so, else of a dictionary that `torch.save` wrote.

    Raises Refused, naming the file, where it is damaged or holds anything else.
    """
    return read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)


def _read_torch(path: Path) -> Mapping[str, Tensor]:
    with path.open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is refused below
                found: Any = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # what PyTorch raises depends on how the file is damaged
            raise Refused(
                f"{path}: expected a dictionary of tensors, written by torch.save: {_fault(error)}"
            ) from error
    if not isinstance(found, Mapping):
        raise Refused(f"{path}: expected a dictionary of tensors, got {type(found).__name__}")
    if numbers := [name for name in found if not isinstance(name, str)]:
        raise Refused(f"{path}: expected tensors under names, got {numbers[0]!r} instead of a name")
    strangers = [name for name, value in found.items() if not isinstance(value, Tensor)]
    if strangers:
        raise Refused(f"{path}: expected a tensor under each name, got something else under {', '.join(strangers)}")
    return found


def _fault(error: Exception) -> str:
    """What PyTorch found, without its advice to read the file in a way that runs what is in it."""
    stranger = re.search(r"Unsupported (?:global|class|operand)[^.]*?([\w.]+) was not an allowed", str(error))
    return f"it holds {stranger[1]} too" if stranger else str(error).partition("\n")[0].partition(" In PyTorch")[0]
