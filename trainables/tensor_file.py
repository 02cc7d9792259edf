"""Tensors by name from a file of the user's, by readers that run nothing of it."""

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
            found: Any = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # what PyTorch raises depends on how the file is damaged
            raise Refused(f"{path}: expected a dictionary of tensors, written by torch.save: {error}") from error
    if not isinstance(found, Mapping):
        raise Refused(f"{path}: expected a dictionary of tensors, got {type(found).__name__}")
    strangers = [str(name) for name, value in found.items() if not isinstance(value, Tensor)]
    if strangers:
        raise Refused(f"{path}: expected a tensor under each name, got something else under {', '.join(strangers)}")
    return found
