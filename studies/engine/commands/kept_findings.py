"""What a dry run has found out, kept in the user's cache folder, so that the next one need not find it out again."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from studies.engine.cluster.shipped_code import code_digest
from trainables.data.feature_cache import cache_folder, write_whole

_LIBRARIES = ("torch", "numpy", "scipy", "librosa")


def kept(name: str, depends_on: Any, find: Callable[[], Any]) -> Any:
    """The JSON values that `find` gives, read from disk where it has given them before.

    `depends_on`: JSON values with all that decides them, beside this project's code and the libraries' versions.
    A damaged file is made anew; where the folder cannot be written, nothing is kept.
    """
    folder = cache_folder()
    if folder is None:
        return find()
    key = json.dumps([depends_on, code_digest(), [version(library) for library in _LIBRARIES]], sort_keys=True)
    path = folder / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
    with suppress(OSError, ValueError):
        return json.loads(path.read_bytes())
    found = find()
    with suppress(OSError):
        write_whole(path, json.dumps(found).encode())
    return found
