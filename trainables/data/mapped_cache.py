"""Large computed arrays on disk, mapped into memory instead of read: only what is used is ever loaded."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from trainables.data.feature_cache import cache_folder

_Build = Callable[[], Iterable[tuple[str, np.ndarray]]]


def mapped_arrays(name: str, build: _Build, wanted: Iterable[str]) -> Mapping[str, np.ndarray]:
    """The `wanted` ones of the arrays that `build` makes one after another, read-only views of files.

    `name` is the folder's below the user's cache folder (see `feature_cache`), and must change with everything that
    the arrays depend on. They are made where one of the wanted files is missing or not as long as it says; no checksum
    is taken, for it would read all that is to be mapped. A folder appears whole or not at all, so any number of
    processes may make the same one. Where it cannot be written, a warning says so and the arrays are kept in memory.
    """
    wanted = tuple(wanted)
    parent = cache_folder()
    if parent is None:
        warnings.warn("features are not kept on disk: no home folder and no $XDG_CACHE_HOME", stacklevel=2)
        return _in_memory(build, wanted)
    folder = parent / f"{name}.arrays"
    arrays = _mapped(folder, wanted)
    if arrays is None:
        try:
            _write(folder, build, wanted)
        except OSError as error:
            warnings.warn(f"features are not kept on disk: {error}", stacklevel=2)
            return _in_memory(build, wanted)
        arrays = _mapped(folder, wanted)
        if arrays is None:
            raise ValueError(f"{folder}: expected the arrays {', '.join(wanted)}, which were not made")
    return arrays


def _in_memory(build: _Build, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {key: values for key, values in build() if key in wanted}


def _mapped(folder: Path, wanted: tuple[str, ...]) -> dict[str, np.ndarray] | None:
    """The wanted arrays of a folder, or None where one of them is not there whole."""
    try:
        # Views as plain arrays: pickling a memmap, as Ray does to share it, would copy it instead of passing it on.
        return {key: np.load(folder / f"{key}.npy", mmap_mode="r").view(np.ndarray) for key in wanted}
    except (OSError, ValueError, EOFError):
        return None


def _write(folder: Path, build: _Build, wanted: tuple[str, ...]) -> None:
    """Write the arrays into a folder of a passing name, and give it its own once it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    passing = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        for key, values in build():
            with (passing / f"{key}.npy").open("wb") as file:
                np.save(file, values, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())  # a power cut must not leave a folder of its name with empty files
        _replace(folder, passing, wanted)
    finally:
        shutil.rmtree(passing, ignore_errors=True)


def _replace(folder: Path, passing: Path, wanted: tuple[str, ...]) -> None:
    """Rename `passing` to `folder`, unless another process has made a whole one in the meantime."""
    try:
        passing.rename(folder)
    except OSError:
        if _mapped(folder, wanted) is None:  # a damaged one, which cannot be renamed onto while there is anything in it
            folder.rename(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            passing.rename(folder)
