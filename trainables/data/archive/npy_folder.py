"""A folder of .npy files, one an array of its name, as a feature archive."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from trainables.data.archive.archive_arrays import ArrayHeader
from trainables.data.archive.npz_arrays import SUFFIX, damage_refused, read_header
from trainables.data.content import content_of
from trainables.data.splits import Task


class FolderArrays:
    """See `ArchiveArrays`. Raises Refused, naming the file, where one is no whole .npy file."""

    task: Task | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._files = npy_files(folder)
        self.headers: Mapping[str, ArrayHeader] = {name: _header(path) for name, path in self._files.items()}

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """See `ArchiveArrays.read`."""
        return {name: _array(self._files[name]) for name in names if name in self._files}


def npy_files(folder: Path) -> dict[str, Path]:
    """The .npy files of a folder by the name of their array, in the order of the names; none where it is no folder.

    Hidden ones are no arrays: systems leave them beside files that were copied.
    """
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {
        path.stem: path for path in files if path.suffix == SUFFIX and not path.name.startswith(".") and path.is_file()
    }


def archive_content(path: Path) -> str:
    """SHA-256 of an archive's content, 64 hexadecimal digits: of a file; or of a folder's arrays and their names."""
    if not path.is_dir():
        return content_of(path)
    whole = hashlib.sha256()
    for name, file in npy_files(path).items():
        whole.update(hashlib.sha256(name.encode()).digest() + bytes.fromhex(content_of(file)))
    return whole.hexdigest()


def _header(path: Path) -> ArrayHeader:
    with damage_refused(path, "a whole .npy file"), path.open("rb") as file:
        return read_header(file)


def _array(path: Path) -> np.ndarray:
    with damage_refused(path, "an array without pickled objects, a whole one"):
        return np.load(path, allow_pickle=False)
