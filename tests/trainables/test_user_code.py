"""A user's code by its import path: what is imported, which files tell one version from another, where they lie."""

import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from trainables.config import Refused, UserCode
from trainables.user_code import import_root, imported, source_digest, source_files

Write = Callable[..., Path]

PACKAGE = {
    "lab_package/__init__.py": "",
    "lab_package/models/__init__.py": "from . import layers",
    "lab_package/models/encoder.py": (
        "import numpy\nfrom .layers import WIDTH\nfrom ..shared import tools\nfrom lab_package.plain import a_number\n"
        "class Encoder:\n    width = WIDTH"
    ),
    "lab_package/models/layers.py": "WIDTH = 3",
    "lab_package/models/unused.py": "",
    "lab_package/shared/tools.py": "",  # a namespace package among the others
    "lab_package/plain.py": "def a_number():\n    import lab_package.late\n    return 1",
    "lab_package/late.py": "",
}
SEEN = {
    "lab_package": "lab_package/__init__.py",
    "lab_package.models": "lab_package/models/__init__.py",
    "lab_package.models.encoder": "lab_package/models/encoder.py",
    "lab_package.models.layers": "lab_package/models/layers.py",
    "lab_package.shared.tools": "lab_package/shared/tools.py",
    "lab_package.plain": "lab_package/plain.py",
    "lab_package.late": "lab_package/late.py",
}
ENCODER = "lab_package.models.encoder:Encoder"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes files of a user's code, `path=text`, in a folder that Python looks in; forgets all modules at the end."""
    known = set(sys.modules)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the working folder may be added to it

    def write_files(files: dict[str, str], *, is_searched: bool = True) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        if is_searched:
            monkeypatch.syspath_prepend(str(tmp_path))
        source_digest.cache_clear()
        return tmp_path

    yield write_files
    source_digest.cache_clear()
    for name in set(sys.modules) - known:
        if name.startswith("lab_"):
            del sys.modules[name]


def test_a_package_is_known_by_what_it_imports_of_itself(write: Write) -> None:
    """Imports of any form, also within functions; neither libraries nor what nobody imports."""
    folder = write(PACKAGE)
    assert source_files(ENCODER) == {name: folder / path for name, path in SEEN.items()}
    assert import_root(ENCODER) == folder
    assert imported(ENCODER).width == 3


@pytest.mark.parametrize("path", PACKAGE)
def test_the_digest_changes_with_each_of_these_files_and_no_other(write: Write, path: str) -> None:
    write(PACKAGE)
    before = source_digest(ENCODER)
    write({path: PACKAGE[path] + "\n# another version"})
    assert (source_digest(ENCODER) != before) == (path in SEEN.values())
    write(PACKAGE)
    assert source_digest(ENCODER) == before


def test_a_digest_is_that_of_what_was_imported(write: Write) -> None:
    """A file that is changed while the process lives is not what the process runs."""
    folder = write({"lab_single.py": "value = 1"})
    before = source_digest("lab_single:value")
    (folder / "lab_single.py").write_text("value = 2")
    assert source_digest("lab_single:value") == before


def test_a_digest_tells_names_apart_that_share_their_text(write: Write) -> None:
    write({"lab_single.py": "value = 1", "lab_other.py": "value = 1"})
    assert source_digest("lab_single:value") != source_digest("lab_other:value")


def test_a_single_module_is_a_file(write: Write) -> None:
    folder = write({"lab_single.py": "import lab_other\nvalue = lab_other.value", "lab_other.py": "value = 1"})
    # Another top-level module is another package.
    assert source_files("lab_single:value") == {"lab_single": folder / "lab_single.py"}
    assert import_root("lab_single:value") == folder
    assert imported("lab_single:value") == 1


def test_a_package_without_a_file_of_its_own_is_found(write: Write) -> None:
    folder = write({"lab_space/group/model.py": "value = 1"})
    assert source_files("lab_space.group.model:value") == {"lab_space.group.model": folder / "lab_space/group/model.py"}
    assert import_root("lab_space.group.model:value") == folder


def test_a_package_itself_may_be_named(write: Write) -> None:
    folder = write({"lab_package/__init__.py": "from .one import value", "lab_package/one.py": "value = 1"})
    assert set(source_files("lab_package:value")) == {"lab_package", "lab_package.one"}
    assert import_root("lab_package:value") == folder
    assert imported("lab_package:value") == 1


def test_the_working_folder_is_looked_in_after_all_others(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write({"lab_here.py": "value = 1", "json.py": "value = 2"}, is_searched=False)
    with pytest.raises(Refused, match="importing lab_here failed"):
        imported("lab_here:value")
    monkeypatch.chdir(folder)
    assert imported("lab_here:value") == 1
    assert source_files("lab_here:value") == {"lab_here": folder / "lab_here.py"}
    assert source_files("json:loads")["json"] != folder / "json.py"
    assert sys.path.count(str(folder)) == 1 and sys.path[-1] == str(folder)


@pytest.mark.parametrize("path", ["lab_single", "lab_single:", ":value", ""])
def test_a_path_of_another_form_is_refused(path: str) -> None:
    with pytest.raises(Refused, match=f"of the form package.module:name, got '{path}'"):
        imported(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("lab_nowhere:value", "importing lab_nowhere failed with ModuleNotFoundError"),
        ("lab_single:others", r"the module lab_single \(.*lab_single.py\) has no others"),
        ("lab_broken:value", "importing lab_broken failed with ZeroDivisionError: division by zero"),
        ("lab_single.part:value", "importing lab_single.part failed with ModuleNotFoundError"),
    ],
)
def test_what_is_not_there_or_fails_is_refused_with_its_reason(write: Write, path: str, message: str) -> None:
    write({"lab_single.py": "value = 1", "lab_broken.py": "value = 1 / 0"})
    with pytest.raises(Refused, match=f"^{path}: .*{message}"):
        imported(path)


@pytest.mark.parametrize("path", ["lab_nowhere:value", "sys:path", "lab_single.part:value"])
def test_a_module_without_a_file_is_refused(write: Write, path: str) -> None:
    """`sys` is a part of the interpreter."""
    write({"lab_single.py": "value = 1"})
    with pytest.raises(Refused, match=f"^{path}: expected a module with a source file"):
        source_digest(path)


def test_a_compiled_module_is_known_by_its_file_and_imports_nothing(write: Write) -> None:
    (compiled,) = source_files("math:sqrt").values()
    assert compiled.name.endswith(tuple(EXTENSION_SUFFIXES))
    folder = write({"lab_package/__init__.py": "def late():\n    from . import fast"})
    shutil.copy(compiled, folder / f"lab_package/fast{EXTENSION_SUFFIXES[0]}")
    assert set(source_files("lab_package:late")) == {"lab_package", "lab_package.fast"}


def test_a_file_that_is_no_python_is_refused_by_its_name(write: Write) -> None:
    folder = write({"lab_single.py": "def f(:"})
    with pytest.raises(Refused, match=rf"^lab_single:f: {folder}/lab_single.py is no Python: .*line 1"):
        source_digest("lab_single:f")


def test_a_package_that_fails_is_refused_with_its_reason(write: Write) -> None:
    """A module in a package is found by importing the package."""
    write({"lab_package/__init__.py": "1 / 0", "lab_package/one.py": "value = 1"})
    with pytest.raises(Refused, match=r"package of lab_package.one failed with ZeroDivisionError: division by zero"):
        source_digest("lab_package.one:value")


def test_user_code_is_its_path_its_arguments_and_its_source(write: Write) -> None:
    write({"lab_single.py": "value = 1"})
    code = UserCode("lab_single:value", {"layers": (1, 2)})
    source = source_digest("lab_single:value")
    assert code.identity() == {"path": "lab_single:value", "arguments": {"layers": [1, 2]}, "source": source}
    write({"lab_single.py": "value = 2"})
    assert code.identity()["source"] != source
    assert code == UserCode("lab_single:value", {"layers": [1, 2]})  # the same question, whichever version answers it
    assert code != UserCode("lab_single:value", {"layers": [2, 1]})
