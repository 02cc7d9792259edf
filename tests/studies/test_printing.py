"""What is printed is the text itself, whatever it holds, and in every encoding."""

import ast
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.table import Table

from studies.engine.commands.exit_codes import exit_codes
from studies.engine.printing import any_encoding, labelled, terminal, under_way
from trainables.config import Refused

TEXTS = [
    *("an array label [n] of integers", "features[v2].npz", "audio[/mfcc]", "x[/y]z", "[red]not red[/red]", "[/]"),
    *("a:b:c", ":smile:", "[link=https://a.b]", "back\\[slash]", "%s {0} $x$", "[@click=f()]", "R=8 [1, 2]", "\\"),
]
ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "iso8859-5", "utf-8"]
SAID = "λ* ± 1.5 – of R×λ … 0 → 1, naïve ध्वनि 🎧"


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_printed_as_it_is_wherever_it_stands(text: str) -> None:
    printed = io.StringIO()
    console = terminal(file=printed, width=400)
    table = Table(text, title=f"title {text}")
    table.add_row(f"cell {text}")
    console.print(text)
    console.print(text, style="yellow")
    console.print(labelled("name " + text, "said " + text, "red"))
    console.print(table)
    lines = [" ".join(line.strip(" │┃").split()) for line in printed.getvalue().splitlines()]
    wanted = [text, f"name {text}: said {text}", f"title {text}", f"cell {text}"]
    assert [line for line in wanted if line not in lines] == []
    assert lines.count(text) == 3


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_refused_is_said_as_it_is(text: str) -> None:
    printed = io.StringIO()
    with pytest.raises(SystemExit), exit_codes(text, terminal(file=printed, width=400)):
        raise Refused(f"expected {text}")
    assert printed.getvalue() == f"{text}: expected {text}\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_character_ends_a_program(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    with any_encoding():
        terminal(width=200).print(SAID)
        print(SAID)
    stream.flush()
    first, second = written.getvalue().decode(encoding).splitlines()
    assert first == second
    assert stream.errors == "strict"  # as it was
    if encoding == "utf-8":
        assert first == SAID
    if encoding == "ascii":
        letters = "".join(f"\\u{ord(letter):04x}" for letter in "ध्वनि")
        assert first == f"lambda* +/- 1.5 - of Rxlambda ... 0 -> 1, na\\xefve {letters} \\U0001f3a7"
    if encoding == "latin-1":
        assert first.startswith("lambda* ± 1.5 - of R×lambda ... 0 -> 1, naïve ")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_is_drawn_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    table = Table("λ", "accuracy ± standard error")
    table.add_row("0.5", "0.713 ± 0.004")
    with any_encoding():
        terminal(width=80).print(table)
        sys.stdout.flush()
    lines = written.getvalue().decode(encoding).splitlines()
    assert any("0.713" in line for line in lines)
    assert len({len(line) for line in lines}) == 1  # what is spelled out has its place too


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "LC_ALL": "C"}, {"PYTHONIOENCODING": "cp1252"}]
)
@pytest.mark.parametrize("command", [["studies/synthetic.py"], ["studies/custom.py"], ["-m", "k8s.job"]])
def test_help_is_given_in_every_encoding(repository: Path, environment: dict[str, str], command: list[str]) -> None:
    finished = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository), **environment},
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr.decode(errors="replace")
    assert b"--help" in finished.stdout
    if command[0].endswith(".py") and "LC_ALL" not in environment:
        assert b"The grid of lambda" in finished.stdout


def test_nothing_is_printed_as_markup(repository: Path) -> None:
    """A console of another making would read names as styles, and a style in a text would be printed."""
    styles = ("[red]", "[yellow]", "[bold", "[green]", "[dim]", "[/")
    faults = []
    for path in [*(repository / "studies" / "engine").rglob("*.py"), *(repository / "k8s").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Console" and path.name != "printing.py":
                if ast.unparse(node) != "Console(quiet=True)":
                    faults.append(f"{path.name} makes a console of its own")
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(styles):
                faults.append(f"{path.name} has a style in a text: {node.value}")
    assert faults == []


@pytest.mark.parametrize("columns", ["0", "1", "many", "70"])
def test_something_is_printed_however_wide_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    printed = io.StringIO()
    terminal(file=printed).print("a sentence of words that are whole")
    assert printed.getvalue() == "a sentence of words that are whole\n"


@pytest.mark.parametrize("kind", [None, "dumb"])
def test_what_is_being_done_is_a_line_where_nothing_can_be_drawn_anew(
    kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe, and in a terminal that cannot move its cursor."""
    if kind is not None:
        monkeypatch.setenv("TERM", kind)
        monkeypatch.setenv("TTY_COMPATIBLE", "1")  # what is written to below is a terminal
    printed = io.StringIO()
    with under_way(terminal(file=printed), "starting [n] of them"):
        assert printed.getvalue() == "starting [n] of them\n"
    assert printed.getvalue() == "starting [n] of them\n"


def test_what_is_being_done_moves_in_a_terminal_in_letters_of_every_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    printed = io.StringIO()
    moving = r"([-\\|/])[^-\\|/]*starting"  # a stroke that turns, before the words
    with under_way(terminal(file=printed), "starting"):
        deadline = time.monotonic() + 10
        while len(set(re.findall(moving, printed.getvalue()))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    drawn = printed.getvalue()
    assert drawn.isascii() and len(set(re.findall(moving, drawn))) >= 2
