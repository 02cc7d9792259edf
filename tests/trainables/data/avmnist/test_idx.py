import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.config import Refused
from trainables.data.avmnist.idx import read_idx


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3), is_packed=st.booleans(), seed=st.integers(0, 9))
def test_what_was_written_is_read(tmp_path_factory, idx_bytes, shape, is_packed, seed):
    values = np.random.default_rng(seed).integers(256, size=shape)
    # The name does not say whether the file is packed.
    path = tmp_path_factory.getbasetemp() / "digits.gz"
    path.write_bytes(gzip.compress(idx_bytes(values)) if is_packed else idx_bytes(values))
    found = read_idx(path, tuple(shape))
    assert found.dtype == np.uint8
    assert np.array_equal(found, values)


@pytest.fixture
def labels_file(tmp_path, idx_bytes) -> Path:
    path = tmp_path / "labels"
    path.write_bytes(idx_bytes(np.arange(100) % 10))
    return path


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda content: b"", "magic number 00000801, found no bytes"),
        (lambda content: b"<html>" + content, "magic number 00000801, found 3c68746d"),
        (lambda content: content[:6], "header of 8 bytes, found 6 bytes"),
        (lambda content: content[:-1], "100 bytes of values, found 99 bytes"),
        (lambda content: content + b"\0", "100 bytes of values, found more"),
    ],
)
def test_damaged_file_is_refused_by_name(labels_file, damage, expected):
    labels_file.write_bytes(damage(labels_file.read_bytes()))
    with pytest.raises(Refused, match=f"{labels_file}: expected .*{expected}"):
        read_idx(labels_file, (100,))


def test_other_shape_is_refused(labels_file):
    with pytest.raises(Refused, match=r"expected an array of shape \(60000,\), found \(100,\)"):
        read_idx(labels_file, (60_000,))


def test_other_number_of_dimensions_is_refused(labels_file):
    with pytest.raises(Refused, match="magic number 00000803, found 00000801"):
        read_idx(labels_file, (100, 28, 28))


def test_gzip_file_cut_anywhere_is_refused(labels_file):
    content = gzip.compress(labels_file.read_bytes())
    # From behind the two bytes that say that it is gzip.
    for size in range(2, len(content)):
        labels_file.write_bytes(content[:size])
        with pytest.raises(Refused, match=f"{labels_file}: expected a whole gzip file"):
            read_idx(labels_file, (100,))


def test_gzip_file_with_another_checksum_is_refused(labels_file):
    content = bytearray(gzip.compress(labels_file.read_bytes()))
    content[-8] ^= 1
    labels_file.write_bytes(content)
    with pytest.raises(Refused, match="expected a whole gzip file"):
        read_idx(labels_file, (100,))
