"""The page of a study as a browser draws it, on a phone, a desktop and paper: nothing is cut or overlaps."""

import os
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from selenium.webdriver import Chrome

from analysis.conclusions import conclude_records
from analysis.records import StudyRecords
from analysis.report.study_page import study_page
from tests.cluster.browser import chromium

# By how much boxes may touch: a letter's box is higher than the letter. In pixels.
_ALLOWED = 1.5
_BOXES = """
const box = part => {
  const {left, top, right, bottom} = part.getBoundingClientRect();
  return [left, top, right, bottom];
};
const texts = chart => [...chart.querySelectorAll("text")].map(text => [text.textContent, box(text)]);
return [...document.querySelectorAll("svg.chart")]
  .map(chart => [chart.getAttribute("aria-label"), box(chart), texts(chart)]);
"""
_BEYOND = """
const width = document.documentElement.clientWidth;
const boxes = [...document.querySelectorAll("main figure, main p, main h2, nav")]
  .map(part => part.getBoundingClientRect());
return [document.documentElement.scrollWidth - width,
  boxes.filter(box => box.left < -1 || box.right > width + 1).length];
"""
# What is wider than the page in print, or reaches out of a part that would scroll on a screen.
_CUT_ON_PAPER = """
const width = document.documentElement.clientWidth;
return [...document.querySelectorAll("body *")]
  .filter(part => !part.closest("svg g") && part.getBoundingClientRect().right > width + 1)
  .map(part => part.tagName + " " + part.textContent.slice(0, 60));
"""
_PRINTABLE = round((210 - 2 * 12) * 96 / 25.4)  # pixels of A4's width between the margins of style.css
_PAPER = "return getComputedStyle(document.body).backgroundColor"

Box = tuple[float, float, float, float]  # left, top, right, bottom


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser; skipped, saying why, where it is not installed."""
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if None in programs:
        if os.environ.get("CI"):
            pytest.fail("CI must have chromium and chromium-driver")
        pytest.skip("not installed: chromium, chromium-driver")
    with chromium(tmp_path_factory.mktemp("browser") / "profile", *programs) as running:
        yield running


@pytest.fixture(scope="module")
def page(study_records: StudyRecords, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of a study with λ as close as the synthetic study's."""
    grid = dict(zip(study_records.study["lambdas"], (0, 0.05, 0.1, 0.2, 0.4, 1, 4), strict=True))
    moved = {
        name: getattr(study_records, name).assign(**{"lambda": lambda table: table["lambda"].map(grid)})
        for name in ("trials", "scores", "alignment")
    }
    study = {**study_records.study, "lambdas": list(grid.values())}
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(study_page(conclude_records(replace(study_records, study=study, **moved))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[(375, "light"), (375, "dark"), (1280, "light"), (1280, "dark")], ids=str)
def opened(browser: Chrome, page: str, request: pytest.FixtureRequest) -> Chrome:
    """The browser with the page, as wide as a phone or a desktop, and light or dark."""
    width, colours = request.param
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": colours}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(page)
    assert browser.execute_script("return window.innerWidth") == width
    is_dark = "rgb(19, 22, 25)" == browser.execute_script(_PAPER)
    assert is_dark == (colours == "dark")
    return browser


def overlap(one: Box, other: Box) -> bool:
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > _ALLOWED
        and min(one[3], other[3]) - max(one[1], other[1]) > _ALLOWED
    )


def test_nothing_goes_beyond_the_sides(opened: Chrome) -> None:
    assert opened.execute_script(_BEYOND) == [0, 0]


def faults(browser: Chrome) -> tuple[list[str], list[str]]:
    """Texts of charts that reach out of their chart, and pairs of texts of which one lies on the other."""
    cut, overlapping = [], []
    charts = browser.execute_script(_BOXES)
    assert len(charts) == 2 + 2 + 2 + 3  # λ* and gains, curves of two variants, all gains and information, the search
    for name, (left, top, right, bottom), texts in charts:
        assert len(texts) > 3
        for place, (words, box) in enumerate(texts):
            across = box[0] >= left - _ALLOWED and box[2] <= right + _ALLOWED
            down = box[1] >= top - _ALLOWED and box[3] <= bottom + _ALLOWED
            cut += [] if across and down else [f"{words} of {name}"]
            overlapping += [f"{words} and {also} of {name}" for also, other in texts[:place] if overlap(box, other)]
    return cut, overlapping


def test_no_text_of_a_chart_is_cut_or_lies_on_another(opened: Chrome) -> None:
    assert faults(opened) == ([], [])


def test_letters_that_are_too_large_are_noticed(opened: Chrome) -> None:
    opened.execute_script("document.styleSheets[0].insertRule('svg.chart text { font-size: 30px !important; }', 0)")
    cut, overlapping = faults(opened)
    assert cut and overlapping


def test_on_paper_all_is_within_the_page(browser: Chrome, page: str) -> None:
    metrics = {"width": _PRINTABLE, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    try:
        browser.get(page)
        browser.execute_script("for (const part of document.querySelectorAll('details')) part.open = true")
        assert browser.execute_script(_PAPER) == "rgb(255, 255, 255)"
        assert browser.execute_script(_CUT_ON_PAPER) == []
        printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    sizes = re.findall(rb"/MediaBox \[([\d. ]+)\]", b64decode(printed["data"]))
    assert len(sizes) > 2
    for size in sizes:
        millimetres = [float(number) * 25.4 / 72 for number in size.split()]
        assert millimetres == pytest.approx([0, 0, 210, 297], abs=0.2)
