"""Archives that are read whole: tensors of PyTorch or safetensors, and tables in Parquet."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.config import Refused
from trainables.data.archive.archive_arrays import ArrayHeader
from trainables.data.archive.near_misses import LENGTH_SUFFIX
from trainables.data.splits import Task

if TYPE_CHECKING:
    import pyarrow as pa
    from torch import Tensor


class LoadedArrays:
    """See `ArchiveArrays`."""

    task: Task | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self._arrays = arrays
        self.headers: Mapping[str, ArrayHeader] = {
            name: ArrayHeader(shape=values.shape, dtype=values.dtype) for name, values in arrays.items()
        }

    def read(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """See `ArchiveArrays.read`."""
        return {name: self._arrays[name] for name in names if name in self._arrays}


def tensor_arrays(path: Path) -> LoadedArrays:
    """The tensors of a file as arrays; kinds of floating point that NumPy lacks, such as bfloat16, in float32.

    Raises Refused, naming the file and the tensor, where one is sparse or of another kind that NumPy lacks.
    """
    from trainables.tensor_file import read_tensors  # late: PyTorch, of which an archive of NumPy's needs nothing

    return LoadedArrays({name: _array(tensor, f"{path}: {name}") for name, tensor in read_tensors(path).items()})


def _array(tensor: "Tensor", place: str) -> np.ndarray:
    import torch

    is_known = tensor.dtype in (torch.float16, torch.float32, torch.float64)
    try:
        return (tensor.float() if tensor.is_floating_point() and not is_known else tensor).numpy(force=True)
    except (TypeError, RuntimeError) as error:  # NotImplementedError is one of the latter
        raise Refused(
            f"{place}: expected a dense tensor of numbers that NumPy has too, found {tensor.layout} {tensor.dtype}: "
            "store it as to_dense(), or dequantize(), gives it"
        ) from error


def parquet_arrays(path: Path) -> LoadedArrays:
    """The columns of a Parquet file: numbers and words [n], lists of numbers [n, d], lists of lists [n, t, d].

    Sequences of different lengths are padded by 0 and get an array `<name>_length`. Numbers that are missing are NaN,
    and words empty. Columns of another kind are named as arrays of objects, which nothing reads. Raises Refused, naming
    the file and the column, where lists have no common width or are missing, and where it is no Parquet file.
    """
    import pyarrow as pa  # late: it takes a while to import
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"{path}: expected a whole Parquet file, found another format or damage ({error})") from error
    if table.num_rows == 0:
        raise Refused(f"{path}: expected a table with rows, found none")
    arrays: dict[str, np.ndarray] = {}
    for name in table.column_names:
        values, lengths = _column(pa.concat_arrays(table.column(name).chunks), f"{path}: {name}")
        arrays[name] = values
        if lengths is not None:
            arrays.setdefault(f"{name}{LENGTH_SUFFIX}", lengths)
    return LoadedArrays(arrays)


def _column(column: "pa.Array", place: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The values of a column, and the lengths [n] of its rows where these are sequences that differ in them."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if types.is_string_view(column.type):
        column = column.cast(pa.string())
    if types.is_string(column.type) or types.is_large_string(column.type):
        return column.fill_null("").to_numpy(zero_copy_only=False).astype(str), None
    if not _is_list(column.type):
        is_plain = types.is_integer(column.type) or types.is_floating(column.type) or types.is_boolean(column.type)
        return (column.to_numpy(zero_copy_only=False) if is_plain else np.full(len(column), None)), None
    inner, sizes = column.flatten(), _sizes(column, place)
    if not _is_list(inner.type):
        return _column(inner, place)[0].reshape(len(column), _common_width(sizes, place)), None
    steps = _column(inner.flatten(), place)[0].reshape(len(inner), _common_width(_sizes(inner, place), place))
    if (sizes == sizes[0]).all():
        return steps.reshape(len(column), sizes[0], -1), None
    padded = np.zeros((len(column), sizes.max(), steps.shape[1]), dtype=steps.dtype)
    padded[np.arange(sizes.max()) < sizes[:, None]] = steps
    return padded, sizes


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _sizes(column: "pa.Array", place: str) -> np.ndarray:
    from pyarrow import compute

    if column.null_count:
        raise Refused(f"{place}: expected a list in each row, found none in {column.null_count} of {len(column)}")
    return compute.call_function("list_value_length", [column]).to_numpy(zero_copy_only=False).astype(np.int64)


def _common_width(sizes: np.ndarray, place: str) -> int:
    if len(sizes) == 0:
        raise Refused(f"{place}: expected lists of numbers, found empty ones alone")
    if (sizes != sizes[0]).any():
        raise Refused(
            f"{place}: expected lists of one width, found {sizes.min()} to {sizes.max()} numbers; "
            "sequences are lists of steps, which are lists themselves"
        )
    return int(sizes[0])
