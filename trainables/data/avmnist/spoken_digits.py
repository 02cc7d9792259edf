"""Reading the Free Spoken Digit Dataset (FSDD): one digit a wav file, `<digit>_<speaker>_<index>.wav`."""

import gzip
import io
import re
import tarfile
import wave
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from trainables.config import Refused

NUM_DIGITS = 10
RECORDINGS_PER_SPEAKER = 50
SAMPLE_RATE = 8_000
FILE_NAME = re.compile(r"[0-9]_[A-Za-z]+_(0|[1-9][0-9]*)\.wav")


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Spoken digits in the order of their names, which does not depend on how the files were stored.

    `files`: the bytes of each wav file. `digits`, `indexes`: int64 [n], what was said, and the number of the
    recording among those of its speaker and digit.
    """

    names: tuple[str, ...]
    files: tuple[bytes, ...]
    digits: np.ndarray
    indexes: np.ndarray


def read_recordings(path: Path) -> Recordings:
    """Read all recordings from a folder of wav files, or from a tar.gz that holds a folder `recordings`.

    Files of other names are left out. Raises Refused, naming the path, where an archive is damaged, or
    where a speaker lacks one of the recordings 0-49 of any digit.
    """
    if path.is_dir():
        files = {file.name: file.read_bytes() for file in path.iterdir() if FILE_NAME.fullmatch(file.name)}
    else:
        files = _read_archive(path)
    names = tuple(sorted(files))
    fields = [name.removesuffix(".wav").split("_") for name in names]
    _require_complete(path, names, {speaker for _, speaker, _ in fields})
    return Recordings(
        names=names,
        files=tuple(files[name] for name in names),
        digits=np.array([int(digit) for digit, _, _ in fields]),
        indexes=np.array([int(index) for _, _, index in fields]),
    )


def waveform(name: str, content: bytes) -> np.ndarray:
    """Samples of one wav file as float32 [n] from −1 to 1.

    Raises Refused, naming the recording, where it is no whole wav file of one channel of 16 bits at 8 kHz.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            num_samples = file.getnframes()
            samples = file.readframes(num_samples)
    except (wave.Error, EOFError) as error:
        raise Refused(f"{name}: expected a wav file, found a damaged one or another format ({error})") from error
    if form != (1, 2, SAMPLE_RATE):
        raise Refused(
            f"{name}: expected 1 channel, 2 bytes a sample, {SAMPLE_RATE} Hz; "
            f"found {form[0]} channel(s), {form[1]} byte(s), {form[2]} Hz"
        )
    if len(samples) != 2 * num_samples:
        raise Refused(f"{name}: expected {num_samples} samples, found {len(samples) // 2}")
    return np.frombuffer(samples, dtype="<i2").astype(np.float32) / 2**15


def _read_archive(path: Path) -> dict[str, bytes]:
    """Files of the expected names in the archive's folder `recordings`, read into memory alone."""
    try:
        # Unpacked whole, because only the end of a gzip stream carries the checksum of what came before.
        content = gzip.decompress(path.read_bytes())
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            return dict(_archived_recordings(archive))
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Refused(f"{path}: expected a whole tar.gz, found a damaged one ({error})") from error


def _archived_recordings(archive: tarfile.TarFile) -> Iterable[tuple[str, bytes]]:
    for member in archive:
        inner = PurePosixPath(member.name)
        # A link is left out: it could name any file of the archive.
        if member.isreg() and inner.parent.name == "recordings" and FILE_NAME.fullmatch(inner.name):
            file = archive.extractfile(member)
            if file is not None:
                yield inner.name, file.read()


def _require_complete(path: Path, names: Iterable[str], speakers: set[str]) -> None:
    """Raise Refused unless all are there: a partial copy would change results unnoticed."""
    if not speakers:
        raise Refused(f"{path}: expected recordings named <digit>_<speaker>_<index>.wav, found none")
    expected = {
        f"{digit}_{speaker}_{index}.wav"
        for digit in range(NUM_DIGITS)
        for speaker in speakers
        for index in range(RECORDINGS_PER_SPEAKER)
    }
    missing = sorted(expected.difference(names))
    if missing:
        raise Refused(
            f"{path}: expected recordings 0-{RECORDINGS_PER_SPEAKER - 1} of each digit by each of "
            f"{len(speakers)} speaker(s), {len(expected)} files; found {len(missing)} missing, among them "
            f"{', '.join(missing[:5])}"
        )
