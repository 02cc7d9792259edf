from pathlib import Path

import pytest
import torch

from trainables.checkpoint import read_checkpoint, write_checkpoint

STATE = {"epoch": 3, "weights": torch.arange(1000.0), "best": [0.5, 0.25]}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, STATE)
    found = read_checkpoint(tmp_path)
    assert found is not None
    assert found.keys() == STATE.keys() and (found["epoch"], found["best"]) == (3, [0.5, 0.25])
    assert torch.equal(found["weights"], STATE["weights"])


@pytest.mark.parametrize("offset", [0, 2000, -1])
def test_one_altered_byte_anywhere_is_noticed(tmp_path: Path, offset: int) -> None:
    write_checkpoint(tmp_path, STATE)
    file = tmp_path / "training.pt"
    content = bytearray(file.read_bytes())
    content[offset] ^= 1
    file.write_bytes(content)
    assert read_checkpoint(tmp_path) is None


@pytest.mark.parametrize("missing", ["training.pt", "training.sha256"])
def test_half_a_checkpoint_is_none(tmp_path: Path, missing: str) -> None:
    write_checkpoint(tmp_path, STATE)
    (tmp_path / missing).unlink()
    assert read_checkpoint(tmp_path) is None


def test_a_file_cut_short_is_none(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, STATE)
    file = tmp_path / "training.pt"
    file.write_bytes(file.read_bytes()[:-10])
    assert read_checkpoint(tmp_path) is None
