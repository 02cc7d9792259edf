"""Whoever calls a study finds the signal handlers that were there before."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import FrameType

import pytest

from studies.engine.signals import same_handlers, stopping_gently

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
CONTEXTS = (same_handlers, stopping_gently)


class Broken(Exception):
    """What goes wrong inside."""


def own_handler(number: int, frame: FrameType | None) -> None:
    """A handler of whoever calls."""


def another_handler(number: int, frame: FrameType | None) -> None:
    """A handler that a library leaves there."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[dict[signal.Signals, object]]:
    """The three signals with handlers of three kinds, put back after the test."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    chosen = dict(zip(SIGNALS, (signal.default_int_handler, own_handler, signal.SIG_IGN), strict=True))
    for number, handler in chosen.items():
        signal.signal(number, handler)
    yield dict(chosen)
    for number, handler in before.items():
        signal.signal(number, handler)


def now() -> dict[signal.Signals, object]:
    return {number: signal.getsignal(number) for number in SIGNALS}


@pytest.mark.parametrize("context", CONTEXTS)
def test_handlers_are_what_they_were(context: type[AbstractContextManager], handlers: dict) -> None:
    with context():
        for number in SIGNALS:
            signal.signal(number, another_handler)
    assert now() == handlers


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt, SystemExit])
def test_also_after_an_exception(
    context: type[AbstractContextManager], error: type[BaseException], handlers: dict
) -> None:
    with pytest.raises(error), context():
        signal.signal(signal.SIGTERM, another_handler)
        raise error
    assert now() == handlers


def test_sigterm_is_an_interrupt_while_a_study_runs(handlers: dict) -> None:
    with pytest.raises(KeyboardInterrupt), stopping_gently():
        signal.raise_signal(signal.SIGTERM)
    assert now() == handlers


def test_in_another_thread_handlers_are_left_alone(handlers: dict) -> None:
    """Python lets only the main thread set them: an attempt would raise ValueError."""
    errors: list[BaseException] = []

    def enter() -> None:
        try:
            with same_handlers():
                assert now() == handlers
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert errors == []
    assert now() == handlers
