"""A training's state on disk, with a digest that tells whether it is whole."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

_STATE_FILE, _DIGEST_FILE = "training.pt", "training.sha256"


def write_checkpoint(folder: Path, state: Mapping[str, Any]) -> None:
    """Write the state, then its digest."""
    torch.save(state, folder / _STATE_FILE)
    (folder / _DIGEST_FILE).write_text(_digest(folder))


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The state that was written; None where it is not whole: a machine may die, or a disk fill, in the midst of it."""
    try:
        if (folder / _DIGEST_FILE).read_text() != _digest(folder):
            return None
    except FileNotFoundError:
        return None
    return torch.load(folder / _STATE_FILE, weights_only=True)


def _digest(folder: Path) -> str:
    with (folder / _STATE_FILE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
