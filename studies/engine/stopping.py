"""How a study is asked to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping_gently() -> Iterator[None]:
    """Treat SIGTERM, which Kubernetes sends, like Ctrl-C: Tune ends its trials and the records are closed."""
    previous = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
