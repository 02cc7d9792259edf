"""Tensors from a file in the safetensors format: a header in JSON, and their numbers one after the other.

The format is that of huggingface.co/docs/safetensors: the header's length as 8 bytes, little-endian, then the header,
which gives each tensor's type, shape and place, then the numbers, little-endian. It holds nothing that could be run.
"""

import json
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.config import Refused

_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """All tensors by name. Raises Refused where the file is not whole, or not of this format."""
    content = memoryview(path.read_bytes())
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > len(content) - 8:
        raise Refused(f"{path}: expected a header of safetensors, got a file of {len(content)} bytes that ends before")
    try:
        header: Any = json.loads(content[8 : 8 + length].tobytes())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refused(f"{path}: expected a header in JSON: {error}") from error
    if not isinstance(header, dict):
        raise Refused(f"{path}: expected a header that names tensors, got {type(header).__name__}")
    header.pop("__metadata__", None)
    numbers = content[8 + length :]
    tensors = {name: _tensor(f"{path}: {name}", entry, numbers) for name, entry in header.items()}
    reached = 0
    for start, end in sorted(entry["data_offsets"] for entry in header.values()):
        if start != reached:
            raise Refused(f"{path}: expected tensors one after the other, got one at byte {start} after byte {reached}")
        reached = end
    if reached != len(numbers):
        raise Refused(f"{path}: expected {reached} bytes of numbers, got {len(numbers)}")
    return tensors


def _tensor(place: str, entry: Any, numbers: memoryview) -> Tensor:
    match entry:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            raise Refused(f"{place}: expected dtype, shape and data_offsets, got {entry!r}")
    if kind not in _TYPES:
        raise Refused(f"{place}: expected one of the types {', '.join(_TYPES)}, got {kind}")
    if not all(type(size) is int and size >= 0 for size in shape):
        raise Refused(f"{place}: expected a shape of whole numbers, got {shape}")
    dtype = _TYPES[kind]
    if not 0 <= start <= end <= len(numbers) or end - start != prod(shape) * dtype.itemsize:
        raise Refused(f"{place}: {kind} of shape {shape} does not lie at bytes {start} to {end} of {len(numbers)}")
    if start == end:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(numbers[start:end]), dtype=dtype).reshape(shape)
