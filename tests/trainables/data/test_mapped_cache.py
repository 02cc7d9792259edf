from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from trainables.data.mapped_cache import mapped_arrays

ARRAYS = {"values": np.arange(12, dtype=np.float32).reshape(3, 4), "lengths": np.array([1, 2, 3]), "none": np.empty(0)}


class Builder:
    """Counts how often the arrays were made."""

    def __init__(self) -> None:
        self.num_calls = 0

    def __call__(self) -> Iterator[tuple[str, np.ndarray]]:
        self.num_calls += 1
        yield from ARRAYS.items()


def assert_is_arrays(found, names=tuple(ARRAYS)) -> None:
    assert set(found) == set(names)
    for name, values in found.items():
        assert type(values) is np.ndarray
        assert values.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(values, ARRAYS[name])


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "align-or-not"


def test_arrays_are_made_once_and_then_mapped(folder):
    builder = Builder()
    for _ in range(2):
        found = mapped_arrays("a", builder, ["values", "lengths", "none"])
        assert_is_arrays(found)
        assert isinstance(found["values"].base, np.memmap)
        assert not found["values"].flags.writeable
    assert_is_arrays(mapped_arrays("a", builder, ["lengths"]), ["lengths"])
    assert builder.num_calls == 1
    assert [path.name for path in folder.iterdir()] == ["a.arrays"]


@pytest.mark.parametrize("keep", [0, 5, 100, 150])
def test_file_cut_short_is_made_anew(folder, keep):
    mapped_arrays("a", Builder(), ["values"])
    file = folder / "a.arrays/values.npy"
    assert file.stat().st_size > keep
    file.write_bytes(file.read_bytes()[:keep])
    builder = Builder()
    assert_is_arrays(mapped_arrays("a", builder, ["values"]), ["values"])
    assert builder.num_calls == 1
    mapped_arrays("a", builder, ["values"])
    assert builder.num_calls == 1


def test_builders_at_the_same_time_leave_one_whole_folder(folder):
    num_builders = 6
    everyone = Barrier(num_builders)

    def build() -> Iterator[tuple[str, np.ndarray]]:
        everyone.wait(timeout=30)  # none has written before all have found nothing
        yield from ARRAYS.items()

    with ThreadPoolExecutor(num_builders) as pool:
        for found in pool.map(lambda _: mapped_arrays("a", build, tuple(ARRAYS)), range(num_builders)):
            assert_is_arrays(found)
    assert [path.name for path in folder.iterdir()] == ["a.arrays"]


def test_failed_build_leaves_nothing(folder):
    def fail() -> Iterator[tuple[str, np.ndarray]]:
        yield "values", ARRAYS["values"]
        raise ValueError("damaged file")

    with pytest.raises(ValueError, match="damaged file"):
        mapped_arrays("a", fail, ["values"])
    assert list(folder.iterdir()) == []


def test_an_array_that_is_not_made_is_named(folder):
    with pytest.raises(ValueError, match="expected the arrays absent, which were not made"):
        mapped_arrays("a", Builder(), ["absent"])


def test_folder_that_cannot_be_written_costs_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not kept on disk"):
        assert_is_arrays(mapped_arrays("a", Builder(), ["values"]), ["values"])
