"""The first words of a command come at once: nothing is imported that takes long and that they do not need."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    *("torch", "ray", "mlflow", "sqlalchemy", "optuna", "pandas", "pyarrow", "scipy", "sklearn", "matplotlib"),
    *("librosa", "joblib", "jinja2", "requests"),
}
# Runs commands in one process, as modules that are loaded stay so, up to the first that loads something heavy.
PROGRAM = """
import contextlib, io, json, runpy, sys
heavy, commands = json.loads(sys.stdin.read())
for command in commands:
    sys.argv, said = command, io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            runpy.run_path(command[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code
    loaded = sorted(set(heavy) & set(sys.modules))
    print(json.dumps([command, code, said.getvalue(), loaded]))
    if loaded:
        break
"""
REFUSALS = [
    ("synthetic", ["--wrong"], "--wrong"),
    ("synthetic", ["--seeds", "many"], "many"),
    ("synthetic", ["--seeds", "0"], "seeds must be at least 1"),
    ("synthetic", ["--variants", "R=3"], "no variant"),
    ("synthetic", ["--train-samples", "50000"], "45875 training rows"),
    ("synthetic", ["--objective", "unknown"], "--objective must be one of"),
    ("synthetic", ["--address", "ray://head:1"], "expected a URI or an absolute path"),
    ("mosei_va", ["--data-dir", "nowhere"], "nowhere"),
    ("avmnist", ["--data-dir", "nowhere"], "train-images-idx3-ubyte"),
    ("paper", ["--studies", "none"], "no study is named none"),
    ("pid_table", ["--studies", "none"], "no study is named none"),
    ("custom", ["--archive", "nowhere.npz", "--modalities", "text", "audio"], "no file nowhere.npz"),
]

Ended = tuple[list[str], int, str, list[str]]


def script(repository: Path, name: str) -> str:
    return str(repository / "studies" / f"{name}.py")


def run_all(commands: list[list[str]], repository: Path, folder: Path, cache: Path | None = None) -> list[Ended]:
    """Each command with its exit code, what it said and what heavy modules were loaded after it."""
    paths = {"PYTHONPATH": f"{repository / 'studies'}{os.pathsep}{repository}"}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([sorted(HEAVY), commands]),
        cwd=folder,
        env={**os.environ, **paths, **({} if cache is None else {"XDG_CACHE_HOME": str(cache)})},
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in finished.stdout.splitlines()]


def test_every_script_explains_itself_without_anything_heavy(repository: Path, tmp_path: Path) -> None:
    names = [path.stem for path in sorted((repository / "studies").glob("*.py")) if path.stem != "__init__"]
    ended = run_all([[script(repository, name), "--help"] for name in names], repository, tmp_path)
    assert len(ended) == len(names) > 10
    for command, code, said, loaded in ended:
        assert (command, code, loaded) == (command, 0, [])
        assert "--data-dir" in said, command


def test_what_is_refused_is_refused_without_anything_heavy(repository: Path, tmp_path: Path) -> None:
    commands = [[script(repository, name), *arguments] for name, arguments, _ in REFUSALS]
    ended = run_all(commands, repository, tmp_path)
    assert len(ended) == len(REFUSALS)
    for (command, code, said, loaded), (_, _, words) in zip(ended, REFUSALS, strict=True):
        assert (command, code, loaded) == (command, 2, [])
        assert words in " ".join(said.split()), said


def test_a_plan_that_was_made_before_needs_nothing_heavy(repository: Path, tmp_path: Path) -> None:
    command = [script(repository, "synthetic"), "--dry-run", "--variants", "R=4"]
    (before,) = run_all([command], repository, tmp_path, cache=tmp_path / "cache")
    (again,) = run_all([command], repository, tmp_path, cache=tmp_path / "cache")
    assert before[1] == again[1] == 0
    assert "torch" in before[3] and again[3] == []
    assert before[2] == again[2] and "core-seconds" in again[2]


@pytest.mark.parametrize("library", ["torch", "ray"])
def test_what_is_heavy_is_noticed(repository: Path, tmp_path: Path, library: str) -> None:
    (tmp_path / "script.py").write_text(f"import {library}")
    ((_, code, _, loaded),) = run_all([["script.py"]] * 2, repository, tmp_path)
    assert code == 0 and library in loaded
