"""What the README tells people to type, and the files it names, exist as it says."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from studies.engine.commands.advice import AdviceOptions
from studies.engine.commands.archive_study import ArchiveOptions
from studies.engine.commands.information_table import TableOptions
from studies.engine.options import AllOptions, CommandOptions, parse, resolve

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
INDENTED = [line.strip().split("  #")[0].rstrip() for line in README.splitlines() if line.startswith("    ")]


def commands(start: str) -> list[str]:
    """The README's commands that begin with `start`, without their comments."""
    return list(dict.fromkeys(line for line in INDENTED if line.startswith(start)))


def block_with(text: str) -> str:
    """The README's one block of Python that has `text` in it."""
    (block,) = [block for block in BLOCKS if text in block]
    return block


def run_python(program: str, folder: Path, repository: Path) -> str:
    """What a program prints that is run in `folder` by a Python that finds the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


# What the scripts that are no single study of known data are asked with.
OTHER_OPTIONS = {
    "studies/advise.py": AdviceOptions,
    "studies/custom.py": ArchiveOptions,
    "studies/objectives.py": AllOptions,
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
        resolve(study, parse(CommandOptions, study.question))


def test_the_archive_of_the_example_is_one_that_a_study_takes(repository: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", block_with("savez")], cwd=tmp_path, check=True)
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


def test_the_first_example_gives_a_table_and_a_page(repository: Path, tmp_path: Path) -> None:
    lines = run_python(block_with("outcome = run("), tmp_path, repository).splitlines()
    *_, heading, first, second, page = lines
    assert heading.split() == ["encoder", "decision", "best", "gain", "gain_low", "gain_high"]
    assert [row.split()[1] for row in (first, second)] == ["modality_1", "modality_2"]
    assert "Should two encoders be aligned where both modalities tell everything?" in Path(page).read_text("utf-8")


def test_the_parts_of_ones_own_make_a_study_that_trains(repository: Path, tmp_path: Path) -> None:
    for block in BLOCKS:
        if place := re.match(r"# (my_lab/\w+\.py)\n", block):
            (tmp_path / place[1]).parent.mkdir(exist_ok=True)
            (tmp_path / place[1]).write_text(block)
    first = block_with("outcome = run(").partition("outcome =")[0]
    plan = (
        "from rich.console import Console\n"
        "from studies.engine.commands.dry_run import print_plan\n"
        "from studies.engine.options import Options\n"
        "print_plan(OWN, Options(), Console(width=120))\n"  # takes a few steps of the training, to say what it costs
    )
    plan = run_python(first + block_with("OWN = replace(") + plan, tmp_path, repository)
    assert re.search(r"tones +train +180 +33\.3% 33\.3% 33\.3% +256 +256", plan), plan
    assert re.search(r"at most \d+ core-seconds", plan)


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
