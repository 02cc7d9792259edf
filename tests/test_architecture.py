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
    "analysis": ("trainables.config", "trainables.garbage", "pid.atoms"),
    "studies": ("alignment", "pid", "trainables", "analysis"),
    "k8s": ("studies", "trainables.config", "trainables.data"),
}

# Libraries that only these files may import; a name that ends in a slash is a folder.
CONFINED = {
    "ray": (
        "trainables/trainable.py",
        "studies/engine/tune/",
        "studies/engine/cluster/",
        "studies/engine/inputs/",
        "studies/engine/commands/remote.py",
    ),
    "mlflow": (
        "studies/engine/recording/tracking.py",
        "studies/engine/recording/first_opening.py",
        "analysis/records/mlflow_reader.py",
    ),
    "optuna": ("studies/engine/search/sampler.py",),
    "torch": (
        "alignment/",
        "trainables/",
        "pid/learnt/discriminator.py",
        "studies/engine/cluster/joining.py",
        "studies/engine/commands/measured_steps.py",
    ),
}
# Packages whose folders are rooms, which others enter by their `__init__`.
ROOMED = ("analysis", "pid")
ENGINE = "studies.engine"
MOST_ENGINE_IMPORTS = 8
VOCABULARY = "trainables.config"
# Every name that a study is recorded under: writers import it directly, and not from the room's `__init__`.
SCHEMA = "analysis.records.schema"
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
    """All nodes below `tree`; without those inside functions and type checks, what runs when the module is imported."""
    for child in ast.iter_child_nodes(tree):
        if not inside_functions and isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
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
    """Imports of what is inside a room from outside it: a room is entered by its `__init__`."""
    known, faults = modules(root), []
    for module, path in known.items():
        for name in imports(path):
            parts = (_module_of(name, known) or "").split(".")
            inside = parts[0] in ROOMED and len(parts) > 2 and not is_within(name, SCHEMA)
            if inside and not is_within(module, ".".join(parts[:2])):
                faults.append(f"{module} imports {name}")
    return faults


def crowded_modules(root: Path) -> list[str]:
    """Modules of the engine that know more than eight of its others."""
    known, faults = modules(root), []
    for module, path in known.items():
        if is_within(module, ENGINE):
            others = {_module_of(name, known) for name in imports(path)} - {None, module}
            used = [other for other in others if other and is_within(other, ENGINE)]
            if len(used) > MOST_ENGINE_IMPORTS:
                faults.append(f"{module} imports {len(used)} modules of the engine: {', '.join(sorted(used))}")
    return faults


def names_given_twice(root: Path) -> list[str]:
    """Modules of one name in different folders; a study's script may bear that of its data set or command."""
    places: dict[str, list[str]] = {}
    for module, path in modules(root).items():
        if not path.stem.startswith("__") and path not in studies(root):
            places.setdefault(path.stem, []).append(module)
    return [" and ".join(found) for found in places.values() if len(found) > 1]


def hidden_modules(root: Path) -> list[str]:
    """Modules that bear the name of something else that their package exports: which one is meant, order decides."""
    known, faults = modules(root), []
    for package, path in known.items():
        if path.name == "__init__.py":
            for name in imports(path):
                hidden = f"{package}.{name.rpartition('.')[2]}"
                if hidden in known and name != hidden:
                    faults.append(f"{package} exports {name}, which hides the module {hidden}")
    return faults


def functions_given_twice(root: Path) -> list[str]:
    """Public functions and classes of one name at the top of several modules; every command has a `main`."""
    places: dict[str, list[str]] = {}
    for module, path in modules(root).items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    return [f"{name}: {', '.join(found)}" for name, found in places.items() if len(found) > 1 and name != "main"]


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
    """What the vocabularies of trials and of records import beyond the standard library."""
    known = modules(root)
    paths = [known[name] for name in (VOCABULARY, SCHEMA) if name in known]
    return [
        name
        for path in paths
        for name in imports(path, inside_functions=False)
        if name.split(".")[0] not in sys.stdlib_module_names
    ]


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
    crowded_modules,
    names_given_twice,
    functions_given_twice,
    hidden_modules,
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
    assert {VOCABULARY, SCHEMA} <= set(modules(repository))
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
        (escaped_libraries, {"pid/learnt/a.py": "import torch"}),
        (passed_doors, {"analysis/a.py": "from analysis.room.b import c", "analysis/room/b.py": "c = 1"}),
        (passed_doors, {"studies/engine/a.py": "from analysis.room import b", "analysis/room/b.py": ""}),
        (
            crowded_modules,
            {
                "studies/engine/a.py": "".join(f"import studies.engine.b{number}\n" for number in range(9)),
                **{f"studies/engine/b{number}.py": "" for number in range(9)},
            },
        ),
        (names_given_twice, {"pid/a.py": "", "analysis/room/a.py": ""}),
        (functions_given_twice, {"pid/a.py": "def f(): ...", "analysis/b.py": "def f(): ..."}),
        (passed_doors, {"pid/a.py": "from pid.room.b import c", "pid/room/b.py": "c = 1"}),
        (hidden_modules, {"pid/__init__.py": "from pid.a import b", "pid/a.py": "b = 1", "pid/b.py": ""}),
        (hidden_modules, {"pid/__init__.py": "from pid.a import a", "pid/a.py": "a = 1"}),
        (circles, {"pid/a.py": "from pid.b import f", "pid/b.py": "import pid.a"}),
        (circles, {"pid/a.py": "import pid.b", "pid/b.py": "try:\n    import pid.a\nfinally:\n    pass"}),
        (heavy_vocabulary, {"trainables/config.py": "class A:\n    import numpy"}),
        (heavy_vocabulary, {"analysis/records/schema.py": "import pandas"}),
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
        "pid/__init__.py": "from pid import estimation\nfrom pid.room import d",
        "pid/atoms.py": "def f():\n    import pid.estimation",  # inside a function, it closes no circle
        "pid/estimation.py": "import pid.atoms\nfrom pid.room import d",
        "pid/room/__init__.py": "from pid.room.e import d",
        "pid/room/e.py": "d = 1",
        "pid/learnt/discriminator.py": "import torch",
        "trainables/config.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n"
        "def g():\n    import numpy",
        "analysis/optimum.py": "from pid.atoms import f",
        "analysis/room/__init__.py": "from analysis.room.b import c",
        "analysis/room/b.py": "c = 1",
        "analysis/records/schema.py": "d = 1",
        "studies/engine/run.py": "from analysis.records.schema import d\nfrom analysis.room import c",
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
