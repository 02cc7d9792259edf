"""Pretrained weights from a file of the user's: read, checked against the module, and put into it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainables.config import Refused
from trainables.data.content import content_of
from trainables.safetensors import read_safetensors


def load_weights(module: nn.Module, file: str) -> None:
    """Put the tensors of `file` into `module`, whose names and shapes they must have.

    Raises Refused where they do not, or where the file is not readable as what its name says: safetensors where it ends
    in .safetensors, else a state dictionary that `torch.save` wrote. Nothing in a file is run.
    """
    path = Path(file)
    given = read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    own = module.state_dict()
    faults = [f"lacks {name}" for name in own.keys() - given.keys()]
    faults += [f"has {name}, which the module does not have" for name in given.keys() - own.keys()]
    faults += [
        f"has {name} of shape {list(given[name].shape)}, where the module has {list(own[name].shape)}"
        for name in own.keys() & given.keys()
        if given[name].shape != own[name].shape
    ]
    if faults:
        raise Refused(f"{path} does not fit {type(module).__name__}: it {'; it '.join(sorted(faults))}")
    module.load_state_dict(given)


def weights_digest(file: str) -> str:
    """SHA-256, in hexadecimal, of a file of weights. Raises Refused where there is none."""
    path = Path(file)
    if not path.is_file():
        raise Refused(f"expected a file of weights at {path}, found none")
    return content_of(path)


def _read_torch(path: Path) -> Mapping[str, Tensor]:
    with path.open("rb") as file:
        try:
            found: Any = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # what PyTorch raises depends on how the file is damaged
            raise Refused(f"{path}: expected a state dictionary written by torch.save: {error}") from error
    if not isinstance(found, Mapping):
        raise Refused(f"{path}: expected a state dictionary, got {type(found).__name__}")
    strangers = [str(name) for name, value in found.items() if not isinstance(value, Tensor)]
    if strangers:
        raise Refused(f"{path}: expected a tensor under each name, got something else under {', '.join(strangers)}")
    return found
