"""The identity of a file: its content, wherever it lies and whatever it is called."""

import hashlib
from pathlib import Path


def content_of(path: Path) -> str:
    """SHA-256 of a file's content, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
