"""The code that a worker runs: where its packages lie, how they reach it, and digests that tell versions apart."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainables.user_code import import_root

_PACKAGES = ("alignment", "pid", "trainables", "analysis", "studies")


def package_folders() -> list[Path]:
    """Where each package of this project lies, as it is imported here."""
    specs = [find_spec(package) for package in _PACKAGES]
    return [Path(folder) for spec in specs if spec for folder in spec.submodule_search_locations or ()]


def user_packages(code: Iterable[str]) -> list[Path]:
    """The folder, or the single file, of the top-level package of each import path; a script itself needs none."""
    packages = set()
    for path in code:
        top = path.partition(":")[0].partition(".")[0]
        if top != "__main__":  # Ray sends the classes of a script by value
            folder = import_root(path) / top
            packages.add(folder if folder.is_dir() else folder.with_suffix(".py"))
    return sorted(packages)


def search_path(code: Sequence[str]) -> dict[str, Any] | None:
    """Ray's runtime environment in which workers of this machine find the user's packages; None where it has none."""
    folders = {str(package.parent) for package in user_packages(code)}
    if not folders:
        return None
    known = os.environ.get("PYTHONPATH")
    return {"env_vars": {"PYTHONPATH": os.pathsep.join([*sorted(folders), *([known] if known else [])])}}


def code_digest() -> str:
    """Eight hexadecimal digits that change with any of this project's Python sources."""
    digest = hashlib.sha256()
    for folder in package_folders():
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{folder.name}/{path.relative_to(folder)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
