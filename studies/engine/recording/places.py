"""How a place is named where a study keeps files: a local folder, whatever characters it has, or a URI."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_uri(place: str) -> bool:
    """Whether a place is a URI, and no local folder."""
    return _URI.match(place) is not None


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
