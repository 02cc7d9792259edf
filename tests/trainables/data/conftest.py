"""Generated raw files in the true formats."""

import struct
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

NUM_TRAIN_IMAGES, NUM_TEST_IMAGES = 60_000, 10_000


@pytest.fixture(scope="session")
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    """The IDX file of an array of unsigned bytes."""

    def encode(values: np.ndarray) -> bytes:
        header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
        return header + values.astype(np.uint8).tobytes()

    return encode


@pytest.fixture(scope="session")
def write_wav() -> Callable[..., None]:
    """Write int16 samples as a wav file."""

    def write(path: Path, samples: np.ndarray, *, channels: int = 1, width: int = 2, rate: int = 8_000) -> None:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(width)
            file.setframerate(rate)
            file.writeframes(samples.astype("<i2").tobytes())

    return write


@pytest.fixture(scope="session")
def generated_data(
    tmp_path_factory: pytest.TempPathFactory,
    idx_bytes: Callable[[np.ndarray], bytes],
    write_wav: Callable[..., None],
) -> Path:
    """A data folder with MNIST's four files, one bright pixel an image, and 500 recordings of one speaker."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    (folder / "mnist").mkdir()
    for name, count in (("train", NUM_TRAIN_IMAGES), ("t10k", NUM_TEST_IMAGES)):
        images = np.zeros((count, 784), dtype=np.uint8)
        images[np.arange(count), random.integers(784, size=count)] = 255
        labels = random.integers(10, size=count)
        (folder / f"mnist/{name}-images-idx3-ubyte").write_bytes(idx_bytes(images.reshape(count, 28, 28)))
        (folder / f"mnist/{name}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    (folder / "fsdd/recordings").mkdir(parents=True)
    for digit in range(10):
        for index in range(50):
            # Lengths from a single window to half as long again as 20 steps hold.
            samples = random.normal(scale=3_000, size=random.integers(512, 8_400))
            write_wav(folder / f"fsdd/recordings/{digit}_ada_{index}.wav", samples)
    return folder
