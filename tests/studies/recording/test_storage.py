from pathlib import Path

import pytest
from pyarrow import fs

from studies.engine.recording.storage import StorageError, open_storage, replace_file, storage_address
from trainables.config import Refused


@pytest.mark.parametrize(("place", "path"), [("runs", "bucket/runs"), ("50%25/a%20b%3F", "bucket/50%/a b?")])
def test_an_address_leads_back_to_where_it_came_from(place: str, path: str) -> None:
    root = f"s3://bucket/{place}?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    filesystem, found = open_storage(root)
    assert (found, storage_address(filesystem, found)) == (path, root)


@pytest.mark.parametrize("root", ["ftp://host/runs", "s3://bucket/a b", "s3:///runs", "unknown://x"])
def test_a_uri_of_no_file_system_is_refused(root: str) -> None:
    with pytest.raises(Refused, match=f"storage {root}: expected a folder or a URI"):
        open_storage(root)


def test_a_store_that_is_not_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    root = "s3://bucket/runs?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    filesystem, path = open_storage(root, patience=0)
    with pytest.raises(StorageError, match="the object store has been away"):
        replace_file(filesystem, path, b"content")


@pytest.mark.parametrize("name", ["runs", "why?", "50%20x", "a#b", "s3:", "ünï"])
def test_a_folder_is_its_own_address(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    filesystem, path = open_storage(str(tmp_path / name))
    assert storage_address(filesystem, path) == str(tmp_path / name)
    replace_file(filesystem, f"{path}/file", b"here")
    assert [file.name for file in (tmp_path / name).iterdir()] == ["file"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    filesystem, path = open_storage(str(tmp_path / "file"))
    for content in (b"first", b"second"):
        replace_file(filesystem, path, content)
        assert Path(path).read_bytes() == content
    assert [info.base_name for info in filesystem.get_file_info(fs.FileSelector(str(tmp_path)))] == ["file"]


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    filesystem, path = open_storage(str(tmp_path / "file"))
    replace_file(filesystem, path, b"first")
    (tmp_path / "file.part").mkdir()
    with pytest.raises(OSError):
        replace_file(filesystem, path, b"second")
    assert Path(path).read_bytes() == b"first"
