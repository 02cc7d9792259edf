"""A figure inside a page: its points lie where it drew them, words stay, colours are the page's, names are its own."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import Drawing
from analysis.figures.plotting import Tip
from analysis.report.inline_svg import picture

WORDS = '#0072b2 0.123456 id="x" <b>&'


def drawing() -> Drawing:
    """A line from corner to corner of its panel, which fills the figure's right upper quarter."""
    figure = Figure(figsize=(4, 2))
    panel = figure.add_axes((0.5, 0.5, 0.5, 0.5))
    panel.plot([0, 10], [0, 1], color="#0072B2")
    panel.set_xlim(0, 10)
    panel.set_ylim(0, 1)
    panel.set_title(WORDS, y=-0.5)
    tips = [Tip(panel=panel, x=x, y=y, text=f"{x}, {y}\n{WORDS}") for x, y in ((0, 0), (10, 1), (5, 0.25))]
    tips.append(Tip(panel=panel, x=float("nan"), y=0, text="nowhere"))
    return Drawing(figure=figure, data=pd.DataFrame(), caption=WORDS, tips=tips)


class Elements(HTMLParser):
    """All elements with their attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_points_lie_where_the_figure_drew_them_and_say_their_words() -> None:
    circles = [attributes for tag, attributes in Elements(picture(drawing(), "a").svg).found if tag == "circle"]
    places = [(float(circle["cx"] or ""), float(circle["cy"] or "")) for circle in circles]
    # A figure of 288 by 144 points, with y downwards.
    assert places == [pytest.approx(place) for place in ((144, 72), (288, 0), (216, 54))]
    assert [circle["data-tip"] for circle in circles] == [f"{x}, {y}\n{WORDS}" for x, y in ((0, 0), (10, 1), (5, 0.25))]


def test_colours_turn_with_the_page_and_words_stay_as_they_are() -> None:
    page = Elements(picture(drawing(), "a").svg)
    assert WORDS in page.words
    styles = " ".join(attributes.get("style") or "" for _, attributes in page.found)
    assert "var(--k0)" in styles and "var(--ink)" in styles and "#0072b2" not in styles
    assert not re.search(r"\d\.\d{3}", styles)


def test_two_figures_of_a_page_share_no_name_and_each_finds_its_own() -> None:
    names, wanted = [], []
    for figure in ("a", "b, c"):
        svg = picture(drawing(), figure).svg
        names += re.findall(r'<[^>]*\bid="([^"]+)"', svg)
        wanted += re.findall(r"url\(#([^)]+)\)", svg)
    assert len(set(names)) == len(names) and len(wanted) > 0 and set(wanted) <= set(names)
    assert not any(set(name) & set(' ,"') for name in names)
