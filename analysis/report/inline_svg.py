"""A figure inside a page: its SVG in the page's colours and letters, with points that can be read one by one.

matplotlib draws each figure once. What a page needs beyond that is done to the SVG: colours become the page's, so that
they turn with light and dark; names become the figure's own, as a page has several; and over each point that has
something to say lies a circle, which a mouse, a finger and the keyboard reach.
"""

import re
from dataclasses import dataclass
from html import escape

import numpy as np
from markupsafe import Markup

from analysis.figures import Drawing

# Figures' colours, by their variables in style.css.
_VARIABLES = {
    "#0072b2": "--k0",
    "#d55e00": "--k1",
    "#009e73": "--k2",
    "#cc79a7": "--k3",
    "#e69f00": "--k4",
    "#56b4e9": "--k5",
    "#ffffff": "--paper",
}
_DARKEST_LINE = 0x99  # a grey that is lighter is a line of the background, one that is darker is meant to be read
_POINTS_PER_INCH = 72
_MOST_PIXELS, _FEWEST_PIXELS = 2.0, 1.25  # of the screen for a point of a figure


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure inside the page; `has_tips` says that its points can be reached by the keyboard."""

    caption: str
    svg: Markup
    has_tips: bool


def picture(drawing: Drawing, name: str) -> Picture:
    """The figure for a page on which no other has that name."""
    return Picture(caption=drawing.caption, svg=_inline(drawing, name), has_tips=bool(drawing.tips))


def _inline(drawing: Drawing, name: str) -> Markup:
    drawn = drawing.svg.decode("utf-8")
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 : drawn.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|\n", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]+>", lambda tag: _tag_of_page(tag[0], re.sub(r"\W", "-", name)), body)
    width, height = drawing.figure.get_size_inches() * _POINTS_PER_INCH
    label = escape(f"{drawing.caption} The tables, or the CSV file of its name, hold the numbers.")
    return Markup(
        f'<svg class="chart" viewBox="0 0 {width:.2f} {height:.2f}" role="group" aria-label="{label}" '
        f'style="min-width: {_FEWEST_PIXELS * width:.0f}px; max-width: {_MOST_PIXELS * width:.0f}px">'
        f'<g aria-hidden="true">{body}</g>{_circles(drawing, height)}</svg>'
    )


def _tag_of_page(tag: str, figure: str) -> str:
    """A tag of the SVG with short numbers, names of its figure's own, and colours of the page."""
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    tag = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{figure}-", tag)
    return re.sub(r"#[0-9a-f]{6}\b", lambda colour: _colour_of_page(colour[0]), tag)


def _colour_of_page(colour: str) -> str:
    """The page's colour in place of a figure's; greys become one of three, all others stay as they are."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    if colour in _VARIABLES:
        return f"var({_VARIABLES[colour]})"
    if red == green == blue:
        return "var(--ink)" if red == 0 else "var(--muted)" if red <= _DARKEST_LINE else "var(--line)"
    return colour


def _circles(drawing: Drawing, height: float) -> str:
    """A circle over each point that has something to say; to be called after the figure was drawn."""
    circles = []
    for tip in drawing.tips:
        x, y = tip.panel.transData.transform((tip.x, tip.y)) * _POINTS_PER_INCH / drawing.figure.dpi
        if np.isfinite((x, y)).all():
            text = escape(tip.text)
            circles.append(
                f'<circle class="hit" cx="{x:.2f}" cy="{height - y:.2f}" r="6" tabindex="0" role="img" '
                f'aria-label="{text}" data-tip="{text}"/>'
            )
    return "".join(circles)
