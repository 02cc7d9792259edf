"""The project's own code: where the packages that a worker runs lie, and a digest that tells two versions apart."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("alignment", "pid", "trainables", "analysis", "studies")


def package_folders() -> list[Path]:
    """Where each package lies, as it is imported here."""
    specs = [find_spec(package) for package in _PACKAGES]
    return [Path(folder) for spec in specs if spec for folder in spec.submodule_search_locations or ()]


def code_digest() -> str:
    """Eight hexadecimal digits that change with any of the packages' Python sources."""
    digest = hashlib.sha256()
    for folder in package_folders():
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{folder.name}/{path.relative_to(folder)}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
