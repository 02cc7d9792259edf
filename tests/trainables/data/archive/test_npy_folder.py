"""A folder of .npy files is an archive by the names and contents of its arrays, wherever it lies."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from trainables.config import ArchiveData, Refused
from trainables.data import MissingDataError, load
from trainables.data.archive.npy_folder import FolderArrays, archive_content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    folder = tmp_path / "data" / "features"
    folder.mkdir(parents=True)
    for name, values in {"a": draw.standard_normal((60, 2)), "b": draw.standard_normal((60, 3))}.items():
        np.save(folder / f"{name}.npy", values)
    np.save(folder / "label.npy", np.arange(60) % 3)
    return folder


def test_a_copy_elsewhere_with_other_files_beside_is_the_same_archive(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "notes.txt").write_text("of the lab")
    (copy / "old").mkdir()
    (copy / "._a.npy").write_bytes(b"of a system")
    assert archive_content(copy) == archive_content(folder)


def test_another_name_or_number_is_another_archive(folder: Path) -> None:
    contents = {archive_content(folder)}
    (folder / "b.npy").rename(folder / "c.npy")
    contents.add(archive_content(folder))
    np.save(folder / "label.npy", (np.arange(60) + 1) % 3)
    contents.add(archive_content(folder))
    assert len(contents) == 3


def test_it_is_found_as_it_is_named_and_in_the_folder_of_the_data(folder: Path, tmp_path: Path) -> None:
    data = ArchiveData(content=archive_content(folder), modalities=("a", "b"))
    first, second = (load(data, place) for place in (folder, folder.parent))
    np.testing.assert_array_equal(first.train.x1, second.train.x1)
    with pytest.raises(MissingDataError, match="found no feature archive"):
        load(data, tmp_path)


def test_what_is_no_array_is_refused_by_name_and_objects_only_where_they_are_asked_for(folder: Path) -> None:
    np.save(folder / "words.npy", np.array(["a", None], dtype=object), allow_pickle=True)
    arrays = FolderArrays(folder)
    assert arrays.headers["a"].shape == (60, 2) and arrays.read(["a", "none"]).keys() == {"a"}
    with pytest.raises(Refused, match=r"words\.npy: expected an array without pickled objects"):
        arrays.read(["words"])
    (folder / "b.npy").write_bytes((folder / "b.npy").read_bytes()[:200])
    with pytest.raises(Refused, match=r"b\.npy: expected an array .* a whole one"):
        FolderArrays(folder).read(["b"])
    (folder / "b.npy").write_bytes(b"no array")
    with pytest.raises(Refused, match=r"b\.npy: expected a whole \.npy file"):
        FolderArrays(folder)
