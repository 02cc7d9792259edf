from pathlib import Path

import pytest

from k8s.fetch import copy_missing
from studies.engine.recording.storage import StorageError, patiently


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    for name, content in {"mosei/a.pkl": b"123", "mosei/deep/b.bin": b"", "c.npz": b"45"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_arrive_with_their_folders(store: Path, tmp_path: Path) -> None:
    copy_missing(store.as_uri(), tmp_path / "data")
    assert contents(tmp_path / "data") == contents(store)


def test_what_is_there_is_not_copied_again_and_what_broke_off_is(store: Path, tmp_path: Path) -> None:
    copy_missing(store.as_uri(), tmp_path / "data")
    (tmp_path / "data/mosei/a.pkl").write_bytes(b"1")
    assert copy_missing(store.as_uri(), tmp_path / "data") == [tmp_path / "data/mosei/a.pkl"]
    assert copy_missing(store.as_uri(), tmp_path / "data") == []
    assert contents(tmp_path / "data") == contents(store)


def test_a_store_that_does_not_answer_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a quarter of an hour, of which the test waits a second."""
    monkeypatch.setattr(patiently, "__defaults__", (0.5,))
    address = "s3://data?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    with pytest.raises(StorageError, match="has been away for"):
        copy_missing(address, tmp_path / "data")


def test_a_folder_that_cannot_be_written_is_no_stores_fault(store: Path) -> None:
    with pytest.raises(OSError, match="Not a directory") as failed:
        copy_missing(store.as_uri(), store / "c.npz")
    assert not isinstance(failed.value, StorageError)


def test_an_address_without_data_is_no_fault(tmp_path: Path) -> None:
    assert copy_missing((tmp_path / "none").as_uri(), tmp_path / "data") == []
