"""The page of a study: well formed, complete in itself, escaped, and with the numbers of the tables."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from analysis.conclusions import Conclusions, conclude_records
from analysis.optimum import mean_curves
from analysis.records import StudyRecords
from analysis.report.answers import answers
from analysis.report.study_page import study_page

VOID = {"meta", "link", "img", "br", "hr", "input", "circle", "rect", "line", "path"}


class Page(HTMLParser):
    """A page's elements, tables and text; it fails on a tag that closes another."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._cells: list[list[str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self._cells = []
        elif tag == "tr":
            self._cells.append([])
        elif tag in ("td", "th"):
            self._cells[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open and self.open.pop() == tag
        if tag == "caption":
            self._caption = self._last
        elif tag == "table":
            self.tables[self._caption] = self._cells

    def handle_data(self, data: str) -> None:
        self._last = data
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self._cells[-1][-1] += data


@pytest.fixture(scope="module")
def html(conclusions: Conclusions) -> str:
    return study_page(conclusions)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    for tag, attributes in Page(html).elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "data:,").startswith(("data:", "#")), (tag, attributes[name])
    assert not re.search(r"@import|url\((?!data:|#)", html)
    assert "default-src 'none'" in html


def test_the_numbers_are_those_of_the_tables(page: Page, conclusions: Conclusions) -> None:
    study_records = conclusions.records
    header, *rows = page.tables["R = 8: test accuracy in numbers"]
    assert header == ["λ", "vision", "vision: 95 % interval", "vision: n", "audio", "audio: 95 % interval", "audio: n"]
    curves = mean_curves(study_records.scores.query("variant == 'R = 8'"), "accuracy", ["encoder"])
    for place, encoder in ((1, "vision"), (4, "audio")):
        curve = curves.loc[curves["encoder"] == encoder].sort_values("lambda")
        assert [row[0] for row in rows] == [f"{lambda_:g}" for lambda_ in curve["lambda"]]
        assert [row[place] for row in rows] == [f"{mean:.4f}" for mean in curve["mean"]]
        bounds = [f"{low:.4f} to {high:.4f}" for low, high in zip(curve["low"], curve["high"], strict=True)]
        assert [row[place + 1] for row in rows] == bounds
        assert [row[place + 2] for row in rows] == ["4"] * 7
    _, *rows = page.tables["The decision for every encoder"]
    assert [row[:4] for row in rows] == [
        [row["variant"], row["encoder"], row["decision"], f"{row['best']:.3g}"]
        for row in conclusions.decisions.to_dict("records")
    ]
    _, *rows = page.tables["Information in bits"]
    assert [row[2] for row in rows] == ["0.3900", "0.0400", "0.0100", "0.0500"]
    assert rows[2][3] == "−0.0100 to 0.0300" and [row[7] for row in rows] == ["0.5000", "–", "–", "–"]


def test_information_without_a_null_has_no_column_for_it(conclusions: Conclusions) -> None:
    """The estimates of today; what each atom is of, and what p tests, is said."""
    plain = conclusions.records.information.assign(null_mean=np.nan, method="posterior")
    records = replace(conclusions.records, information=plain)
    without = Page(study_page(replace(conclusions, records=records)))
    header, *_ = without.tables["Information in bits"]
    assert header == ["variant", "atom", "bits", "95 % interval", "p", "exact", "rows", "method"]
    assert "Unique 1 is what vision alone tells, unique 2 what audio alone does." in without.text
    assert "whether the atom itself may be, its interval says" in without.text


def test_pointing_shows_lambda_mean_interval_and_n(page: Page, study_records: StudyRecords) -> None:
    tips = [attributes["data-tip"] for _, attributes in page.elements if "data-tip" in attributes]
    curve = mean_curves(study_records.scores, "accuracy", ["variant", "encoder"])
    point = curve.query("variant == 'R = 0' and encoder == 'audio' and `lambda` == 0.6").iloc[0]
    interval = f"95 % interval {point['low']:.4f} to {point['high']:.4f}"
    assert f"audio\nλ = 0.6\nmean {point['mean']:.4f}\n{interval}\nn = 4 seeds" in tips
    # One for each accuracy, each measure of alignment that is drawn, each atom, each λ* and each gain at λ*.
    assert len(tips) == 28 + 56 + 4 + 4 + 4


def test_points_stand_where_their_numbers_are(html: str) -> None:
    """Equal steps of accuracy are equal steps up the chart."""
    marks = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"[^>]*data-tip="vision\nλ = ([\d.]+)\nmean ([\d.]+)', html)
    first = np.array(marks[:7], dtype=float)  # of the first chart: x, y, λ, mean
    assert first[:, 2].tolist() == [0, 0.2, 0.4, 0.6, 0.8, 1, 2]
    slope, level = np.polyfit(first[:, 3], first[:, 1], 1)
    assert slope < 0
    np.testing.assert_allclose(first[:, 1], slope * first[:, 3] + level, atol=0.2)  # means are given to four digits
    np.testing.assert_allclose(np.diff(first[:, 0]), np.diff(first[:, 0])[0], atol=0.02)  # λ in even steps


def test_answers_chosen_hyperparameters_and_origin_are_there(page: Page, conclusions: Conclusions) -> None:
    for answer in answers(conclusions.decisions):
        assert f"{answer.encoder}{answer.reasons}" in page.text
    header, *rows = page.tables["The configuration that was confirmed at each λ"]
    assert header == ["variant", "λ", "learning rate", "dropout vision", "validation accuracy", "epochs"]
    assert rows[0] == ["R = 8", "0", "0.1", "0", "0.8100", "9"] and len(rows) == 14
    _, *rows = page.tables["Configurations of the search by how they ended"]
    assert rows[0] == ["R = 8", "0", "3", "2", "1", "0", "0", "yes"]
    assert (
        "Data digest, R = 8" in page.text
        and "0123abc" in page.text
        and "torch 2.13.0" in page.text
        and "No trial failed." in page.text
    )


def test_the_claims_that_a_study_is_about_are_on_its_page(study_records: StudyRecords) -> None:
    """Curves of known shape: saturating and inverted U at R = 8, decreasing and flat at R = 0."""
    data = {f"R = {bits}": {"type": "SyntheticData", "shared_bits": bits} for bits in (8, 0)}
    definition = {**study_records.study["definition"], "variants": data, "train_samples": [1024]}
    conclusions = conclude_records(replace(study_records, study={**study_records.study, "definition": definition}))
    page = Page(study_page(conclusions))
    _, *summary = page.tables["The paper's claims"]
    told = {row[0]: row[1:4] for row in summary}
    assert told["R = 8: accuracy rises with λ and saturates"] == ["1,024", "not reproduced", "1 of 2"]
    assert told["CKA rises with λ"] == ["1,024", "reproduced", "2 of 2"]
    assert not any("R = 6" in claim or "MUStARD" in claim for claim in told)
    header, *tests = page.tables["Every test of a claim"]
    assert header == ["claim", "variant", "training rows", "of", "result", "95 % interval", "verdict"]
    verdicts = {(row[1], row[3]): row[-1] for row in tests if "accuracy" in row[0]}
    assert verdicts["R = 8", "vision"] == verdicts["R = 0", "vision"] == "reproduced"
    assert (verdicts["R = 8", "audio"], verdicts["R = 0", "audio"]) == ("not reproduced", "cannot tell")
    optimum = conclusions.decisions.iloc[0]
    bounds = f"as good: λ {optimum['as_good']}, gain"
    assert next(row for row in tests if row[1] == "R = 8" and row[3] == "vision")[5].startswith(bounds)


def test_a_page_without_claims_has_no_section_of_them(study_records: StudyRecords) -> None:
    alignment = study_records.alignment.iloc[:0]  # which every study would test a claim with
    page = Page(study_page(conclude_records(replace(study_records, alignment=alignment))))
    assert "claims" not in {attributes.get("id") for _, attributes in page.elements}


def test_every_chart_has_a_table_and_a_name(page: Page) -> None:
    for tag, attributes in page.elements:
        if tag == "svg" and attributes.get("class") == "chart":
            assert attributes["aria-label"].endswith("The tables, or the CSV file of its name, hold the numbers.")
        assert tag != "img"
    assert {f"{variant}: test accuracy in numbers" for variant in ("R = 8", "R = 0")} <= set(page.tables)
    in_brackets = "; in brackets the mean and the 95 % point of chance"
    for variant in ("R = 8", "R = 0"):
        table = page.tables[f"{variant}: alignment of the two encoders in numbers{in_brackets}"]
        # At λ = 0, the mean of four seeds of 0.1 + 0.01 seed.
        assert "0.1150 (chance 0.0300, 0.0500)" in str(table)


def test_hostile_names_and_errors_are_text(failed_records: StudyRecords) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    study = {**failed_records.study, "question": hostile, "name": '"><script>'}
    tables = {
        name: getattr(failed_records, name).replace({"R = 8": hostile, "vision": "</svg>"})
        for name in ("trials", "scores", "alignment", "information")
    }
    study |= {"variants": [hostile, "R = 0"], "modalities": ["</svg>", "audio"]}
    html = study_page(conclude_records(replace(failed_records, study=study, **tables)))
    page = Page(html)
    assert "<script>alert" not in html and "ValueError: <script>alert('x')</script> & more" in page.text
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not any("onerror" in attributes for _, attributes in page.elements)
    assert hostile in page.text


def test_accuracy_without_neutral_rows_is_shown_where_it_is_known(study_records: StudyRecords) -> None:
    scores = study_records.scores.assign(accuracy_nonzero=lambda table: table["accuracy"] - 0.1)
    page = Page(study_page(conclude_records(replace(study_records, scores=scores))))
    _, *rows = page.tables["R = 0: test accuracy without neutral rows in numbers"]
    mean = scores.query("variant == 'R = 0' and encoder == 'vision' and `lambda` == 0")["accuracy_nonzero"].mean()
    assert rows[0][1] == f"{mean:.4f}"


@pytest.mark.parametrize(
    ("state", "banner", "sections"),
    [
        ("half_records", "This study is not over: 7 of 14 λ have a result", {"answer", "curves", "search"}),
        ("failed_records", "This study failed: every configuration failed at R = 0 λ = 0.4", {"answer", "failures"}),
        ("empty_records", "Nothing is recorded", {"failures", "origin"}),
    ],
)
def test_a_study_that_is_not_whole_says_so_first(
    state: str, banner: str, sections: set[str], request: pytest.FixtureRequest
) -> None:
    page = Page(study_page(conclude_records(request.getfixturevalue(state))))
    found = [attributes["id"] for tag, attributes in page.elements if tag == "h2"]
    assert sections <= set(found)
    assert page.text.index(banner) < page.text.index("Where this comes from")
    assert ("answer" in found) == (state != "empty_records")


def test_where_one_lambda_alone_has_scores_there_is_nothing_to_decide(study_records: StudyRecords) -> None:
    one = {name: getattr(study_records, name).query("`lambda` == 0") for name in ("scores", "alignment")}
    page = Page(study_page(conclude_records(replace(study_records, **one))))
    assert "There is nothing to decide: no encoder has scores at two λ." in page.text
    assert "The decision for every encoder" not in page.tables


def test_one_seed_is_said_to_tell_nothing(study_records: StudyRecords) -> None:
    one = {name: getattr(study_records, name).query("seed == 0") for name in ("scores", "alignment")}
    page = Page(study_page(conclude_records(replace(study_records, **one))))
    assert page.text.count("one seed cannot tell an effect from chance") == 4
    assert "nan" not in page.text.split()


def test_a_rehearsal_is_called_one(study_records: StudyRecords) -> None:
    study = {**study_records.study, "rehearsal": True}
    text = Page(study_page(conclude_records(replace(study_records, study=study)))).text
    assert "Nothing on this page says anything about the real data" in text
