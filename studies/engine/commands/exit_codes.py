"""How a command ends: what the user can mend gives a sentence and an exit code, a bug of ours its traceback."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from analysis.connection import masked
from analysis.home import usable_home
from studies.engine.outcome import Outcome, StudyFailed
from studies.engine.printing import any_encoding, labelled, terminal
from studies.engine.signals import stopping_gently
from trainables.config import Refused
from trainables.garbage import seldom_searched

EXIT_FAILED, EXIT_REFUSED, EXIT_INTERRUPTED = 1, 2, 130


@contextmanager
def command(name: str) -> Iterator[Console]:
    """A command's console, while it leaves as `exit_codes` says."""
    console = terminal()
    with exit_codes(name, console):
        try:
            Path.cwd()
        except OSError:
            raise Refused("the folder in which this runs is not there any more: start in another one") from None
        yield console


@contextmanager
def exit_codes(name: str, console: Console) -> Iterator[None]:
    """Leave with 1 where trials or storage failed, 2 where something is refused, 130 where somebody stopped it.

    Meanwhile SIGTERM is like Ctrl-C, and no character is one that cannot be printed.
    """
    with any_encoding(), seldom_searched():
        try:
            with stopping_gently(), usable_home():
                yield
        except Refused as error:
            _say(labelled(name, str(error), "red"), console)
            sys.exit(EXIT_REFUSED)
        except StudyFailed as error:
            _say(labelled(name, str(error), "red"), console)
            sys.exit(EXIT_FAILED)
        except OSError as error:  # a full disk, storage that refuses or is gone
            _say(labelled(name, f"{type(error).__name__}: {error}", "red"), console)
            _say_how_to_go_on(
                "What was recorded stays. Once that is mended, the same command goes on from there:", console
            )
            sys.exit(EXIT_FAILED)
        except KeyboardInterrupt:
            _stop(console)


@contextmanager
def before_anything() -> Iterator[None]:
    """What the system refuses meanwhile is a refusal, as nothing is done and nothing recorded. Raises Refused."""
    try:
        yield
    except Refused:  # some of which are errors of the system, too
        raise
    except OSError as error:
        raise Refused(f"nothing was done: {type(error).__name__}: {error}") from error


def stop_if_interrupted(outcome: Outcome, console: Console) -> None:
    """Leave with 130 where somebody stopped the study, and say how to go on."""
    if outcome.is_interrupted:
        _stop(console)


def _stop(console: Console) -> None:
    _say_how_to_go_on("\nStopped. What was recorded stays; the same command goes on from there:", console)
    sys.exit(EXIT_INTERRUPTED)


def _say_how_to_go_on(sentence: str, console: Console) -> None:
    same = masked(shlex.join(argument for argument in sys.argv if argument != "--fresh"))
    _say(Text(sentence), console)
    _say(Text(f"  python {same}"), console, soft_wrap=True)


def _say(text: Text, console: Console, *, soft_wrap: bool = False) -> None:
    """Print on the console, or on the other output where that cannot be written to: its disk may be the full one."""
    try:
        console.print(text, soft_wrap=soft_wrap)
    except OSError:
        terminal(stderr=True).print(text, soft_wrap=soft_wrap)
