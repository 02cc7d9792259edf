"""When Python searches for garbage while a command runs, and at its end."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from trainables.garbage import not_searched, seldom_searched

# Whatever is searched for garbage finds this object, which only points to itself, and ends it.
PROGRAM = """
import gc
from contextlib import nullcontext
from trainables.garbage import seldom_searched

class Ring:
    def __init__(self):
        self.itself = self
    def __del__(self):
        print("searched")

gc.disable()
with {}():
    ring = Ring()
    del ring
"""


@pytest.mark.parametrize(("context", "printed"), [("nullcontext", "searched\n"), ("seldom_searched", "")])
def test_the_end_of_a_process_is_not_searched(repository: Path, context: str, printed: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(context)]
    assert subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout == printed


def test_whoever_calls_a_command_gets_its_own_frequency_back() -> None:
    of_the_tests, own = gc.get_threshold(), (700, 11, 12)
    try:
        gc.set_threshold(*own)
        with pytest.raises(SystemExit), seldom_searched():
            assert all(now > then for now, then in zip(gc.get_threshold(), own, strict=True))
            sys.exit(1)
        assert gc.get_threshold() == own
    finally:
        gc.set_threshold(*of_the_tests)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("was_enabled", [True, False])
def test_after_imports_it_is_as_before(was_enabled: bool) -> None:
    try:
        (gc.enable if was_enabled else gc.disable)()
        with pytest.raises(ImportError), not_searched():
            assert not gc.isenabled()
            raise ImportError
        assert gc.isenabled() == was_enabled
    finally:
        gc.enable()
