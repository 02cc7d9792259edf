"""Who may import whom, read from the source, so that the house stays as CONTRIBUTING draws it."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PACKAGES = ("alignment", "pid", "trainables", "analysis", "studies", "k8s")

# What each package may import of the others: whole packages or single modules.
ALLOWED = {
    "alignment": (),
    "pid": (),
    "trainables": ("alignment",),
    "analysis": ("trainables.config", "pid.atoms"),
    "studies": ("alignment", "pid", "trainables", "analysis"),
    "k8s": ("studies", "trainables.data"),
}

# Libraries that only these files may import; a name that ends in a slash is a folder.
CONFINED = {
    "ray": ("trainables/trainable.py", "studies/engine/"),
    "mlflow": ("studies/engine/tracking.py", "analysis/records.py"),
    "optuna": ("studies/engine/",),
    "torch": (
        "alignment/",
        "trainables/",
        "pid/discriminator.py",
        "studies/engine/cluster.py",
        "studies/engine/cost.py",
    ),
}
VOCABULARY = "trainables/config.py"
STUDY_LINES = 45

Check = Callable[[Path], list[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def studies(root: Path) -> list[Path]:
    """The scripts in studies/."""
    return [path for path in sorted((root / "studies").glob("*.py")) if path.name != "__init__.py"]


def nodes(tree: ast.AST, inside_functions: bool) -> Iterator[ast.AST]:
    """All nodes below `tree`; without those inside functions, what runs when the module is imported."""
    for child in ast.iter_child_nodes(tree):
        yield child
        if inside_functions or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from nodes(child, inside_functions)


def imports(path: Path, inside_functions: bool = True) -> Iterator[str]:
    """Dotted names that a file imports; `from a import b` gives a.b."""
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), inside_functions):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def is_within(name: str, container: str) -> bool:
    return name == container or name.startswith(f"{container}.")


def relative_imports(root: Path) -> list[str]:
    """Imports that begin with a dot, which the other checks could not place."""
    return [
        f"{module} imports {name}" for module, path in modules(root).items() for name in imports(path) if name[0] == "."
    ]


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
            if homes is not None and not any(
                place.startswith(home) if home.endswith("/") else place == home for home in homes
            ):
                faults.append(f"{module} imports {name}")
    return faults


def passed_doors(root: Path) -> list[str]:
    """Imports of what is inside a room of `analysis` from outside it: a room is entered by its `__init__`."""
    known, faults = modules(root), []
    for module, path in known.items():
        for name in imports(path):
            parts = (_module_of(name, known) or "").split(".")
            if parts[0] == "analysis" and len(parts) > 2 and not is_within(module, ".".join(parts[:2])):
                faults.append(f"{module} imports {name}")
    return faults


def circles(root: Path) -> list[str]:
    """Modules that import themselves by way of others, while they are being imported."""
    known = modules(root)
    graph = {
        module: {_module_of(name, known) for name in imports(path, inside_functions=False)} - {None, module}
        for module, path in known.items()
    }
    return [module for module in graph if _reaches(graph, module, module)]


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


def heavy_vocabulary(root: Path) -> list[str]:
    """What the vocabulary imports beyond the standard library."""
    path = root / VOCABULARY
    names = imports(path) if path.is_file() else ()
    return [name for name in names if name.split(".")[0] not in sys.stdlib_module_names]


def studies_with_machinery(root: Path) -> list[str]:
    """Studies that are more than data: long, or with functions or classes of their own."""
    faults = []
    for path in studies(root):
        text = path.read_text(encoding="utf-8")
        definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        if len(text.splitlines()) > STUDY_LINES:
            faults.append(f"{path.name} has more than {STUDY_LINES} lines")
        if any(isinstance(node, definitions) for node in ast.walk(ast.parse(text))):
            faults.append(f"{path.name} defines a function or a class")
    return faults


def hiding_names(root: Path) -> list[str]:
    """Names in studies/, which stands first on the path when a script in it runs, that hide an importable module."""
    names = {path.stem for path in (root / "studies").glob("*") if path.stem != "__init__"}
    return sorted(names & (set(sys.stdlib_module_names) | set(packages_distributions())))


def printed_at_import(root: Path) -> list[str]:
    """What a fresh Python prints while it imports every module."""
    command = [sys.executable, "-c", f"import {', '.join(modules(root))}"]
    finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return (finished.stdout + finished.stderr).splitlines()


CHECKS = [
    relative_imports,
    forbidden_imports,
    escaped_libraries,
    passed_doors,
    circles,
    heavy_vocabulary,
    studies_with_machinery,
    hiding_names,
    printed_at_import,
]


@pytest.mark.parametrize("check", CHECKS)
def test_the_house_is_in_order(repository: Path, check: Check) -> None:
    assert check(repository) == []


def test_there_is_something_to_check(repository: Path) -> None:
    assert {name.split(".")[0] for name in modules(repository)} == set(PACKAGES)
    assert (repository / VOCABULARY).is_file()
    assert studies(repository)


@pytest.mark.parametrize(
    ("check", "files"),
    [
        (relative_imports, {"pid/a.py": "from .b import c", "pid/b.py": "c = 1"}),
        (forbidden_imports, {"alignment/a.py": "import trainables.config"}),
        (forbidden_imports, {"analysis/a.py": "def f():\n    import pid.broja"}),
        (forbidden_imports, {"trainables/a.py": "from studies import engine"}),
        (forbidden_imports, {"studies/engine/a.py": "import k8s.job"}),
        (escaped_libraries, {"trainables/training.py": "from ray import tune"}),
        (escaped_libraries, {"analysis/figures.py": "import mlflow.entities"}),
        (escaped_libraries, {"pid/broja.py": "import torch"}),
        (passed_doors, {"analysis/a.py": "from analysis.room.b import c", "analysis/room/b.py": "c = 1"}),
        (passed_doors, {"studies/engine/a.py": "from analysis.room import b", "analysis/room/b.py": ""}),
        (circles, {"pid/a.py": "from pid.b import f", "pid/b.py": "import pid.a"}),
        (circles, {"pid/a.py": "import pid.b", "pid/b.py": "try:\n    import pid.a\nfinally:\n    pass"}),
        (heavy_vocabulary, {"trainables/config.py": "def f():\n    import numpy"}),
        (studies_with_machinery, {"studies/a.py": "f = lambda: 1"}),
        (studies_with_machinery, {"studies/a.py": "\n" * (STUDY_LINES + 1)}),
        (hiding_names, {"studies/platform.py": ""}),
        (hiding_names, {"studies/mlflow.py": ""}),
        (printed_at_import, {"alignment/a.py": "print('loaded')"}),
        (printed_at_import, {"alignment/a.py": "import warnings\nwarnings.warn('loaded')"}),
    ],
)
def test_each_check_can_fail(tmp_path: Path, check: Check, files: dict[str, str]) -> None:
    write_house(tmp_path, files)
    assert check(tmp_path)


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_finds_fault_with_order(tmp_path: Path, check: Check) -> None:
    in_order = {
        "pid/atoms.py": "def f():\n    import pid.broja",  # inside a function, it closes no circle
        "pid/broja.py": "import pid.atoms",
        "pid/discriminator.py": "import torch",
        "trainables/config.py": "from dataclasses import dataclass",
        "analysis/optimum.py": "from pid.atoms import f",
        "analysis/room/__init__.py": "from analysis.room.b import c",
        "analysis/room/b.py": "c = 1",
        "studies/engine/run.py": "from analysis.room import c",
        "studies/question.py": "STUDY = 1",
    }
    write_house(tmp_path, in_order)
    assert check(tmp_path) == []


def write_house(root: Path, files: dict[str, str]) -> None:
    """Write modules in packages, which Python finds in `root` before those of the project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (root / path.relative_to(root).parts[0] / "__init__.py").touch()
        path.write_text(text)
