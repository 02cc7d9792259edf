"""A home folder for libraries that cannot do without one: an arbitrary user has none, or may not write to it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.environment import environment

_RAYS_TOKEN = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE")


@contextmanager
def usable_home() -> Iterator[None]:
    """Give this process and those that it starts a place for what libraries keep at home, where there is none.

    A home that is there stays the home, since credentials may lie in it.
    Raises OSError where no temporary folder can be made either.
    """
    home = _home()
    if home is not None and os.access(home, os.W_OK | os.X_OK):
        yield
        return
    with TemporaryDirectory(prefix="align-or-not-", ignore_cleanup_errors=True) as folder:
        missing = {"HOME": folder} if home is None else {}
        with environment(missing | _kept_in(folder, home)):
            yield


def _home() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:  # no $HOME, and no entry among the system's users
        return None
    return home if os.access(home, os.F_OK) else None


def _kept_in(folder: str, home: Path | None) -> dict[str, str]:
    """Variables that are not set and lead Ray's token and the caches of numba and matplotlib to the folder."""
    wanted = {"NUMBA_CACHE_DIR": f"{folder}/numba", "MPLCONFIGDIR": f"{folder}/matplotlib"}
    has_token = home is not None and os.access(home / ".ray" / "auth_token", os.R_OK)
    if not has_token and not any(name in os.environ for name in _RAYS_TOKEN):
        wanted["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # of a session that Ray starts here
    return {name: value for name, value in wanted.items() if name not in os.environ}
