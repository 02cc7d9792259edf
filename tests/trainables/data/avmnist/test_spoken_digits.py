import io
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest

from trainables.config import Refused
from trainables.data.avmnist.spoken_digits import read_recordings, waveform


def pack(path: Path, folder: Path, prefix: str = "recordings") -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for file in sorted(folder.iterdir(), reverse=True):
            archive.add(file, f"{prefix}/{file.name}")


@pytest.fixture
def folder(generated_data) -> Path:
    return generated_data / "fsdd" / "recordings"


@pytest.mark.parametrize("prefix", ["recordings", "./recordings", "free-spoken-digit-dataset/recordings"])
def test_archive_equals_folder(folder, tmp_path, prefix):
    pack(tmp_path / "recordings.tar.gz", folder, prefix)
    unpacked, packed = read_recordings(folder), read_recordings(tmp_path / "recordings.tar.gz")
    assert packed.names == unpacked.names
    assert packed.files == unpacked.files
    assert np.array_equal(packed.digits, unpacked.digits)
    assert np.array_equal(packed.indexes, unpacked.indexes)


def test_names_say_digit_and_index(folder):
    recordings = read_recordings(folder)
    assert len(recordings.names) == 500
    row = recordings.names.index("7_ada_31.wav")
    assert (recordings.digits[row], recordings.indexes[row]) == (7, 31)
    assert recordings.files[row] == (folder / "7_ada_31.wav").read_bytes()


def test_archive_members_that_are_no_recordings_are_left_out(folder, tmp_path):
    path = tmp_path / "recordings.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name in ("recordings/._0_ada_0.wav", "recordings/../0_eve_0.wav", "recordings/0_eve_0.wav.exe"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"bad"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("recordings/0_eve_0.wav")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        for file in folder.iterdir():
            archive.add(file, f"recordings/{file.name}")
    assert read_recordings(path).files == read_recordings(folder).files
    assert [entry.name for entry in tmp_path.iterdir()] == ["recordings.tar.gz"]


def test_damaged_archive_is_refused_by_name(folder, tmp_path):
    path = tmp_path / "recordings.tar.gz"
    pack(path, folder)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    for damaged in (content[: len(content) // 2], content[:-4], bytes(flipped), b"<html></html>", b""):
        path.write_bytes(damaged)
        with pytest.raises(Refused, match=f"{path}: expected"):
            read_recordings(path)


def test_missing_recording_is_named(folder, tmp_path):
    for file in folder.iterdir():
        if file.name != "3_ada_17.wav":
            (tmp_path / file.name).symlink_to(file)
    with pytest.raises(Refused, match=r"500 files; found 1 missing, among them 3_ada_17\.wav"):
        read_recordings(tmp_path)


def test_second_speaker_must_be_complete_too(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "0_eve_0.wav").symlink_to(folder / "0_ada_0.wav")
    with pytest.raises(Refused, match=r"2 speaker\(s\), 1000 files; found 499 missing"):
        read_recordings(tmp_path)


def test_folder_without_recordings_is_refused(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(Refused, match="found none"):
        read_recordings(tmp_path)


def test_waveform_scales_16_bits_to_one(tmp_path, write_wav):
    samples = np.array([0, 1, -1, 2**14, 2**15 - 1, -(2**15)])
    write_wav(tmp_path / "a.wav", samples)
    found = waveform("a.wav", (tmp_path / "a.wav").read_bytes())
    assert found.dtype == np.float32
    assert np.array_equal(found * 2**15, samples)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"channels": 2}, "found 2 channel(s), 2 byte(s), 8000 Hz"),
        ({"width": 1}, "found 1 channel(s), 1 byte(s), 8000 Hz"),
        ({"rate": 16_000}, "found 1 channel(s), 2 byte(s), 16000 Hz"),
    ],
)
def test_waveform_of_another_form_is_refused(tmp_path, write_wav, form, expected):
    write_wav(tmp_path / "a.wav", np.zeros(100), **form)
    with pytest.raises(Refused, match=re.escape(expected)):
        waveform("a.wav", (tmp_path / "a.wav").read_bytes())


@pytest.mark.parametrize("size", [0, 10, 43, 44, 143, 242])
def test_wav_file_cut_short_is_refused_by_name(tmp_path, write_wav, size):
    write_wav(tmp_path / "a.wav", np.ones(100))
    with pytest.raises(Refused, match=r"5_ada_0\.wav: expected"):
        waveform("5_ada_0.wav", (tmp_path / "a.wav").read_bytes()[:size])
