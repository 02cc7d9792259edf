"""The patches of the kustomize components, applied to a manifest as kustomize applies them."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any


def patched(document: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A copy of `document` after the operations `add`, `replace` and `remove` of RFC 6902, in order.

    Raises ValueError for another operation, and for a path that the document does not have.
    """
    changed = copy.deepcopy(dict(document))
    for operation in operations:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        place: Any = changed
        for part in parents:
            place = _child(place, part, operation["path"])
        _apply(operation, place, last)
    return changed


def _apply(operation: Mapping[str, Any], place: Any, last: str) -> None:
    kind, value = operation["op"], copy.deepcopy(operation.get("value"))
    if kind not in ("add", "replace", "remove"):
        raise ValueError(f"expected the operation add, replace or remove, got {kind!r}")
    if kind != "add":
        _child(place, last, operation["path"])
    key: Any = int(last) if isinstance(place, list) and last != "-" else last
    if kind == "remove":
        del place[key]
    elif isinstance(place, list) and kind == "add":
        place.insert(len(place) if key == "-" else key, value)
    else:
        place[key] = value


def _child(place: Any, part: str, path: str) -> Any:
    try:
        return place[int(part)] if isinstance(place, list) else place[part]
    except (KeyError, IndexError, ValueError):
        raise ValueError(f"the document has no {part!r} of {path}") from None
