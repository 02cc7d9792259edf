import pickle
from pathlib import Path

import pytest

from trainables.config import PythonData, Refused
from trainables.user_code import source_digest


def test_path_and_arguments_decide_what_is_equal() -> None:
    first = PythonData("lab.data:load", {"noise": 0.1, "sizes": [3, 4]})
    again = PythonData(path="lab.data:load", arguments={"sizes": [3, 4], "noise": 0.1})
    assert first == again and hash(first) == hash(again) and len({first, again}) == 1
    assert pickle.loads(pickle.dumps(first)) == first
    others = [
        PythonData("lab.data:load"),
        PythonData("lab.data:other", first.arguments),
        PythonData("lab.data:load", {"noise": 0.2, "sizes": [3, 4]}),
        PythonData("lab.data:load", {"noise": 0.1, "sizes": [4, 3]}),
    ]
    assert len({first, *others}) == 5
    assert PythonData("lab.data:load", {"on": True}) != PythonData("lab.data:load", {"on": 1})  # equal in Python


def test_arguments_that_are_changed_later_change_nothing() -> None:
    given = {"sizes": [3, 4]}
    config = PythonData("lab.data:load", given)
    given["sizes"].append(5)
    assert config == PythonData("lab.data:load", {"sizes": [3, 4]})


def test_a_tuple_is_the_list_that_json_makes_of_it() -> None:
    config = PythonData("lab.data:load", {"sizes": (3, [4, (5,)])})
    assert config.arguments == {"sizes": [3, [4, [5]]]}
    assert config == PythonData("lab.data:load", {"sizes": [3, [4, [5]]]})


@pytest.mark.parametrize(
    "value", [{1, 2}, float("nan"), float("inf"), {1: "a key that is no text"}, Path("a"), object()]
)
def test_arguments_that_are_no_json_are_refused(value: object) -> None:
    with pytest.raises(Refused, match=r"lab\.data:load: expected arguments that JSON can hold, got nested="):
        PythonData("lab.data:load", {"nested": [value]})


def test_the_folder_is_no_argument() -> None:
    with pytest.raises(Refused, match=r"expected arguments without data_dir"):
        PythonData("lab.data:load", {"data_dir": "elsewhere"})


@pytest.mark.parametrize(
    ("module", "changes"), [("loading", True), ("signals", True), ("__init__", True), ("unrelated", False)]
)
def test_the_source_and_what_it_imports_of_its_package_are_its_identity(
    tmp_path: Path, package: str, module: str, changes: bool
) -> None:
    config = PythonData(f"{package}.loading:raw", {"noise": 0.1})
    before = config.identity()
    assert (before["path"], before["arguments"]) == (config.path, {"noise": 0.1})
    path = tmp_path / package / f"{module}.py"
    path.write_text(f"{path.read_text()}\n# changed\n")
    source_digest.cache_clear()  # as in the next process
    assert (config.identity() != before) == changes


def test_arguments_are_its_identity(package: str) -> None:
    path = f"{package}.loading:raw"
    assert PythonData(path, {"noise": 0.1}).identity() != PythonData(path, {"noise": 0.2}).identity()
