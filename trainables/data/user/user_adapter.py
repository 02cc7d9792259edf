"""What a function of the user's own returns, as a data set."""

import hashlib
import inspect
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

from trainables.config import PythonData, Refused
from trainables.data.adapter import Shapes
from trainables.data.splits import Splits
from trainables.data.user.user_arrays import named_arrays, plain_splits
from trainables.user_code import imported


class UserAdapter:
    """See `DataAdapter`. Each that calls the function raises Refused, with the place, where the function raises.

    What it says itself of data that are missing or wrong (OSError, Refused) stays as it is. The function is called once
    in a process, as long as no other data set of the kind is loaded in between.
    """

    has_known_shapes = False

    def load(self, config: PythonData, data_dir: Path | None) -> Splits:
        """Its rows, read-only, in the types of `Split`. Raises Refused where the function returns anything else."""
        return _splits(config, data_dir)

    def require(self, config: PythonData, data_dir: Path | None) -> None:
        """Raise Refused where the function is not there or cannot be called so; its files are its own business."""
        _call(config, data_dir)

    def content(self, config: PythonData, data_dir: Path | None) -> str:
        """SHA-256 of all arrays, their names, types and shapes."""
        return _content(config, data_dir)

    def shapes(self, config: PythonData, data_dir: Path | None) -> Shapes:
        """Those of the loaded rows."""
        return _shapes(config, data_dir)

    def modalities(self, config: PythonData, data_dir: Path | None) -> tuple[str, str]:
        """Names of modality 1 and 2, which the function gives."""
        return _shapes(config, data_dir).modalities

    def population(self, config: PythonData) -> None:
        """None, as nobody knows it."""


def _call(config: PythonData, data_dir: Path | None) -> Callable[[], Any]:
    """The user's function with all its arguments."""
    function = imported(config.path)
    if not callable(function):
        raise Refused(f"{config.path}: expected a function that returns Splits, got {type(function).__name__}")
    signature = inspect.signature(function)
    arguments = dict(config.arguments)
    if "data_dir" in signature.parameters:
        arguments["data_dir"] = data_dir
    try:
        signature.bind(**arguments)
    except TypeError as error:
        given = ", ".join(arguments) or "none"
        raise Refused(f"{config.path}: expected arguments that it takes, got {given} ({error})") from error
    return lambda: function(**arguments)


@lru_cache(maxsize=1)  # the next steps of a study ask for the same one; several would fill the memory
def _splits(config: PythonData, data_dir: Path | None) -> Splits:
    call = _call(config, data_dir)
    try:
        found = call()
    except (OSError, Refused):
        raise
    except Exception as error:  # the user's code may raise anything
        place = extract_tb(error.__traceback__)[-1]
        raise Refused(
            f"{config.path}: calling it raised {type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
        ) from error
    return plain_splits(found, config.path)


@cache
def _content(config: PythonData, data_dir: Path | None) -> str:
    digest = hashlib.sha256()
    for name, values in named_arrays(_splits(config, data_dir)):
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.reshape(-1).data)
    return digest.hexdigest()


@cache
def _shapes(config: PythonData, data_dir: Path | None) -> Shapes:
    splits = _splits(config, data_dir)
    train = splits.train
    return Shapes(
        modalities=splits.modalities,
        row_1=train.x1.shape[1:],
        row_2=train.x2.shape[1:],
        num_classes=splits.num_classes,
        sizes=(len(train), len(splits.valid), len(splits.test)),
        task=splits.task,
        has_lengths_1=train.lengths_1 is not None,
        has_lengths_2=train.lengths_2 is not None,
    )
