"""Who may import whom, read from the source, so that the house stays as CONTRIBUTING draws it."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGES = ("alignment", "pid", "trainables", "analysis", "studies")

# What each package may import of the others: whole packages or single modules.
ALLOWED = {
    "alignment": (),
    "pid": (),
    "trainables": ("alignment",),
    "analysis": ("trainables.config", "pid.atoms"),
    "studies": ("alignment", "pid", "trainables", "analysis"),
}

# Libraries that only these files may import; a name that ends in a slash is a folder.
CONFINED = {
    "ray": ("trainables/trainable.py", "studies/engine/"),
    "mlflow": ("studies/engine/tracking.py", "analysis/records.py"),
    "optuna": ("studies/engine/",),
    "torch": ("alignment/", "trainables/", "studies/engine/cluster.py", "studies/engine/cost.py", "pid/batch.py"),
}
STUDY_LINES = 45


def modules(root: Path) -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, also inside functions; `from a import b` gives a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, container: str) -> bool:
    return name == container or name.startswith(f"{container}.")


def forbidden_imports(root: Path) -> list[str]:
    """Imports of another package that `ALLOWED` does not have."""
    faults = []
    for module, path in modules(root).items():
        package = module.split(".")[0]
        for name in imports(path):
            other = name.split(".")[0]
            if other in PACKAGES and other != package:
                if not any(is_within(name, allowed) for allowed in ALLOWED[package]):
                    faults.append(f"{module} imports {name}")
    return faults


def escaped_libraries(root: Path) -> list[str]:
    """Imports of a library outside the files that it is confined to."""
    faults = []
    for module, path in modules(root).items():
        place = path.relative_to(root).as_posix()
        for name in imports(path):
            homes = CONFINED.get(name.split(".")[0])
            if homes is not None and not any(place == home or place.startswith(home) for home in homes if home):
                faults.append(f"{module} imports {name}")
    return faults


def circles(root: Path) -> list[str]:
    """Modules that import themselves by way of others, at import time."""
    known = modules(root)
    graph = {
        module: {_module_of(name, known) for name in _imports_at_import_time(path)} - {None, module}
        for module, path in known.items()
    }
    return [module for module in graph if _reaches(graph, module, module)]


def _imports_at_import_time(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _module_of(name: str, known: dict[str, Path]) -> str | None:
    parent = name.rpartition(".")[0]
    return name if name in known else parent if parent in known else None


def _reaches(graph: dict[str, set], start: str, goal: str) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        for following in graph[waiting.pop()]:
            if following == goal:
                return True
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


@pytest.mark.parametrize("check", [forbidden_imports, escaped_libraries, circles])
def test_imports_keep_to_the_plan(repository: Path, check) -> None:
    assert check(repository) == []


def test_the_vocabulary_imports_nothing_heavy(repository: Path) -> None:
    names = {name.split(".")[0] for name in imports(repository / "trainables" / "config.py")}
    assert names <= set(sys.stdlib_module_names)


def test_a_study_is_data(repository: Path) -> None:
    """Imports, one STUDY, and `main(STUDY)`: no functions, no classes, few lines."""
    scripts = [path for path in (repository / "studies").glob("*.py") if path.name != "__init__.py"]
    assert scripts
    for path in scripts:
        tree = ast.parse(path.read_text())
        assert len(path.read_text().splitlines()) <= STUDY_LINES, path
        assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda) for node in ast.walk(tree)), path


def test_no_study_hides_a_module(repository: Path) -> None:
    """The folder of a script stands first on Python's path when the script runs."""
    names = {path.stem for path in (repository / "studies").iterdir() if path.stem != "__init__"}
    assert not names & (set(sys.stdlib_module_names) | set(packages_distributions()))


@pytest.mark.parametrize(
    ("check", "files"),
    [
        (forbidden_imports, {"alignment/a.py": "import trainables.config"}),
        (
            forbidden_imports,
            {"analysis/a.py": "def f():\n    import pid.broja"},
        ),
        (escaped_libraries, {"trainables/training.py": "from ray import tune"}),
        (escaped_libraries, {"analysis/figures.py": "import mlflow.entities"}),
        (circles, {"pid/a.py": "from pid.b import f", "pid/b.py": "import pid.a"}),
    ],
)
def test_the_checks_can_fail(tmp_path: Path, check, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert check(tmp_path)
    assert not any(other(tmp_path) for other in (forbidden_imports, escaped_libraries, circles) if other is not check)
