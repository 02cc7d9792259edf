"""Studies from Python: in a notebook, a script or a test, without exit codes and without a trace in the process."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studies.engine.options import Options, resolve
from studies.engine.outcome import Outcome
from studies.engine.printing import any_encoding, terminal
from studies.engine.running import run_with
from studies.engine.study import Study


def run_with_options(study: Study, options: Mapping[str, Any]) -> Outcome:
    """Run a study with the options that `studies.run` is given by keyword."""
    asked = Options(**{name: _plain(name, value) for name, value in options.items()})
    with any_encoding():
        return run_with(resolve(study, asked), asked, terminal())


def _plain(name: str, value: Any) -> Any:
    """The value as the command line would give it, which decides the study's identity: λ are floats, lists tuples."""
    if name == "data_dir":
        return Path(value)
    if name == "lambdas" and value is not None:
        return tuple(map(float, value))
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
