"""Computed features on disk, in the user's cache folder."""

import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

DIGEST_SIZE = 32


def cached_arrays(name: str, build: Callable[[], Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """The arrays that `build` makes, read from disk where they were made before.

    `name` is the file's, and must change with everything that the arrays depend on. The folder is
    `$XDG_CACHE_HOME/align-or-not`, by default `~/.cache/align-or-not`. A damaged file is made anew. Files
    appear whole or not at all, so any number of processes may make the same one. Where the folder cannot be
    written, a warning says so and the arrays are made at every call.
    """
    folder = cache_folder()
    if folder is None:
        warnings.warn("features are not kept on disk: no home folder and no $XDG_CACHE_HOME", stacklevel=2)
        return build()
    path = folder / f"{name}.features"
    arrays = _read(path)
    if arrays is None:
        arrays = build()
        try:
            _write(path, arrays)
        except OSError as error:
            warnings.warn(f"features are not kept on disk: {error}", stacklevel=2)
    return arrays


def cache_folder() -> Path | None:
    """Cache folder of this project, or None where the user has none."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        # The XDG base directory specification has relative paths ignored.
        parent = configured if configured.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return parent / "align-or-not"


def _read(path: Path) -> Mapping[str, np.ndarray] | None:
    """Arrays of a cache file, or None where there is no whole one."""
    archive = read_checked(path)
    if archive is None:
        return None
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return dict(arrays)


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    write_checked(path, buffer.getvalue())


def read_checked(path: Path) -> bytes | None:
    """What `write_checked` wrote, or None where the file is missing, damaged or may not be read."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    digest, content = written[:DIGEST_SIZE], written[DIGEST_SIZE:]
    return content if _digest(content) == digest else None


def write_checked(path: Path, content: bytes) -> None:
    """Write a file whose damage `read_checked` sees, whole or not at all. Raises OSError where it cannot be written."""
    write_whole(path, _digest(content) + content)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, and its folder, under a passing name and give it its own once it is whole: others may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, passing_name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(passing_name).replace(path)
    except BaseException:
        Path(passing_name).unlink(missing_ok=True)
        raise


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_SIZE).digest()
