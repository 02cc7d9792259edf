"""Configurations as plain JSON values, from which a study's identity and its trials' keys are hashed."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from trainables.config import Refused, TorchEncoder, UserCode
from trainables.user_code import imported, source_digest

_OWN_PACKAGES = ("alignment", "pid", "trainables", "analysis", "studies", "k8s")


def described(value: Any) -> Any:
    """The value as plain JSON: of a dataclass its type's name and fields, of a `UserCode` what its `identity` gives.

    A dataclass of the user's own also carries the digest of its source, since its code decides numbers too.
    Raises Refused for a value that JSON cannot hold.
    """
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: getattr(value, field.name) for field in fields(value)}
        identity = value.identity() if isinstance(value, UserCode) else own
        plain = {"type": type(value).__name__, **{name: described(item) for name, item in identity.items()}}
        path = _users_class(value)
        return plain if path is None else {**plain, "source": source_digest(path)}
    if isinstance(value, Mapping):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [described(item) for item in value]
    if isinstance(value, type):
        raise Refused(f"expected a value, got the class {value.__name__}: give one of it, as {value.__name__}()")
    if value is not None and not isinstance(value, str | bool | int | float):
        raise Refused(
            f"expected plain values, or frozen dataclasses of them, which can be recorded; got {value!r} of type "
            f"{type(value).__name__}"
        )
    return value


def require_importable(value: Any, *, elsewhere: bool = False) -> None:
    """Import all that a configuration names of the user's own; raises Refused for what is not there or fails.

    Classes of values that are there already need none: they may be defined where no import path leads. `elsewhere`: it
    will run on another machine, which may have a library that is missing here, and is asked itself.
    """
    for code in _user_code(value):
        try:
            imported(code.path)
        except Refused as error:
            if not (elsewhere and _lacks_a_library(error.__cause__, code.path)):
                raise


def has_user_code(value: Any) -> bool:
    """Whether a configuration names code of the user's own, in a package or in a script."""
    return any(not _is_file(name) for name in _user_names(value))


def user_sources(value: Any) -> dict[str, str]:
    """Import paths of all the user's code in a configuration that others import, with the digests of its source.

    What a script defines itself is not among it: Ray sends that by value.
    """
    return {name: digest for name, digest in user_digests(value).items() if not _is_file(name)}


def user_digests(value: Any) -> dict[str, str]:
    """Digests of what a worker reads of the user's own: of code by its import path, of weights by their file."""
    return {name: user_digest(name) for name in _user_names(value) if not name.startswith("__main__:")}


def user_digest(name: str) -> str:
    """The digest of the code of that import path, or of the file. Raises Refused where it is not there."""
    from trainables.weights import weights_digest  # late: brings PyTorch along

    return weights_digest(name) if _is_file(name) else source_digest(name)


def _lacks_a_library(error: BaseException | None, path: str) -> bool:
    """Whether an import failed for want of a module that is not of the named one's own package."""
    own = path.partition(":")[0].partition(".")[0]
    return isinstance(error, ModuleNotFoundError) and (error.name or own).partition(".")[0] != own


def _is_file(name: str) -> bool:
    return Path(name).is_absolute()


def _user_names(value: Any) -> Iterator[str]:
    for part in _dataclasses(value):
        if (path := _users_class(part)) is not None:
            yield path
        if isinstance(part, UserCode):
            yield part.path
        if isinstance(part, TorchEncoder) and part.weights is not None:
            yield part.weights


def _user_code(value: Any) -> Iterator[UserCode]:
    return (part for part in _dataclasses(value) if isinstance(part, UserCode))


def _dataclasses(value: Any) -> Iterator[Any]:
    """All dataclasses in a configuration, it among them."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        value = [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from _dataclasses(item)


def _users_class(value: Any) -> str | None:
    """The import path of a value's class where the class is the user's."""
    kind = type(value)
    own = kind.__module__.partition(".")[0] in _OWN_PACKAGES
    return None if own else f"{kind.__module__}:{kind.__name__}"
