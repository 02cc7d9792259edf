"""Fetching files that are shared on Google Drive, through gdown, which knows its pages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import gdown
import requests
from gdown.exceptions import DownloadError, FileURLRetrievalError

from trainables.data.download.fetching import BrokenOffError, FetchError, Patience, Report, discard, failure, persevere


def fetch_from_drive(file_id: str, part: Path, patience: Patience, report: Report) -> None:
    """Fetch a file into `part`, going on with what an earlier call has left. Raises as `fetch` does.

    gdown keeps what has arrived under a name that begins with that of its output; with the file's id in it, what is
    here of one file is not gone on with as another.
    """
    output = part.with_name(f"{part.name}.{file_id}")
    persevere(lambda is_first: _attempt(file_id, output, patience, report, is_first), patience)
    output.chmod(_permissions_of_new_files())  # gdown's are for its user alone
    output.replace(part)


def find_in_folder(folder_id: str, name: str, patience: Patience) -> str:
    """Id of the file `name` in a folder or one below it. Raises FetchError where there is none or no answer."""

    def list_folder(is_first: bool) -> dict[str, str]:
        with _network_errors(is_first):
            listed = gdown.download_folder(
                id=folder_id, skip_download=True, quiet=True, use_cookies=False, timeout=patience.timeout
            )
        # Without a download they are descriptions, not paths. Of files of one name the one that is not below counts.
        found = {PurePosixPath(file.path): file.id for file in listed}  # pyright: ignore[reportAttributeAccessIssue]
        return {path.name: found[path] for path in sorted(found, key=lambda path: -len(path.parts))}

    try:
        ids = persevere(list_folder, patience)
    except DownloadError as error:
        raise FetchError(f"is not listed: {_one_line(error)}") from error
    if name not in ids:
        raise FetchError(f"expected {name} in it, found {', '.join(sorted(ids)) or 'nothing'}")
    return ids[name]


def _attempt(file_id: str, output: Path, patience: Patience, report: Report, is_first: bool) -> None:
    has_begun = False

    def progress(received: int, total: int | None) -> None:
        nonlocal has_begun
        has_begun = True
        report(received, total)

    try:
        with _network_errors(is_first):
            gdown.download(
                id=file_id,
                output=str(output),
                quiet=True,
                use_cookies=False,
                resume=True,
                progress=progress,
                timeout=patience.timeout,
            )
    except FileURLRetrievalError as error:
        told = error.__context__ or error  # Google's words, without gdown's around them
        raise FetchError(f"is not given: {_one_line(told)}") from error
    except DownloadError as error:
        if not (has_begun or is_first):
            discard(output)  # Drive gives no more of it, as where it is whole; it would be in the way for ever
        raise BrokenOffError(_one_line(error)) from error


@contextmanager
def _network_errors(is_first: bool) -> Iterator[None]:
    """Errors of the network as FetchError."""
    try:
        yield
    except requests.RequestException as error:
        raise failure(error, is_first) from error
    except KeyError as error:  # gdown looks up headers that Google Drive always sends
        raise FetchError(f"expected an answer of Google Drive, found one without {error.args[0]}") from error


def _permissions_of_new_files() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
