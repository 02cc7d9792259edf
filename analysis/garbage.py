"""Python's search for garbage, kept away from the libraries that a command loads and needs to its end."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = (100_000, 50, 100)


@contextmanager
def seldom_searched() -> Iterator[None]:
    """For a command: search for garbage seldom, and not at all when its process ends.

    Libraries make millions of objects that stay. To search them again and again takes a fifth of the time of loading
    them, and seconds at the end of the process.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    atexit.register(gc.freeze)  # only at the process's end, as whoever calls a command in its own may go on
    try:
        yield
    finally:
        gc.set_threshold(*before)
