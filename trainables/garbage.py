"""Python's search for garbage, kept away from the libraries that a process loads and needs to its end.

They make millions of objects that stay. To search those again and again takes a good part of the time of loading them,
and seconds when the process ends.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 100)


@contextmanager
def seldom_searched() -> Iterator[None]:
    """For a command, which loads libraries where it needs them: search seldom, and not when its process ends."""
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    atexit.register(gc.freeze)  # only at the process's end, as whoever calls a command in its own may go on
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def not_searched() -> Iterator[None]:
    """For imports, and wherever many objects are made that stay: do not search meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
