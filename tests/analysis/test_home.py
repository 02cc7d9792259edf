"""Accounts without a home, or with one that cannot be written: real users, in processes of their own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.home import usable_home

SET = ("HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "RAY_AUTH_TOKEN")
# Ray sets some of these in this process, where another test has started it.
CLEARED = (*SET, "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "XDG_CACHE_HOME")
NOBODYS_NUMBER = 54321  # of no entry among the system's users
# Becomes a user without any rights where it is root, and prints what it finds.
PROGRAM = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
from analysis.home import usable_home
if os.getuid() == 0:
    os.setgroups([])
    os.setuid(int(sys.argv[2]))
with usable_home():
    from pathlib import Path
    found = {name: os.environ.get(name) for name in json.loads(sys.argv[3])}
    home = Path.home()
    (Path(found["NUMBA_CACHE_DIR"] or home) / "written").parent.mkdir(parents=True, exist_ok=True)
    (Path(found["NUMBA_CACHE_DIR"] or home) / "written").write_text("")
print(json.dumps([str(home), found, home.exists()]))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may write to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="place-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o777)
        yield Path(name)


def as_nobody(place: Path, **variables: str) -> tuple[str, dict[str, str | None], bool]:
    kept = {name: value for name, value in os.environ.items() if name not in CLEARED}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(sys.path), str(NOBODYS_NUMBER), json.dumps(SET)],
        env={**kept, "TMPDIR": str(place), **variables},
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return tuple(json.loads(finished.stdout))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody without an entry among the users")
def test_who_has_no_home_gets_one_for_a_while(place: Path) -> None:
    home, found, is_left = as_nobody(place)
    assert Path(home).parent == place and not is_left
    assert found["HOME"] == home and found["NUMBA_CACHE_DIR"] == f"{home}/numba"
    assert len(found["RAY_AUTH_TOKEN"] or "") == 64


REPORT = """
import json, os, pwd, runpy, sys
sys.path[:0] = json.loads(sys.argv.pop(1))
def nobody(uid):
    raise KeyError(uid)
pwd.getpwuid = nobody
os.environ.pop("HOME", None)
runpy.run_module("analysis.report", run_name="__main__", alter_sys=True)
"""


def test_a_report_needs_no_home(tmp_path: Path) -> None:
    """MLflow looks for one as it is imported."""
    store = f"sqlite:///{tmp_path}/none.db"
    command = [sys.executable, "-c", REPORT, json.dumps(sys.path), "--tracking-uri", store]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (finished.returncode, "none.db cannot be used: there is none" in finished.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_stays_and_what_is_written_goes_elsewhere(place: Path) -> None:
    (place / "home").mkdir(mode=0o555)
    home, found, is_left = as_nobody(place, HOME=str(place / "home"), MPLCONFIGDIR="/mine")
    assert (home, is_left) == (str(place / "home"), True)
    assert found["HOME"] == home and found["MPLCONFIGDIR"] == "/mine"
    assert (found["NUMBA_CACHE_DIR"] or "").startswith(f"{place}/align-or-not-")
    assert len(found["RAY_AUTH_TOKEN"] or "") == 64
    assert [child.name for child in place.iterdir()] == ["home"]


@pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"])
def test_a_token_of_ones_own_is_left(place: Path, name: str) -> None:
    (place / "home").mkdir(mode=0o555)
    assert as_nobody(place, HOME=str(place / "home"), **{name: "mine"})[1]["RAY_AUTH_TOKEN"] is None


def test_a_token_that_is_at_home_is_used(place: Path) -> None:
    (place / "home" / ".ray").mkdir(parents=True)
    (place / "home" / ".ray" / "auth_token").write_text("token")
    (place / "home").chmod(0o555)
    assert as_nobody(place, HOME=str(place / "home"))[1]["RAY_AUTH_TOKEN"] is None


def test_an_ordinary_account_keeps_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    before = dict(os.environ)
    with usable_home():
        assert dict(os.environ) == before
    assert dict(os.environ) == before and not list(tmp_path.iterdir())
