import hashlib
import os
from pathlib import Path

import pytest

from trainables.config import AffectData, ArchiveData, AvMnistData, SyntheticData
from trainables.data import content
from trainables.data.content import content_of, content_of_all


def test_content_is_the_sha_256_wherever_the_file_lies(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"features")
    second.write_bytes(b"features")
    assert content_of(first) == content_of(second) == hashlib.sha256(b"features").hexdigest()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    before = content_of(path)
    path.write_bytes(b"after!")
    os.utime(path, ns=(0, 1))  # of the same size, and changed within one tick of the clock
    assert content_of(path) != before


def test_several_files_have_one_content_in_their_order(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    first, second = tmp_path / "a", tmp_path / "b"
    assert content_of_all([first, second]) == content_of_all([tmp_path]) != content_of_all([second, first])


def test_only_data_with_raw_files_have_a_content(tmp_path: Path, generated_data: Path) -> None:
    assert content(SyntheticData(shared_bits=4)) is None
    assert content(ArchiveData(content="0" * 64, modalities=("a", "b"))) == "0" * 64
    path = tmp_path / "mustard/sarcasm.pkl"
    path.parent.mkdir()
    path.write_bytes(b"clips")
    assert content(AffectData(dataset="mustard"), tmp_path) == content_of(path)
    before = content(AvMnistData(), generated_data)
    labels = generated_data / "mnist/t10k-labels-idx1-ubyte"
    kept = labels.read_bytes()
    labels.write_bytes(kept[::-1])
    try:
        assert content(AvMnistData(), generated_data) != before
    finally:
        labels.write_bytes(kept)


def test_a_missing_file_has_no_content(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content(AffectData(dataset="mustard"), tmp_path)
