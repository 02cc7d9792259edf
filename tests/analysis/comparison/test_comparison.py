"""Several studies together: λ* of all, the map with the right run in each cell, pairs of modalities, and the page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import compare
from analysis.comparison.pairs import modality_pairs
from analysis.comparison.tables import all_information, all_optima, data_set_families, lambda_star_map
from analysis.conclusions import Conclusions
from analysis.figures import map_figure
from analysis.report import write_comparison
from analysis.variants import study_variants


def as_synthetic(
    conclusions: Conclusions, identity: str, bits: Sequence[int], rows: Sequence[int | None], epochs: int
) -> Conclusions:
    """The same conclusions as if their variants were synthetic data with these bits and rows."""
    data = {f"R={number}": {"type": "SyntheticData", "shared_bits": number} for number in bits}
    names = [
        f"R={number}, {count or 'all'} rows" if len(rows) > 1 else f"R={number}" for number in bits for count in rows
    ]
    renamed = dict(zip(conclusions.records.study["variants"], names, strict=True))
    definition = {"variants": data, "train_samples": list(rows), "configurations": 2, "seeds": 4, "max_epochs": epochs}
    study = {**conclusions.records.study, "variants": names, "definition": definition}
    tables = {name: getattr(conclusions.records, name).replace(renamed) for name in ("trials", "scores", "alignment")}
    information = conclusions.records.information.replace({"R = 8": next(iter(data))})
    records = replace(
        conclusions.records, study=study, information=information, circumstances={"identity": identity}, **tables
    )
    return replace(conclusions, records=records, lambda_star=conclusions.lambda_star.replace(renamed))


def test_a_variant_knows_its_data_and_its_rows(conclusions: Conclusions) -> None:
    variants = study_variants(as_synthetic(conclusions, "a", [4], [256, None], 9).records.study)
    assert {name: (v.label, v.shared_bits, v.train_samples, v.rows) for name, v in variants.items()} == {
        "R=4, 256 rows": ("R=4", 4, 256, "256"),
        "R=4, all rows": ("R=4", 4, 45_875, "45,875"),
    }
    assert study_variants({**conclusions.records.study, "definition": {}}) == {}


def test_the_map_has_one_row_a_cell_of_the_run_with_the_largest_budget(conclusions: Conclusions) -> None:
    small = as_synthetic(conclusions, "small", [0, 8], [1024], epochs=4)
    large = as_synthetic(conclusions, "large", [0, 8], [1024], epochs=150)
    apart = as_synthetic(conclusions, "apart", [8], [1024, None], epochs=9)
    table = lambda_star_map([large, small, apart])
    assert table[["shared_bits", "train_samples", "encoder", "study"]].to_numpy().tolist() == [
        [0, 1024, "audio", "clips large"],
        [0, 1024, "vision", "clips large"],
        [8, 1024, "audio", "clips large"],
        [8, 1024, "vision", "clips large"],
        [8, 45_875, "audio", "clips apart"],
        [8, 45_875, "vision", "clips apart"],
    ]
    best = large.lambda_star.set_index(["variant", "encoder"])["best"]
    assert table["best"].tolist()[:2] == [best["R=0", "audio"], best["R=0", "vision"]]
    drawing = map_figure(table)
    pd.testing.assert_frame_equal(drawing.data, table)
    cells = {panel.get_title(): [text.get_text() for text in panel.texts] for panel in drawing.figure.axes}
    for encoder, texts in cells.items():
        assert [text.split("\n")[0] for text in texts] == [
            f"{value:.2g}" for value in table.loc[table["encoder"] == encoder, "best"]
        ]
    with pytest.raises(ValueError, match="no λ"):
        map_figure(table.iloc[:0])


def test_optima_and_information_of_all_studies(conclusions: Conclusions) -> None:
    second = as_synthetic(conclusions, "second", [0, 8], [1024], 9)
    optima = all_optima([conclusions, second])
    assert optima["study"].tolist() == ["clips abc"] * 4 + ["clips second"] * 4
    assert optima.columns[:3].tolist() == ["study", "variant", "encoder"]
    # The same data set in two studies of a name counts once, by its later estimate.
    information = all_information([second, second, conclusions])
    assert information["data_set"].drop_duplicates().tolist() == [
        "clips R=0: vision + audio",
        "clips R = 8: vision + audio",
    ]
    assert len(information) == 8


def test_pairs_of_a_data_set_share_a_figure(conclusions: Conclusions) -> None:
    mosei = {"type": "AffectData", "dataset": "mosei"}
    definition = {"variants": {"R = 8": mosei, "R = 0": mosei}, "train_samples": [None]}
    study = {**conclusions.records.study, "definition": definition}
    first = replace(conclusions, records=replace(conclusions.records, study=study))
    pair = {"vision": "audio", "audio": "text"}
    tables = {"scores": first.records.scores.replace(pair)}
    other = {**study, "modalities": ["audio", "text"], "name": "other"}
    second = replace(
        first, records=replace(first.records, study=other, **tables), lambda_star=first.lambda_star.replace(pair)
    )
    synthetic = as_synthetic(conclusions, "a", [0, 8], [1024], 9)
    assert data_set_families([first, synthetic, second]) == {"mosei": [first, second]}
    drawing = modality_pairs([first, second])
    titles = [panel.get_title() for panel in drawing.figure.axes[:4]]
    assert titles == ["vision + audio\nR = 8", "vision + audio\nR = 0", "audio + text\nR = 8", "audio + text\nR = 0"]
    assert set(drawing.data.query("quantity == 'accuracy'")["curve"]) == {"vision", "audio", "text"}
    colors = {}
    for panel, encoders in zip(
        drawing.figure.axes[:4], [["vision", "audio"]] * 2 + [["audio", "text"]] * 2, strict=True
    ):
        curves = [line for line in panel.lines if len(np.asarray(line.get_xdata())) == 7]
        for encoder, line in zip(encoders, curves, strict=True):
            assert colors.setdefault(encoder, line.get_color()) == line.get_color()
    assert len(set(colors.values())) == 3


def test_the_page_of_studies_that_bear_no_law_says_why(conclusions: Conclusions, tmp_path: Path) -> None:
    study = as_synthetic(conclusions, "a", [0, 8], [1024], 9)
    comparison = compare([study])
    assert not comparison.laws and set(comparison.missing_laws) == {
        "redundancy",
        "share",
        "shared_bits",
        "exact_redundancy",
    }
    index = write_comparison(comparison, tmp_path)
    html = index.read_text(encoding="utf-8")
    assert "a law needs at least 3" in html and "clips-a/report.html" in html and "://" not in html
    assert "R = 0: accuracy falls with λ" in html
    written = {path.name for path in (tmp_path / "comparison").iterdir()}
    assert {"claims.csv", "claims.md", "claim_tests.csv", "lambda_star_map.csv", "lambda_star_map.svg"} <= written
