"""Pretrained weights from a file of the user's: read, checked against the module, and put into it."""

from pathlib import Path

from torch import nn

from trainables.config import Refused
from trainables.data.content import content_of
from trainables.tensor_file import read_tensors


def load_weights(module: nn.Module, file: str) -> None:
    """Put the tensors of `file` into `module`, whose names and shapes they must have.

    Raises Refused where they do not, or where the file is not readable as what its name says: safetensors where it ends
    in .safetensors, else a state dictionary that `torch.save` wrote. Nothing in a file is run.
    """
    path = Path(file)
    given = read_tensors(path)
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
