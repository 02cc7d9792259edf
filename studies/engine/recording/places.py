"""How a place is named where a study keeps files: a local folder, whatever characters it has, or a URI."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from trainables.config import Refused

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_S3 = re.compile(r"s3://[^/?#]+")
# What begins so is meant as an address, and would else be a folder of that name.
_MEANT_AS_URI = re.compile(r"(s3[an]?|gs|gcs|hdfs|abfss?|az|wasbs?|https?|file):", re.IGNORECASE)
_THIS_MACHINE = ("", "localhost")


def is_uri(place: str) -> bool:
    """Whether a place is a URI, and no local folder."""
    return _URI.match(place) is not None


def require_place(place: str) -> None:
    """Refuse what would be another place than the one that is meant. Raises Refused."""
    expected = f"expected a folder, or a URI such as s3://bucket/path; got {place!r}"
    if not place.strip():
        raise Refused(expected)
    if place.startswith("~"):
        raise Refused(f"{expected}. ~ is left as it is here: write $HOME, or ./~ for a folder of that name")
    if place.startswith("file://"):
        if urlsplit(place).netloc not in _THIS_MACHINE:
            raise Refused(f"{expected}, which names another machine: a folder here is file:///path")
    elif is_uri(place) or _MEANT_AS_URI.match(place):
        if not _S3.match(place):
            raise Refused(
                f"{expected}. Other object stores are reached by their S3 interface, s3://bucket?endpoint_override=host"
            )


def absolute_place(place: str) -> str:
    """A place as the user gives it as a URI, or as an absolute path; `file:///a%20b` is the folder `/a b`."""
    if place.startswith("file://"):
        place = url2pathname(urlsplit(place).path)
    return place if is_uri(place) else str(Path(place).absolute())


def without_parameters(place: str) -> str:
    """A URI without its parameters (?endpoint_override=…); a folder as it is."""
    return place.partition("?")[0] if is_uri(place) else place


def below(root: str, name: str) -> str:
    """The folder or URI of `name` in `root`, whose parameters it keeps."""
    if not is_uri(root):
        return f"{root.rstrip('/')}/{name}"
    place, mark, parameters = root.partition("?")
    return f"{place.rstrip('/')}/{quote(name)}{mark}{parameters}"
