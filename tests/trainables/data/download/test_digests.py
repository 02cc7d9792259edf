import gzip
import hashlib
import pickle
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from trainables.config import Refused
from trainables.data.download.digests import idx_digest, pickle_digest, recordings_digest, refuse_page
from trainables.data.download.sources import FSDD, MNIST

LABELS = np.arange(100) % 10


@pytest.fixture
def folder(generated_data, tmp_path) -> Path:
    """Recordings that a test may change."""
    return Path(shutil.copytree(generated_data / "fsdd/recordings", tmp_path / "recordings"))


def test_an_idx_file_has_the_digest_of_its_content_however_it_is_packed(tmp_path, idx_bytes):
    content = idx_bytes(LABELS)
    forms = [content, *(gzip.compress(content, level, mtime=level) for level in (0, 1, 9))]
    for number, form in enumerate(forms):
        path = tmp_path / f"{number}.gz"
        path.write_bytes(form)
        assert idx_digest(path, (100,)) == hashlib.sha256(content).hexdigest()


def test_an_idx_file_that_is_damaged_or_of_another_shape_has_none(tmp_path, idx_bytes):
    path = tmp_path / "labels.gz"
    packed = gzip.compress(idx_bytes(LABELS))
    for content in (packed[:-1], packed[:20], b"", gzip.compress(idx_bytes(LABELS[:99]))):
        path.write_bytes(content)
        with pytest.raises(Refused, match=r"labels\.gz: expected"):
            idx_digest(path, (100,))


def test_recordings_have_the_digest_that_sha256sum_gives(folder):
    command = "LC_ALL=C sha256sum *.wav | LC_ALL=C sha256sum"
    printed = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert recordings_digest(folder) == printed.split()[0]


def test_recordings_have_one_digest_in_a_folder_and_in_any_archive(folder, tmp_path):
    expected = recordings_digest(folder)
    for number, base in enumerate(("recordings", ".")):
        archive = shutil.make_archive(str(tmp_path / f"archive{number}"), "gztar", root_dir=tmp_path, base_dir=base)
        assert recordings_digest(Path(archive)) == expected


def test_another_name_or_another_byte_is_another_digest(folder):
    found = {recordings_digest(folder)}
    path = folder / "6_ada_33.wav"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found.add(recordings_digest(folder))
    other = folder / "6_ada_34.wav"
    path.write_bytes(other.read_bytes())
    other.write_bytes(content)  # the same contents under each other's names
    found.add(recordings_digest(folder))
    assert len(found) == 3


def test_a_pickle_has_the_digest_of_its_bytes_and_is_not_carried_out(tmp_path):
    path, marker = tmp_path / "data.pkl", tmp_path / "marker"
    path.write_bytes(f"cposix\nmkdir\n(S'{marker}'\ntR.".encode())
    assert pickle_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not marker.exists()
    pickle.loads(path.read_bytes())
    assert marker.exists()  # so that it would have been seen


def test_a_pickle_that_is_cut_short_has_none(tmp_path):
    path = tmp_path / "data.pkl"
    content = pickle.dumps({"train": np.arange(12.0)}, 4)
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(Refused, match=r"data\.pkl: (expected a whole pickle|refused .* cut short)"):
            pickle_digest(path)


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (b"<!DOCTYPE html><html><head><title>Drive -\n Quota exceeded</title>", " called 'Drive - Quota exceeded'"),
        (b"\n <HTML lang='en'><title>404</title>", " called '404'"),
        (b"<html>", ""),
    ],
)
def test_a_page_is_refused_by_its_title(tmp_path, content, called):
    path = tmp_path / "data.pkl"
    path.write_bytes(content)
    with pytest.raises(Refused, match=rf"data\.pkl: expected the file itself, found an HTML page{called}$"):
        refuse_page(path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", gzip.compress(b"<html>", mtime=0), b"a <html>"])
def test_what_is_no_page_is_let_through(tmp_path, content):
    path = tmp_path / "data.pkl"
    path.write_bytes(content)
    refuse_page(path)


@pytest.mark.parametrize("file", [*MNIST.files, *FSDD.files], ids=lambda file: file.paths[-1])
def test_the_real_files_are_those_that_are_expected(shared_data, file):
    assert file.digest(shared_data / file.paths[-1]) == file.sha256
