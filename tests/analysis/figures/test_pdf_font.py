"""The small font of PDFs shows what the whole one shows, and is left aside where it lacks a letter."""

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures.pdf_font import _small_family, pdf_font_families
from analysis.figures.plotting import STYLE, Drawing, save_figure

TEXT = "AVATo W fi, Fly: gain of λ* = 0.5 ± 1 % – “Größe” ≥ 3 × ½"


def pictured(families: Callable[[Figure], Sequence[str]], weight: str) -> np.ndarray:
    """The text as pixels."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4, 0.5))
        figure.text(0.02, 0.4, TEXT, weight=weight)
        matplotlib.rcParams["font.sans-serif"] = list(families(figure))
        buffer = BytesIO()
        figure.savefig(buffer, format="rgba", dpi=200)
    return np.frombuffer(buffer.getvalue(), dtype=np.uint8)


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_letters_and_their_distances_are_those_of_the_whole_font(weight: str) -> None:
    small, whole = pictured(pdf_font_families, weight), pictured(lambda _: ["DejaVu Sans"], weight)
    np.testing.assert_array_equal(small, whole)
    assert len(np.unique(small)) > 10  # something was drawn


@pytest.mark.parametrize(("text", "takes_whole"), [(TEXT, False), ("λ of жук", True)])
def test_a_pdf_has_letters_of_the_small_font_but_of_the_whole_one_where_that_lacks_some(
    tmp_path: Path, text: str, takes_whole: bool
) -> None:
    figure = Figure(figsize=(4, 0.5))
    figure.text(0.02, 0.4, text)
    _, pdf, *_ = save_figure(Drawing(figure=figure, data=pd.DataFrame(), caption=""), tmp_path / "figure")
    content = pdf.read_bytes()
    fonts = set(re.findall(rb"/BaseFont /[A-Z]{6}\+(\S+)", content))
    assert fonts == {b"DejaVuSans" if takes_whole else b"SmallDejaVuSans"}


@pytest.mark.parametrize("content", [None, b"no font"])
def test_where_the_small_font_cannot_be_had_the_whole_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """In a folder that takes no file, and with a damaged file."""
    folder = tmp_path if content else tmp_path / "missing"
    if content:
        (folder / f"small-{matplotlib.__version__}-DejaVuSans.ttf").write_bytes(content)
    monkeypatch.setattr(matplotlib, "get_cachedir", lambda: str(folder))
    _small_family.cache_clear()
    figure = Figure()
    figure.text(0, 0, TEXT)
    assert pdf_font_families(figure) == list(matplotlib.rcParams["font.sans-serif"])
