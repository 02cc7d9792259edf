"""Where a feature archive lies, and what it holds, known from its headers and its small arrays alone."""

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from trainables.config import ArchiveData, Refused
from trainables.data.content import content_of
from trainables.data.splits import MissingDataError

RESERVED = ("label", "split", "group", "id")
LENGTH_SUFFIX = "_length"


@dataclass(frozen=True, kw_only=True)
class ArrayHeader:
    """Shape and element type of an array that has not been read."""

    shape: tuple[int, ...]
    dtype: np.dtype


def locate_archive(config: ArchiveData, data_dir: Path | None) -> Path:
    """The archive of the content that `config` names: `data_dir` itself, or any npz file in that folder.

    Raises MissingDataError where there is none of that content.
    """
    if data_dir is None:
        raise MissingDataError("a feature archive needs its path, or a folder that holds it, got none")
    candidates = sorted(data_dir.glob("*.npz")) if data_dir.is_dir() else [data_dir]
    for path in candidates:
        if path.is_file() and content_of(path) == config.content:
            return path
    looked_at = ", ".join(map(str, candidates)) or f"no npz file in {data_dir}"
    raise MissingDataError(
        f"found no feature archive with the SHA-256 {config.content}; looked at: {looked_at}. "
        "A changed archive is another data set."
    )


def read_headers(path: Path) -> dict[str, ArrayHeader]:
    """Headers of all arrays of the archive by name. Raises Refused, naming the file, where it is no npz archive."""
    headers: dict[str, ArrayHeader] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    version = npy_format.read_magic(member)
                    read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
                    shape, _, dtype = read(member)
                headers[name.removesuffix(".npy")] = ArrayHeader(shape=shape, dtype=dtype)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as error:
        raise Refused(f"{path}: expected a whole npz archive, found another format or damage ({error})") from error
    return headers


def read_arrays(path: Path, headers: Mapping[str, ArrayHeader], names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of `names` that the archive has. Raises Refused where one holds objects or is damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names if name in headers}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as error:
        raise Refused(f"{path}: expected arrays without pickled objects, whole ones ({error})") from error


def checked_headers(path: Path, modalities: tuple[str, str]) -> dict[str, ArrayHeader]:
    """Headers of an archive that has the two modalities and labels for them.

    Raises Refused, naming the file, where an array is missing or its shape or type is not that of the format.
    """
    headers = read_headers(path)
    label = headers.get("label")
    if label is None or len(label.shape) != 1 or label.dtype.kind not in "biuf":
        found = "none" if label is None else f"{label.dtype} of shape {list(label.shape)}"
        raise Refused(f"{path}: expected an array label [n] of integers (classes) or real numbers, found {found}")
    num_rows = label.shape[0]
    for name in modalities:
        header = headers.get(name)
        if header is None or not _is_modality(name, header):
            known = ", ".join(key for key, other in headers.items() if _is_modality(key, other)) or "none"
            raise Refused(f"{path}: expected features float [n, d] or [n, t, d] named {name}; it has: {known}")
        _require_rows(path, headers, name, num_rows)
        length = headers.get(f"{name}{LENGTH_SUFFIX}")
        if length is not None and (len(header.shape) != 3 or length.dtype.kind not in "iu"):
            raise Refused(f"{path}: expected {name}{LENGTH_SUFFIX} as integers, and for sequences [n, t, d] alone")
    for name in ("split", "group", *(f"{name}{LENGTH_SUFFIX}" for name in modalities)):
        _require_rows(path, headers, name, num_rows)
        if name in headers and len(headers[name].shape) != 1:
            raise Refused(f"{path}: expected {name} of shape [{num_rows}], found {list(headers[name].shape)}")
    return headers


def _is_modality(name: str, header: ArrayHeader) -> bool:
    return (
        name not in RESERVED
        and not name.endswith(LENGTH_SUFFIX)
        and header.dtype.kind == "f"
        and len(header.shape) in (2, 3)
        and 0 not in header.shape
    )


def _require_rows(path: Path, headers: Mapping[str, ArrayHeader], name: str, num_rows: int) -> None:
    if name in headers and headers[name].shape[:1] != (num_rows,):
        raise Refused(
            f"{path}: expected {num_rows} rows of {name}, as there are labels, found shape {list(headers[name].shape)}"
        )
