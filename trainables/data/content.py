"""The identity of a file: its content, wherever it lies and whatever it is called."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path


def content_of(path: Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits."""
    known = path.stat()
    return _content(path.resolve(), known.st_mtime_ns, known.st_size)


def content_of_all(paths: Iterable[Path]) -> str:
    """SHA-256 of the contents of several files in this order; of a folder, of the files in it by name."""
    whole = hashlib.sha256()
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            whole.update(bytes.fromhex(content_of(file)))
    return whole.hexdigest()


@lru_cache(maxsize=4096)
def _content(path: Path, changed: int, size: int) -> str:
    """The digest of a file of that age and size: a study asks for it several times, and a large file takes seconds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
