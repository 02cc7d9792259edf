from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from trainables.data.feature_cache import cached_arrays

ARRAYS = {"values": np.arange(12, dtype=np.float32).reshape(3, 4), "lengths": np.array([1, 2, 3])}


class Builder:
    """Counts how often the arrays were made."""

    def __init__(self) -> None:
        self.num_calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.num_calls += 1
        return ARRAYS


def assert_is_arrays(found) -> None:
    assert found.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype
        assert np.array_equal(found[name], values)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "align-or-not"


def test_arrays_are_made_once_a_name(folder):
    builder = Builder()
    for _ in range(3):
        assert_is_arrays(cached_arrays("a", builder))
    assert builder.num_calls == 1
    cached_arrays("b", builder)
    assert builder.num_calls == 2
    assert sorted(path.name for path in folder.iterdir()) == ["a.features", "b.features"]


def test_damaged_file_is_made_anew(folder):
    builder = Builder()
    cached_arrays("a", builder)
    path = folder / "a.features"
    whole = path.read_bytes()
    flipped = [bytearray(whole) for _ in range(20)]
    for content, position in zip(flipped, np.linspace(0, len(whole) - 1, 20, dtype=int), strict=True):
        content[position] ^= 1
    damaged = [b"", whole[:16], whole[:32], whole[:-1], whole + b"\0", *map(bytes, flipped)]
    for number, content in enumerate(damaged, start=2):
        path.write_bytes(content)
        assert_is_arrays(cached_arrays("a", builder))
        assert builder.num_calls == number
        assert path.read_bytes() == whole


def test_builders_at_the_same_time_leave_one_whole_file(folder):
    num_builders = 8
    everyone = Barrier(num_builders)

    def build() -> dict[str, np.ndarray]:
        # None has written before all have found nothing.
        everyone.wait(timeout=30)
        return ARRAYS

    with ThreadPoolExecutor(num_builders) as pool:
        for found in pool.map(lambda _: cached_arrays("a", build), range(num_builders)):
            assert_is_arrays(found)
    assert [path.name for path in folder.iterdir()] == ["a.features"]
    builder = Builder()
    assert_is_arrays(cached_arrays("a", builder))
    assert builder.num_calls == 0


def test_failed_build_leaves_nothing(folder):
    def fail() -> dict[str, np.ndarray]:
        raise ValueError("damaged recording")

    with pytest.raises(ValueError, match="damaged recording"):
        cached_arrays("a", fail)
    assert not folder.exists()


def test_folder_that_cannot_be_written_costs_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not kept on disk"):
        assert_is_arrays(cached_arrays("a", Builder()))


@pytest.mark.parametrize("configured", [None, "", "relative/folder"])
def test_default_folder_is_in_the_home_folder(tmp_path, monkeypatch, configured):
    monkeypatch.delenv("XDG_CACHE_HOME")
    if configured is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", configured)
    monkeypatch.setenv("HOME", str(tmp_path))
    cached_arrays("a", Builder())
    assert [path.name for path in (tmp_path / ".cache/align-or-not").iterdir()] == ["a.features"]
