"""Studies from Python: in a notebook, a script or a test, without exit codes and without a trace in the process."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from typeguard import TypeCheckError, check_type

from studies.engine.options import Options, resolve
from studies.engine.outcome import Outcome
from studies.engine.printing import any_encoding, terminal
from studies.engine.running import run_with
from studies.engine.study import Study
from trainables.config import Refused


def run_with_options(study: Study, options: Mapping[str, Any]) -> Outcome:
    """Run a study with the options that `studies.run` is given by keyword."""
    if not isinstance(study, Study):
        raise Refused(f"run() takes a study, as Study(...) makes it, got {study!r} of type {type(study).__name__}")
    asked = asked_options(options)
    with any_encoding():
        console = terminal()
        outcome = run_with(resolve(study, asked), asked, console)
        if outcome.is_interrupted:
            console.print("\nStopped. What was recorded stays; run the same call again to go on from there.")
        return outcome


def asked_options(options: Mapping[str, Any]) -> Options:
    """The options of those names. Raises Refused for a name that there is not, and a value of another type."""
    hints = get_type_hints(Options)
    return Options(**{name: _checked(name, value, hints) for name, value in options.items()})


def _checked(name: str, value: Any, hints: Mapping[str, Any]) -> Any:
    if name not in hints:
        nearest = get_close_matches(name, hints, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"expected some of {', '.join(hints)}"
        raise Refused(f"run() has no option {name}: {hint}")
    try:
        return check_type(_plain(name, value), hints[name])
    except TypeCheckError:
        expected = str(hints[name]) if get_origin(hints[name]) else hints[name].__name__
        raise Refused(f"{name}: expected {expected}, got {value!r} of type {type(value).__name__}") from None


def _plain(name: str, value: Any) -> Any:
    """The value in the type that decides the study's identity: λ are floats, counts Python's integers, lists tuples."""
    if isinstance(value, str | PathLike):
        return Path(value) if name == "data_dir" else str(value)
    if isinstance(value, Integral) and not isinstance(value, bool):  # NumPy's among them
        return int(value)
    if isinstance(value, Iterable):
        plain = tuple(value)
        return tuple(map(float, plain)) if name == "lambdas" and all(isinstance(one, Real) for one in plain) else plain
    return value
