"""An options dataclass as the command line that gives it, and that line as it passes through a job's two shells."""

import shlex
from dataclasses import MISSING, fields
from typing import Any

from trainables.config import Refused

# What is quoted once for the submitter's shell must survive Ray, which joins the arguments again for a second one: in
# double quotes those with blanks, and as they are all others.
_ALTERED_IN_QUOTES = set("\"'$`\\!\n")
_ALTERED_WITHOUT = set(";|&<>()*?[]{}#~")


def as_arguments(options: Any) -> list[str]:
    """The arguments from which `parse` makes equal options: those alone that differ from their defaults."""
    arguments: list[str] = []
    for field in fields(options):
        value = getattr(options, field.name)
        if field.default is not MISSING and value == field.default:
            continue
        arguments.append(f"--{field.name.replace('_', '-')}")
        if isinstance(value, tuple):
            arguments += [str(item) for item in value]
        elif value is not True:
            arguments.append(str(value))
    return arguments


def entrypoint(arguments: list[str]) -> str:
    """The arguments as a RayJob's entrypoint.

    Raises Refused for an argument that the shells on its way would alter.
    """
    for argument in arguments:
        altered = _ALTERED_IN_QUOTES if set(" \t") & set(argument) else _ALTERED_IN_QUOTES | _ALTERED_WITHOUT
        if not argument or altered & set(argument):
            raise Refused(f"a job's command cannot hold the argument {argument!r}: shells on its way would alter it")
    return shlex.join(arguments)
