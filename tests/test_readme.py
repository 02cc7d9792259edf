"""What the README tells people to type, and the files it names, exist as it says."""

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from studies.engine.advise import AdviceOptions
from studies.engine.custom import ArchiveOptions
from studies.engine.options import AllOptions, Options, parse, resolve
from studies.engine.pid_table import TableOptions

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
INDENTED = [line.strip().split("  #")[0].rstrip() for line in README.splitlines() if line.startswith("    ")]


def commands(start: str) -> list[str]:
    """The README's commands that begin with `start`, without their comments."""
    return list(dict.fromkeys(line for line in INDENTED if line.startswith(start)))


# What the scripts that are no single study of known data are asked with.
OTHER_OPTIONS = {
    "studies/advise.py": AdviceOptions,
    "studies/custom.py": ArchiveOptions,
    "studies/paper.py": AllOptions,
    "studies/pid_table.py": TableOptions,
}


@pytest.mark.parametrize("command", commands("python studies/"))
def test_a_command_asks_a_study_for_what_it_has(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, *arguments = shlex.split(command)[1:]
    monkeypatch.setattr("sys.argv", [script, *arguments])
    if script in OTHER_OPTIONS:
        tyro.cli(OTHER_OPTIONS[script])
    else:
        study = importlib.import_module(script.removesuffix(".py").replace("/", ".")).STUDY
        resolve(study, parse(Options, study.question))


def test_the_archive_of_the_example_is_one_that_a_study_takes(repository: Path, tmp_path: Path) -> None:
    (example,) = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "savez" in block]
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True)
    (command,) = commands("python studies/custom.py")
    script, *arguments = shlex.split(command)[1:]
    finished = subprocess.run(
        [sys.executable, str(repository / script), *arguments, "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert "20×768" in finished.stdout and "40" in finished.stdout


@pytest.mark.parametrize("command", commands("make "))
def test_a_target_is_one_of_the_makefile(command: str, repository: Path) -> None:
    subprocess.run([*shlex.split(command), "--dry-run"], cwd=repository, check=True, capture_output=True)


def test_there_are_commands_to_test() -> None:
    assert commands("python studies/") and {"make study", "make test"} <= set(commands("make "))


def test_every_file_of_the_map_and_every_link_is_there(repository: Path) -> None:
    folders, missing = {0: repository}, []
    for line in README.split("## The house\n")[1].split("```")[1].splitlines():
        for indent, name in re.findall(r"^( *)(\S+)", line):
            depth = len(indent) // 2
            path = folders[depth] / name
            missing += [] if path.exists() else [str(path)]
            folders[depth + 1] = path
    missing += [link for link in re.findall(r"\]\(([^):]+)\)", README) if not (repository / link).exists()]
    assert missing == []
