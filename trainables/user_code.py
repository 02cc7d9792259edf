"""A user's own code, named by its import path (`my_lab.encoders:Conformer`): imported, and known by its source."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainables.config import Refused


def imported(path: str) -> Any:
    """The object that `path` (`module:name`) names; the working folder is looked in after all other places.

    Raises Refused for a path of another form, and where the module or the name in it is not there or fails to import.
    """
    module_name, separator, name = path.partition(":")
    if not (separator and name and module_name):
        raise Refused(f"expected an import path of the form package.module:name, got {path!r}")
    _look_in_working_folder(module_name)
    try:
        module = import_module(module_name)
    except Exception as error:  # the user's module may do anything while it is imported
        raise Refused(f"{path}: importing {module_name} failed with {type(error).__name__}: {error}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise Refused(f"{path}: the module {module_name} ({module.__file__}) has no {name}") from None


@cache
def source_digest(path: str) -> str:
    """SHA-256, in hexadecimal, of the named module and of all that it imports of its own top-level package.

    Taken once in a process, as the module is imported once. What is imported in other ways than by an import
    statement is not seen. Raises Refused as `source_files` does.
    """
    digest = hashlib.sha256()
    for name, file in sorted(source_files(path).items()):
        digest.update(f"{name}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def source_files(path: str) -> dict[str, Path]:
    """Files by module name: the named module, its packages, and what they import of the same top-level package.

    Raises Refused where the named module has no file, a file is no Python, or a package fails to import.
    """
    module_name = path.partition(":")[0]
    _look_in_working_folder(module_name)
    files: dict[str, Path] = {}
    waiting = list(_with_packages(module_name))
    while waiting:
        name = waiting.pop()
        if name in files:
            continue
        file = _source_file(name)
        if file is None:
            if name == module_name:
                raise Refused(f"{path}: expected a module with a source file, which tells one version from another")
            continue  # an object in a module, and no module itself
        files[name] = file
        top = name.partition(".")[0]
        try:
            found = list(_imports(name, file))
        except SyntaxError as error:
            raise Refused(f"{path}: {file} is no Python: {error}") from error
        for other in found:
            if other.partition(".")[0] == top:
                waiting += _with_packages(other)
    return files


def import_root(path: str) -> Path:
    """The folder from which the named module's top-level package is imported."""
    name, file = min(source_files(path).items(), key=lambda item: item[0].count("."))
    is_package = file.name == "__init__.py"
    return file.parents[name.count(".") + is_package]  # a namespace package has no file of its own


def _look_in_working_folder(module_name: str) -> None:
    here = str(Path.cwd())
    if here not in sys.path and _source_file(module_name.partition(".")[0]) is None:
        sys.path.append(here)
        invalidate_caches()


def _source_file(name: str) -> Path | None:
    if name == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None)
        return None if file is None else Path(file)
    try:
        spec = find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    except Exception as error:  # the package around the module is imported, and may do anything
        raise Refused(f"importing the package of {name} failed with {type(error).__name__}: {error}") from error
    return None if spec is None or not spec.has_location or spec.origin is None else Path(spec.origin)


def _with_packages(name: str) -> Iterator[str]:
    """`a`, `a.b` and `a.b.c` of `a.b.c`: importing the last runs all of them."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _imports(name: str, file: Path) -> Iterator[str]:
    """Absolute names of modules that a file imports; of `from a import b`, a and a.b, as b may be either.

    None of a compiled module.
    """
    if file.suffix != ".py":
        return
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parents = package.split(".")
                kept = parents[: len(parents) - node.level + 1]
                origin = ".".join([*kept, *([origin] if origin else [])])
            yield from (origin, *(f"{origin}.{alias.name}" for alias in node.names))
