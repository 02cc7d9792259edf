"""What a raw file holds, as one SHA-256 however it is packed; what cannot be such a file is refused.

The same content has many gzip files, and GitHub packs its archives anew when it likes.
"""

import hashlib
import re
from pathlib import Path

from trainables.config import Refused
from trainables.data.avmnist.idx import idx_content
from trainables.data.avmnist.spoken_digits import read_recordings
from trainables.data.content import content_of
from trainables.data.pickles import require_pickle

_PAGE_START = re.compile(rb"\s*<(!doctype html|html|head|body|\?xml)", re.IGNORECASE)
_PAGE_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_LONGEST_START = 4_096


def idx_digest(path: Path, shape: tuple[int, ...]) -> str:
    """SHA-256 of an IDX file of `shape`, unpacked: `zcat FILE | sha256sum`. Raises Refused as `read_idx` does."""
    return hashlib.sha256(idx_content(path, shape)).hexdigest()


def recordings_digest(path: Path) -> str:
    """SHA-256 of all recordings and their names, in a folder or a tar.gz: `LC_ALL=C sha256sum *.wav | sha256sum`.

    Raises Refused as `read_recordings` does.
    """
    recordings = read_recordings(path)
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in zip(recordings.names, recordings.files, strict=True)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def pickle_digest(path: Path) -> str:
    """SHA-256 of a whole pickle, as `sha256sum` prints it. Raises Refused where it is none; carries nothing out."""
    require_pickle(path)
    return content_of(path)


def refuse_page(path: Path) -> None:
    """Raise Refused where a file is an HTML page, as servers send one in place of a file they do not give."""
    with path.open("rb") as file:
        start = file.read(_LONGEST_START)
    if _PAGE_START.match(start):
        title = _PAGE_TITLE.search(start)
        called = f" called {' '.join(title[1].decode(errors='replace').split())!r}" if title else ""
        raise Refused(f"{path.name}: expected the file itself, found an HTML page{called}")
