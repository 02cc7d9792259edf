"""The files and names that CONTRIBUTING sends people to are there."""

import ast
import re
from pathlib import Path

import pytest

CONTRIBUTING = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
ERRANDS = CONTRIBUTING.split("## Where is…\n")[1].split("\n## ")[0]
PLACES = re.findall(r"`([\w/]+\.py)`, `(\w+)`", ERRANDS)
FILES = sorted(
    set(re.findall(r"`((?:alignment|pid|trainables|analysis|studies|tests|benchmarks)/[\w./]+)`", CONTRIBUTING))
)


def names_in(path: Path) -> set[str]:
    """What a file defines: functions, methods, classes, fields and constants."""
    tree = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    defined = {node.name for node in tree if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return defined | {node.id for node in tree if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_the_file_of_an_errand_defines_the_name(place: tuple[str, str], repository: Path) -> None:
    file, name = place
    assert name in names_in(repository / file)


def test_every_errand_names_a_place_in_one_form() -> None:
    rows = [line for line in ERRANDS.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 16
    assert [row for row in rows if not re.search(r"`[\w/]+\.py`, `\w+`", row)] == []


@pytest.mark.parametrize("file", FILES)
def test_a_named_file_is_there(file: str, repository: Path) -> None:
    assert (repository / file).exists()
