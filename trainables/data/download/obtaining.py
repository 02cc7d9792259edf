"""One raw file, from wherever it can be had to where `load` looks for it: whole and right, or not at all."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from trainables.config import Refused
from trainables.data.avmnist.avmnist_files import is_usable
from trainables.data.download.digests import refuse_page
from trainables.data.download.drive import fetch_from_drive, find_in_folder
from trainables.data.download.fetching import FetchError, Patience, Report, discard, fetch
from trainables.data.download.sources import DriveFile, DriveFolder, RawFile, Source, address


@dataclass(frozen=True, kw_only=True)
class Obtained:
    """A file that is there: what it holds, whether there was anything to compare that with, and whether it is new."""

    path: Path
    sha256: str
    is_compared: bool
    is_new: bool


def obtain(file: RawFile, data_dir: Path, patience: Patience, report: Report, say: Callable[[str], None]) -> Obtained:
    """Fetch `file` into the folder `data_dir`, unless it is there.

    It appears under its name once all of it is there and found right. Where nobody has published its SHA-256, the one
    found is written beside it, and what is fetched later must agree. Of processes that fetch the same file one does,
    the others wait. `say` is told what goes wrong on the way.

    Raises FetchError, with what each source had to say, where none gives the file; Refused where what is there is
    another file or a damaged one, which stays; and OSError where the disk is full or cannot be written.
    """
    present = _present(file, data_dir)
    if present is not None:
        return present
    destination = data_dir / file.paths[-1]
    destination.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(destination.with_name(".download.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process is fetching to {destination.parent}; waiting for it")
        lock.acquire()
    try:
        return _present(file, data_dir) or _fetched(file, destination, patience, report, say)
    finally:
        lock.release()


def record_path(path: Path) -> Path:
    """Where the SHA-256 of a file is kept that nobody has published, as `sha256sum -c` reads it."""
    return path.with_name(f"{path.name}.sha256")


def _present(file: RawFile, data_dir: Path) -> Obtained | None:
    """What is there already, None where nothing is. Raises Refused where it is not what it should be."""
    path = next(filter(is_usable, (data_dir / path for path in file.paths)), None)
    if path is None:
        return None
    expected = _expected(file, path)
    try:
        found = _verified(file, path, expected)
    except Refused as error:
        raise Refused(f"{path} is there, but not right; move it away to have it fetched: {error}") from error
    return Obtained(path=path, sha256=found, is_compared=expected is not None, is_new=False)


def _fetched(
    file: RawFile, destination: Path, patience: Patience, report: Report, say: Callable[[str], None]
) -> Obtained:
    part = destination.with_name(f"{destination.name}.part")
    expected = _expected(file, destination)
    failures = []
    for source in file.sources:
        try:
            _transfer(source, part, patience, report)
            found = _verified(file, part, expected)
        except (FetchError, Refused) as error:
            if isinstance(error, Refused):
                discard(part)
            failures.append(f"{address(source)}: {error}")
            say(failures[-1])
            continue
        _publish(part, destination)
        if expected is None:
            record_path(destination).write_text(f"{found}  {destination.name}\n", encoding="utf-8")
        return Obtained(path=destination, sha256=found, is_compared=expected is not None, is_new=True)
    raise FetchError("\n".join(failures))


def _transfer(source: Source, part: Path, patience: Patience, report: Report) -> None:
    try:
        if isinstance(source, DriveFolder):
            source = DriveFile(id=find_in_folder(source.id, source.name, patience))
        if isinstance(source, DriveFile):
            fetch_from_drive(source.id, part, patience, report)
        else:
            fetch(source, part, patience, report)
    except OSError as error:
        if error.errno is None:  # not the system's: requests, for one, has such for certificates that are not there
            raise
        # A disk that is full does not say which file was too much.
        raise OSError(error.errno, error.strerror, error.filename or str(part)) from error


def _verified(file: RawFile, path: Path, expected: str | None) -> str:
    """SHA-256 of what `path` holds. Raises Refused where it cannot be this file, or is not the expected one."""
    if path.is_file():
        refuse_page(path)
    found = file.digest(path)
    if expected not in (None, found):
        raise Refused(f"expected the SHA-256 {expected}, found {found}")
    return found


def _expected(file: RawFile, path: Path) -> str | None:
    """The SHA-256 that is published, or else the one that is kept beside the file, None where there is neither."""
    if file.sha256 is not None:
        return file.sha256
    try:
        kept = record_path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    match = re.match(r"[0-9a-f]{64}\b", kept)
    if match is None:
        raise Refused(f"{record_path(path)}: expected a SHA-256, found {kept[:80]!r}")
    return match[0]


def _publish(part: Path, destination: Path) -> None:
    """Give a file its name once all of it is on the disk, so that not even a power cut leaves a broken one of it."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(destination)
    discard(part)
