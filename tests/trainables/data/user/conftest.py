"""A package of a user's own, as it might lie beside a study."""

import re
from pathlib import Path

import pytest

SIGNALS = """
import numpy as np

def waveforms(draw, num_rows, noise):
    return np.round(1000 * noise * draw.standard_normal((num_rows, 400))).astype(np.int16)

def images(draw, num_rows):
    return draw.integers(256, size=(num_rows, 3, 8, 6), dtype=np.uint8)
"""

LOADING = """
import numpy as np
from trainables.data import Split, Splits
from .signals import images, waveforms

CALLS = []

def raw(noise=1.0, num_rows=12):
    CALLS.append(noise)
    draw = np.random.default_rng(0)

    def split():
        y = np.arange(num_rows, dtype=np.uint8) % 3
        return Split(x1=waveforms(draw, num_rows, noise), x2=images(draw, num_rows), y=y)

    return Splits(train=split(), valid=split(), test=split(), modalities=("sound", "sight"), num_classes=3)

def from_folder(data_dir, num_rows=12):
    (data_dir / "asked").touch()
    return raw(num_rows=num_rows)

NOT_A_FUNCTION = 3
"""


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of an importable package with the modules `loading`, `signals` and `unrelated`; each test has its own.

    The folder that it lies in is `tmp_path`.
    """
    name = "lab_" + re.sub(r"\W", "_", request.node.name)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "signals.py").write_text(SIGNALS)
    (folder / "loading.py").write_text(LOADING)
    (folder / "unrelated.py").write_text("ANSWER = 42\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name
