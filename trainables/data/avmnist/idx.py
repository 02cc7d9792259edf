"""Reading IDX, the file format of MNIST."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from trainables.config import Refused

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read an IDX file of unsigned bytes: uint8 of `shape`. Raises Refused as `idx_content` does."""
    content = idx_content(path, shape)
    return np.frombuffer(content, dtype=np.uint8, offset=_header_size(shape)).reshape(shape)


def idx_content(path: Path, shape: tuple[int, ...]) -> bytes:
    """All bytes of an IDX file of unsigned bytes, unpacked where it is packed by gzip, whatever its name says.

    Raises Refused, naming the file, where it is damaged or cut short, is no IDX file of bytes, or holds another
    shape than `shape`. Format: the MNIST page of LeCun, Cortes and Burges.
    """
    with path.open("rb") as file:
        is_gzip = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    header_size = _header_size(shape)
    # No more is unpacked than the shape calls for, and one byte to see whether there is more.
    limit = header_size + math.prod(shape) + 1
    try:
        with gzip.open(path, "rb") if is_gzip else path.open("rb") as file:
            content = file.read(limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Refused(f"{path}: expected a whole gzip file, found a damaged one ({error})") from error

    magic = bytes([0, 0, UNSIGNED_BYTE, len(shape)])
    if content[:4] != magic:
        raise Refused(f"{path}: expected the IDX magic number {magic.hex()}, found {content[:4].hex() or 'no bytes'}")
    if len(content) < header_size:
        raise Refused(f"{path}: expected an IDX header of {header_size} bytes, found {len(content)} bytes")
    found_shape = struct.unpack(f">{len(shape)}I", content[4:header_size])
    if found_shape != shape:
        raise Refused(f"{path}: expected an array of shape {shape}, found {found_shape}")
    size = len(content) - header_size
    if size != math.prod(shape):
        found = f"{size} bytes" if size < math.prod(shape) else "more"
        raise Refused(f"{path}: expected {math.prod(shape)} bytes of values, found {found}")
    return content


def _header_size(shape: tuple[int, ...]) -> int:
    return 4 + 4 * len(shape)
