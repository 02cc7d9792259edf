"""The arrays of an npz file: headers first, and of the arrays themselves those that are asked for."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from trainables.config import Refused
from trainables.data.archive.archive_arrays import ArrayHeader
from trainables.data.splits import Task

SUFFIX = ".npy"
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what NumPy writes
_ENCRYPTED = 0x1
_OF_MACOS = "__MACOSX/"  # what its archiver adds beside each file


class NpzArrays:
    """See `ArchiveArrays`. Raises Refused, naming the file, where it is no whole npz file that can be read."""

    task: Task | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self.headers: Mapping[str, ArrayHeader] = _headers(path)

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """See `ArchiveArrays.read`."""
        with damage_refused(self._path, "arrays without pickled objects, whole ones"):
            with np.load(self._path, allow_pickle=False) as archive:
                return {name: archive[name] for name in names if name in self.headers}


def _headers(path: Path) -> dict[str, ArrayHeader]:
    headers: dict[str, ArrayHeader] = {}
    with damage_refused(path, "a whole npz archive"), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(SUFFIX) or info.filename.startswith(_OF_MACOS):
                continue  # a note beside the arrays
            _require_readable(info, path)
            with archive.open(info) as member:
                headers[info.filename.removesuffix(SUFFIX)] = read_header(member)
    return headers


def read_header(member: IO[bytes]) -> ArrayHeader:
    """Shape and type of the array of an .npy file that is open at its beginning."""
    version = npy_format.read_magic(member)
    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, _, dtype = read(member)
    return ArrayHeader(shape=shape, dtype=dtype)


def _require_readable(info: zipfile.ZipInfo, path: Path) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise Refused(f"{path}: expected an archive without a password, found {info.filename} encrypted")
    if info.compress_type not in _READABLE:
        method = zipfile.compressor_names.get(info.compress_type, "an unknown method")  # pyright: ignore
        raise Refused(
            f"{path}: expected arrays stored or deflated, as numpy.savez_compressed writes them, found {info.filename} "
            f"compressed by {method}"
        )


@contextmanager
def damage_refused(path: Path, expected: str) -> Iterator[None]:
    """What a damaged file makes zipfile and NumPy raise, as Refused."""
    try:
        yield
    except Refused:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as error:
        raise Refused(f"{path}: expected {expected}, found another format or damage ({error})") from error
