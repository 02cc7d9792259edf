"""What the README tells people to type, and the files it names, exist as it says."""

import importlib
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from studies.engine.options import parse, resolve

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
INDENTED = [line.strip().split("  #")[0].rstrip() for line in README.splitlines() if line.startswith("    ")]


def commands(start: str) -> list[str]:
    """The README's commands that begin with `start`, without their comments."""
    return list(dict.fromkeys(line for line in INDENTED if line.startswith(start)))


def of_studies() -> list[str]:
    """Commands that run one study."""
    return [command for command in commands("python studies/") if "pid_table" not in command]


@pytest.mark.parametrize("command", of_studies())
def test_a_command_asks_a_study_for_what_it_has(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, *arguments = shlex.split(command)[1:]
    study = importlib.import_module(script.removesuffix(".py").replace("/", ".")).STUDY
    monkeypatch.setattr("sys.argv", [script, *arguments])
    resolve(study, parse(study))


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
