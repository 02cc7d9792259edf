"""What is printed, as it is: no text is read as markup, and no character ends a program.

Names, paths and errors may hold brackets, which rich takes for styles, and letters that the encoding of a pipe or of a
batch system's log file lacks.
"""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from rich.console import Console
from rich.text import Text

_SPELLED_OUT = "spelled out"
_NARROWEST = 40
_SPELLINGS = {
    **{"λ": "lambda", "±": "+/-", "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "→": "->", "·": "*"},
    **{"≤": "<=", "≥": ">=", "η": "eta", "τ": "tau", "²": "^2", "∞": "inf", "─": "-", "│": "|", "’": "'"},
}


class _Console(Console):
    """A console that spells out what its encoding lacks before it lays out lines and tables: λ is one letter wide."""

    def render_str(self, text: str, **options: Any) -> Text:
        """The text in the letters that can be printed; `options` as of `Console.render_str`."""
        return super().render_str(text.encode(self.encoding, _SPELLED_OUT).decode(self.encoding), **options)


def terminal(*, stderr: bool = False, file: IO[str] | None = None, width: int | None = None) -> Console:
    """A console that prints text as it is, in tables too: on the standard output or error, or to a file."""
    console = _Console(stderr=stderr, file=file, width=width, markup=False, emoji=False, highlight=False)
    if width is None and console.width < _NARROWEST:  # as $COLUMNS may say, which for 0 would print nothing
        console.width = _NARROWEST
    return console


def labelled(name: str, text: str, style: str) -> Text:
    """The text after a name in a style, and a colon."""
    return Text.assemble((f"{name}:", style), f" {text}")


@contextmanager
def under_way(console: Console, what: str) -> Iterator[None]:
    """Meanwhile say what is being done: beside something that moves where a terminal can show it, else in a line."""
    if console.is_interactive:
        with console.status(Text(what), spinner="line"):  # of letters that every encoding has
            yield
    else:
        console.print(what, soft_wrap=True)
        yield


@contextmanager
def any_encoding() -> Iterator[None]:
    """Meanwhile what the encoding of standard output and error lacks is spelled out: lambda for λ, else a code."""
    with ExitStack() as held:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                held.callback(stream.reconfigure, errors=stream.errors)
                stream.reconfigure(errors=_SPELLED_OUT)
        yield


def _spell_out(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if letter in _SPELLINGS:
        return _SPELLINGS[letter], error.start + 1
    one = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    return codecs.backslashreplace_errors(one)


codecs.register_error(_SPELLED_OUT, _spell_out)
