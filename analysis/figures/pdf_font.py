"""The font of PDFs: DejaVu Sans without the letters that figures hardly ever have.

matplotlib cuts out of a font what a PDF needs of it. From the whole of DejaVu Sans, 6,241 glyphs, that is most of what
it takes to save a figure; from the letters of European languages, with Greek and a few signs, a quarter. Letters and
their distances are the same.
"""

from functools import cache
from pathlib import Path
from uuid import uuid4

import matplotlib
from fontTools import subset
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager, ttfFontProperty
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

_WHOLE = "DejaVu Sans"
_FAMILY = f"Small {_WHOLE}"
# First and last code points: Latin, Greek, punctuation, arrows, mathematical signs.
_LETTERS = ((0x20, 0x17F), (0x370, 0x3FF), (0x2010, 0x2044), (0x2190, 0x2193), (0x2200, 0x226F))
_FAMILY_RECORDS, _POSTSCRIPT_RECORD = (1, 4, 16), 6  # of a font's table of names


def pdf_font_families(figure: Figure) -> list[str]:
    """The families for text without serifs in the figure's PDF, the small font first where it has all letters."""
    usual = list(matplotlib.rcParams["font.sans-serif"])
    letters = {ord(letter) for text in figure.findobj(Text) for letter in text.get_text()} - {ord("\n")}
    has_all = all(any(first <= letter <= last for first, last in _LETTERS) for letter in letters)
    try:
        return [_small_family(), *usual] if has_all else usual
    except (OSError, RuntimeError):  # no room for its file, or a damaged one: it is for speed alone
        return usual


@cache
def _small_family() -> str:
    """The small font's family, which matplotlib knows from now on."""
    fontManager.ttflist += [_small_font(weight) for weight in ("normal", "bold")]
    return _FAMILY


def _small_font(weight: str) -> FontEntry:
    """The small font of a weight, made when it is first asked for."""
    whole = Path(findfont(FontProperties(family=_WHOLE, weight=weight)))
    small = Path(matplotlib.get_cachedir()) / f"small-{matplotlib.__version__}-{whole.name}"
    if not small.exists():
        unfinished = small.with_suffix(f".{uuid4().hex}")
        _cut_out(whole, unfinished)
        unfinished.replace(small)
    return ttfFontProperty(FT2Font(str(small)))


def _cut_out(whole: Path, small: Path) -> None:
    """Write the letters of a font as a font of another name."""
    options = subset.Options(glyph_names=True, recommended_glyphs=True, notdef_outline=True, recalc_timestamp=False)
    options.layout_features = ["kern", "liga"]  # what matplotlib sets text with
    options.drop_tables += ["MATH", "FFTM"]
    with subset.load_font(str(whole), options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=[code for first, last in _LETTERS for code in range(first, last + 1)])
        subsetter.subset(font)
        for record in font["name"].names:
            name = f"Small{record}" if record.nameID == _POSTSCRIPT_RECORD else str(record)
            if record.nameID in _FAMILY_RECORDS:
                name = name.replace(_WHOLE, _FAMILY)
            record.string = name.encode(record.getEncoding())
        font.save(small)
