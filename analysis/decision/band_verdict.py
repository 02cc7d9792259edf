"""What follows from a band of gains alone: the word, where harm begins, how far nothing is lost, the shape."""

from typing import Literal

import numpy as np

from analysis.decision.band import GainBand

Word = Literal["align", "do not align", "no difference", "undecided"]
Shape = Literal["increasing", "saturating", "inverted_u", "decreasing", "flat"]


def word_of(band: GainBand, margin: float) -> Word:
    """The decision. The four words exclude each other, and one of them always holds.

    `align`: some λ is shown to gain. Otherwise, where no λ can gain the margin: `do not align` if some λ is shown to
    harm, `no difference` if none is and every λ lies within the margin of the first. All else is `undecided`.
    """
    lows, highs = band.lows[band.others], band.highs[band.others]
    if not band.is_scored[0] or len(lows) == 0:
        return "undecided"
    if (lows > 0).any():
        return "align"
    if (highs >= margin).any():
        return "undecided"
    if (highs < 0).any():
        return "do not align"
    return "no difference" if (lows > -margin).all() else "undecided"


def best_index(band: GainBand) -> int:
    """The λ with the highest estimated gain; of those that are shown to gain, where there are any."""
    shown = band.lows > 0
    return int(np.where(shown, band.gains, -np.inf).argmax()) if shown.any() else int(np.nanargmax(band.gains))


def leading(band: GainBand) -> int:
    """The λ above the first with the highest estimated gain."""
    return 1 + int(np.nan_to_num(band.gains[1:], nan=-np.inf).argmax())


def harmful_from(band: GainBand) -> int | None:
    """The smallest λ from which on all larger ones are shown to harm, as an index; None where the last is not."""
    others = np.flatnonzero(band.others)
    harmless = np.flatnonzero(band.highs[others] >= 0)
    first = harmless[-1] + 1 if len(harmless) else 0
    return int(others[first]) if first < len(others) else None


def harmless_to(band: GainBand, margin: float) -> int | None:
    """The largest λ up to which all lie within the margin of the first, as an index; None where the second does not."""
    others = np.flatnonzero(band.others)
    outside = np.flatnonzero((band.lows[others] <= -margin) | (band.highs[others] >= margin))
    last = (outside[0] if len(outside) else len(others)) - 1
    return int(others[last]) if last >= 0 else None


def shape_of(band: GainBand, margin: float) -> Shape | None:
    """The shape of the curve that the word allows; None where nothing is decided.

    A curve that gains is `inverted_u` if the last λ is shown to lie below the best, `increasing` if the last is shown
    to lie above all others, and otherwise `saturating`.
    """
    shapes: dict[Word, Shape] = {"do not align": "decreasing", "no difference": "flat"}
    word = word_of(band, margin)
    if word != "align":
        return shapes.get(word)
    others = np.flatnonzero(band.others)
    if band.highs[others[-1]] < band.lows[best_index(band)]:
        return "inverted_u"
    before = np.append(others[:-1], 0)
    return "increasing" if (band.highs[before] < band.lows[others[-1]]).all() else "saturating"
