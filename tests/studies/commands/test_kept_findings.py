"""What a dry run has found out is found once, and never where anything that decides it has changed."""

from pathlib import Path

import pytest

from studies.engine.commands.kept_findings import kept


class Finder:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.num_calls = 0

    def __call__(self) -> list[float]:
        self.num_calls += 1
        return [self.num_calls + 0.1, float("inf")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "align-or-not"


def test_the_same_question_is_answered_once() -> None:
    find = Finder()
    assert kept("cost", {"rows": 3, "of": [1, 2]}, find) == [1.1, float("inf")]
    assert kept("cost", {"of": (1, 2), "rows": 3}, find) == [1.1, float("inf")]
    assert find.num_calls == 1


@pytest.mark.parametrize(("name", "depends_on"), [("cost", {"rows": 4}), ("cost", None), ("data", {"rows": 3})])
def test_another_question_is_not(name: str, depends_on: object) -> None:
    find = Finder()
    kept("cost", {"rows": 3}, find)
    assert kept(name, depends_on, find) == [2.1, float("inf")]


def test_other_code_has_other_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    find = Finder()
    kept("cost", 1, find)
    monkeypatch.setattr("studies.engine.commands.kept_findings.code_digest", lambda: "changed")
    assert kept("cost", 1, find)[0] == 2.1


@pytest.mark.parametrize("content", [b"", b"[1.1, ", b"\xff\xfe"])
def test_a_damaged_file_is_made_anew(folder: Path, content: bytes) -> None:
    find = Finder()
    kept("cost", 1, find)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert kept("cost", 1, find)[0] == 2.1
    assert kept("cost", 1, find)[0] == 2.1


def test_where_nothing_can_be_written_it_is_found_each_time(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    find = Finder()
    assert [kept("cost", 1, find)[0] for _ in range(2)] == [1.1, 2.1]


def test_what_is_refused_is_not_kept(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        kept("cost", 1, lambda: 1 / 0)
    assert not folder.exists()
