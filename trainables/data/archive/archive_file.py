"""Where a feature archive lies, how it is opened, and whether its arrays are those of the format."""

from collections.abc import Mapping
from pathlib import Path
from zipfile import is_zipfile

from trainables.config import ArchiveData, Refused
from trainables.data.archive.archive_arrays import ArchiveArrays, ArrayHeader
from trainables.data.archive.loaded_arrays import parquet_arrays, tensor_arrays
from trainables.data.archive.mmsa_arrays import MmsaArrays
from trainables.data.archive.near_misses import (
    GROUP,
    LABEL,
    LENGTH_SUFFIX,
    RESERVED,
    SPLIT,
    label_hint,
    refuse_near_misses,
    unused_note,
)
from trainables.data.archive.npy_folder import FolderArrays, archive_content, npy_files
from trainables.data.archive.npz_arrays import NpzArrays
from trainables.data.splits import MissingDataError, Task

_PICKLES = (".pkl", ".pickle")
_TENSORS = (".pt", ".pth", ".safetensors")
_PARQUET = ".parquet"
_NPZ = ".npz"
_ENDINGS = (_NPZ, *_PICKLES, *_TENSORS, _PARQUET)
_MOST_NAMED = 12


def locate_archive(config: ArchiveData, data_dir: Path | None) -> Path:
    """The archive of the content that `config` names: `data_dir` itself, or any archive in that folder.

    An archive is a file, or a folder of .npy files.

    Raises MissingDataError where there is none of that content.
    """
    if data_dir is None:
        raise MissingDataError("a feature archive needs its path, or a folder that holds it, got none")
    within = [data_dir, *sorted(data_dir.iterdir())] if data_dir.is_dir() else []
    candidates = [path for path in within if _ending(path) in _ENDINGS or npy_files(path)] or [data_dir]
    for path in candidates:
        if is_archive(path) and archive_content(path) == config.content:
            return path
    looked_at = ", ".join(map(str, candidates))
    raise MissingDataError(
        f"found no feature archive with the SHA-256 {config.content}; looked at: {looked_at}. "
        "The data folder (`data_dir`, --data-dir) may be the archive itself, or a folder that holds it. A changed "
        "archive is another data set."
    )


def is_archive(path: Path) -> bool:
    """Whether there may be an archive: a file, or a folder of .npy files."""
    return path.is_file() or bool(npy_files(path))


def open_archive(path: Path, task: Task | None) -> ArchiveArrays:
    """The arrays of the archive at `path`; `task` chooses among labels where a file has several.

    Raises Refused, naming the file, where it is of no format that is read.
    """
    if path.is_dir():
        return FolderArrays(path)
    ending = _ending(path)
    if ending in _PICKLES:
        return MmsaArrays(path, task)
    if ending in _TENSORS:
        return tensor_arrays(path)
    if ending == _PARQUET:
        return parquet_arrays(path)
    if ending != _NPZ and not is_zipfile(path):
        raise Refused(
            f"{path}: expected a file that ends in {', '.join(_ENDINGS)}, or a folder of .npy files; found another"
        )
    return NpzArrays(path)


def _ending(path: Path) -> str:
    return path.suffix.lower()


def checked_headers(path: Path, headers: Mapping[str, ArrayHeader], modalities: tuple[str, str]) -> str | None:
    """Check that an archive has the two modalities and labels for them; returns a sentence on arrays that it ignores.

    Raises Refused, naming the file, where an array is missing, all but called as one of the format, or its shape or
    type is not that of the format.
    """
    label = headers.get(LABEL)
    if label is None or not label.shape or label.dtype.kind not in "biufUS":
        found = f"none{label_hint(headers) or _listed(headers)}" if label is None else str(label)
        mend = ""
        if label is not None and label.dtype.hasobject:
            mend = " (words with gaps, dates or lists): store words as label.astype(str), and all else as numbers"
        raise Refused(
            f"{path}: expected an array label [n] of integers, words or booleans (classes) or real numbers, "
            f"found {found}{mend}"
        )
    num_rows = label.shape[0]
    for name in modalities:
        header = headers.get(name)
        if header is None or not _is_modality(name, header):
            known = ", ".join(key for key, other in headers.items() if _is_modality(key, other)) or "none"
            found = "" if header is None else f", found {header}{_mend(name, header)}"
            raise Refused(f"{path}: expected features float [n, d] or [n, t, d] named {name}{found}; it has: {known}")
        _require_rows(path, headers, name, num_rows)
        length = headers.get(f"{name}{LENGTH_SUFFIX}")
        if length is not None and (len(header.shape) != 3 or length.dtype.kind not in "iu"):
            raise Refused(f"{path}: expected {name}{LENGTH_SUFFIX} as integers, and for sequences [n, t, d] alone")
    for name in (SPLIT, GROUP, *(f"{name}{LENGTH_SUFFIX}" for name in modalities)):
        _require_rows(path, headers, name, num_rows)
        if name in headers and len(headers[name].shape) != 1:
            raise Refused(f"{path}: expected {name} of shape [{num_rows}], found {list(headers[name].shape)}")
    refuse_near_misses(str(path), headers, modalities)
    others = [name for name, header in headers.items() if _is_modality(name, header) and name not in modalities]
    return unused_note(headers, modalities, tuple(others))


def _is_modality(name: str, header: ArrayHeader) -> bool:
    return (
        name not in RESERVED
        and not name.endswith(LENGTH_SUFFIX)
        and header.dtype.kind == "f"
        and len(header.shape) in (2, 3)
        and 0 not in header.shape
    )


def _mend(name: str, header: ArrayHeader) -> str:
    """How numbers of another type become features, where that is all that is wrong with them."""
    has_shape = len(header.shape) in (2, 3) and 0 not in header.shape
    return f" (store them as {name}.astype('float32'))" if header.dtype.kind in "biu" and has_shape else ""


def _listed(headers: Mapping[str, ArrayHeader]) -> str:
    """The names of all arrays, as an end to a sentence."""
    if not headers:
        return ", and no other array"
    return f"; its arrays are {', '.join([*headers][:_MOST_NAMED])}{', …' if len(headers) > _MOST_NAMED else ''}"


def _require_rows(path: Path, headers: Mapping[str, ArrayHeader], name: str, num_rows: int) -> None:
    if name in headers and headers[name].shape[:1] != (num_rows,):
        raise Refused(
            f"{path}: expected {num_rows} rows of {name}, as there are labels, found shape {list(headers[name].shape)}"
        )
