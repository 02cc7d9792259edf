"""Fetching one file over HTTP from servers that stall, break off, or say what is not so.

What has arrived is kept, with the name that the server has for this very content, so that a later attempt goes on from
there; where the server has another content by then, or has no name for it, the transfer starts over.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import requests
from urllib3.exceptions import MaxRetryError, ProtocolError, ProxyError, ReadTimeoutError

_Result = TypeVar("_Result")
Report = Callable[[int, int | None], None]  # bytes that are here, and of how many, None where that is not known

_CHUNK_BYTES = 2**16
_PASSING_TROUBLE = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


class FetchError(Exception):
    """A source does not give the file; the message says why."""


class BrokenOffError(FetchError):
    """A transfer broke off, and another attempt may go on with it."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a connection and between two bytes, how often to try, and the pause after the first failure.

    Each further pause is twice as long.
    """

    connect_seconds: float = 10.0
    stall_seconds: float = 60.0
    num_attempts: int = 6
    pause_seconds: float = 1.0

    @property
    def timeout(self) -> tuple[float, float]:
        """The first two as requests takes them."""
        return self.connect_seconds, self.stall_seconds


def fetch(url: str, part: Path, patience: Patience, report: Report) -> None:
    """Fetch `url` into the file `part`, going on with what an earlier call has left there.

    Nothing is said of whether it is the right file. Raises FetchError where the server cannot be reached, refuses, or
    broke off too often; and OSError where the disk is full or not to be written to.
    """
    persevere(lambda is_first: _attempt(url, part, patience, report, is_first), patience)


def persevere(attempt: Callable[[bool], _Result], patience: Patience) -> _Result:
    """What `attempt(is_first)` returns; after a BrokenOffError it is called again, as often as `patience` has it.

    Raises FetchError: the attempt's own, or the last BrokenOffError as one that is final.
    """
    trouble: BrokenOffError | None = None
    for number in range(patience.num_attempts):
        if number:
            time.sleep(patience.pause_seconds * 2 ** (number - 1))
        try:
            return attempt(number == 0)
        except BrokenOffError as error:
            trouble = error
    raise FetchError(f"{trouble}; gave up after {patience.num_attempts} attempts") from trouble


def failure(error: requests.RequestException, is_first: bool) -> FetchError:
    """`error` as one that is worth another attempt or not.

    A server that cannot be reached at the first attempt is given up at once: where there is no network, nobody wants to
    wait for one.
    """
    cause = error.args[0] if error.args else error
    if isinstance(cause, MaxRetryError):  # no connection came about
        return (FetchError if is_first else BrokenOffError)(f"cannot be reached ({_reason(cause)})")
    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return (BrokenOffError if status in _PASSING_TROUBLE else FetchError)(
            f"answers {status} {error.response.reason}"
        )
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return BrokenOffError("stalled")
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return BrokenOffError(f"broke off ({cause.args[0] if isinstance(cause, ProtocolError) else cause})")
    return FetchError(str(error))


def _reason(error: MaxRetryError) -> str:
    """What the system said, out of the errors that urllib3 wraps around it."""
    reason: BaseException | None = error.reason
    through = ""
    if isinstance(reason, ProxyError):
        reason, through = reason.original_error, "the proxy: "
    reason = (reason and reason.__cause__) or reason
    return f"{through}{getattr(reason, 'strerror', None) or reason}"


def discard(part: Path) -> None:
    """Remove what has arrived, and whatever else has a name that begins with that of `part`."""
    for path in part.parent.glob(f"{part.name}*"):
        path.unlink()


def _attempt(url: str, part: Path, patience: Patience, report: Report, is_first: bool) -> None:
    name = _name_of_part(part, url)
    offset = part.stat().st_size if name and part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if name and offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": name}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=patience.timeout) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return _require_all(part, offset, response)
            response.raise_for_status()
            start, total = _extent(part, offset, response)
            _store(url, part, start, total, response, report)
    except requests.RequestException as error:
        raise failure(error, is_first) from error


def _extent(part: Path, offset: int, response: requests.Response) -> tuple[int, int | None]:
    """Where in the file the body begins, and the file's size. Raises BrokenOffError where it is not what was asked."""
    if response.status_code == HTTPStatus.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() and not _is_packed(response) else None
    described = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", described)
    if response.status_code != HTTPStatus.PARTIAL_CONTENT or not match or int(match[1]) != offset:
        discard(part)
        raise BrokenOffError(f"expected the bytes from {offset} on, found {response.status_code} {described}")
    return offset, None if match[2] == "*" else int(match[2])


def _require_all(part: Path, offset: int, response: requests.Response) -> None:
    """The server has no bytes from `offset` on: because that is all, or because what is here is no part of it."""
    if response.headers.get("Content-Range") != f"bytes */{offset}":
        discard(part)
        raise BrokenOffError(f"expected bytes from {offset} on, found a file that is shorter")


def _store(url: str, part: Path, start: int, total: int | None, response: requests.Response, report: Report) -> None:
    received = start
    with part.open("ab" if start else "wb") as file:
        if not start:
            _note(part).write_text(json.dumps({"url": url, "name": _name_of_content(response)}), encoding="utf-8")
        report(received, total)
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            received += len(chunk)
            report(received, total)
    if total is not None and received != total:
        raise BrokenOffError(f"expected {total} bytes, found {received}")


def _is_packed(response: requests.Response) -> bool:
    """Whether what is stored are not the bytes that lengths and ranges count, as requests unpacks them."""
    return "Content-Encoding" in response.headers


def _name_of_content(response: requests.Response) -> str | None:
    """What a later request may name this very content by (RFC 9110: a strong ETag or a date), None where nothing."""
    if _is_packed(response):
        return None
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _name_of_part(part: Path, url: str) -> str | None:
    """The name of the content of which `part` is the beginning, None where it is not of `url` or cannot be told."""
    try:
        noted = json.loads(_note(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return noted["name"] if noted["url"] == url else None


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")
