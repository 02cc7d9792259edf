from pathlib import Path

import pytest
from pyarrow import fs

from studies.engine.recording.storage import StorageError, below, open_storage, replace_file, storage_address


@pytest.mark.parametrize(
    ("root", "found"),
    [
        ("runs", "runs/name"),
        ("/runs/", "/runs/name"),
        ("s3://bucket/runs", "s3://bucket/runs/name"),
        ("s3://bucket?endpoint_override=host:1&scheme=http", "s3://bucket/name?endpoint_override=host:1&scheme=http"),
    ],
)
def test_a_place_below_another_keeps_its_parameters(root: str, found: str) -> None:
    assert below(root, "name") == found


def test_an_address_leads_back_to_where_it_came_from() -> None:
    root = "s3://bucket/runs?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    filesystem, path = open_storage(root)
    assert (path, storage_address(filesystem, path)) == ("bucket/runs", root)


def test_a_store_that_is_not_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    root = "s3://bucket/runs?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    filesystem, path = open_storage(root, patience=0)
    with pytest.raises(StorageError, match="the object store has been away"):
        replace_file(filesystem, path, b"content")


def test_a_folder_is_its_own_address(tmp_path: Path) -> None:
    assert storage_address(*open_storage(str(tmp_path))) == str(tmp_path)


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
