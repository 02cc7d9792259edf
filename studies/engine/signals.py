"""How a study is asked to stop, and how a process gets its own signal handlers back."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Ray puts handlers of its own on SIGTERM, Ray Tune on the two others, and leaves them there.
_TAKEN = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


@contextmanager
def stopping_gently() -> Iterator[None]:
    """Treat SIGTERM, which Kubernetes sends, like Ctrl-C: Tune ends its trials and the records are closed."""
    with same_handlers():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        yield


@contextmanager
def same_handlers() -> Iterator[None]:
    """Restore the signal handlers at the end; outside the main thread, where Python sets none, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _TAKEN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
