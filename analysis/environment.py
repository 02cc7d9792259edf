"""Environment variables that are set for a while, and are afterwards as they were before."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set the variables, and put back at the end what each was before, or take it out."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        _put_back(values, before)


@contextmanager
def same_environment(*beginnings: str) -> Iterator[None]:
    """Put back at the end all variables whose names begin so, whoever has set them meanwhile, or take them out."""
    before = dict(os.environ)
    try:
        yield
    finally:
        _put_back([name for name in {*before, *os.environ} if name.startswith(beginnings)], before)


def _put_back(names: Iterable[str], before: Mapping[str, str]) -> None:
    for name in names:
        if name in before:
            os.environ[name] = before[name]
        else:
            os.environ.pop(name, None)
