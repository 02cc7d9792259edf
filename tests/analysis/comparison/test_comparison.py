"""Several studies together: all decisions, the map with the right run in each cell, pairs of modalities, the page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import compare
from analysis.comparison.by_objective import OBJECTIVE_COLUMNS, objective_table, of_one_objective
from analysis.comparison.comparison_tables import all_decisions, all_information, data_set_families, decision_map
from analysis.comparison.pairs import modality_pairs
from analysis.conclusions import Conclusions
from analysis.figures import map_figure
from analysis.records import LeftOut
from analysis.report import write_comparison
from analysis.study_objective import PAPERS_OBJECTIVE, study_objective
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
    definition = {**conclusions.records.study["definition"], "variants": data, "train_samples": list(rows)}
    definition |= {"configurations": 2, "max_epochs": epochs}
    study = {**conclusions.records.study, "variants": names, "definition": definition}
    tables = {name: getattr(conclusions.records, name).replace(renamed) for name in ("trials", "scores", "alignment")}
    information = conclusions.records.information.replace({"R = 8": next(iter(data))})
    records = replace(
        conclusions.records, study=study, information=information, circumstances={"identity": identity}, **tables
    )
    decided = {(renamed[variant], encoder): decision for (variant, encoder), decision in conclusions.decided.items()}
    return replace(conclusions, records=records, decided=decided, decisions=conclusions.decisions.replace(renamed))


def test_a_variant_knows_its_data_and_its_rows(conclusions: Conclusions) -> None:
    variants = study_variants(as_synthetic(conclusions, "a", [4], [256, None], 9).records.study)
    assert {name: (v.label, v.shared_bits, v.train_samples, v.rows) for name, v in variants.items()} == {
        "R=4, 256 rows": ("R=4", 4, 256, "256"),
        "R=4, all rows": ("R=4", 4, 45_875, "45,875"),
    }


def test_the_map_has_one_row_a_cell_of_the_run_with_the_largest_budget(conclusions: Conclusions) -> None:
    small = as_synthetic(conclusions, "small", [0, 8], [1024], epochs=4)
    large = as_synthetic(conclusions, "large", [0, 8], [1024], epochs=150)
    apart = as_synthetic(conclusions, "apart", [8], [1024, None], epochs=9)
    table = decision_map([large, small, apart])
    assert table[["shared_bits", "train_samples", "encoder", "study"]].to_numpy().tolist() == [
        [0, 1024, "audio", "clips large"],
        [0, 1024, "vision", "clips large"],
        [8, 1024, "audio", "clips large"],
        [8, 1024, "vision", "clips large"],
        [8, 45_875, "audio", "clips apart"],
        [8, 45_875, "vision", "clips apart"],
    ]
    best = large.decisions.set_index(["variant", "encoder"])["best"]
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
    found = all_decisions([conclusions, second])
    assert found["study"].tolist() == ["clips abc"] * 4 + ["clips second"] * 4
    assert found.columns[:3].tolist() == ["study", "variant", "encoder"]
    # The same data set in two studies of a name counts once, by its later estimate.
    information = all_information([second, second, conclusions])
    assert information["data_set"].drop_duplicates().tolist() == [
        "clips R=0: vision + audio",
        "clips R = 8: vision + audio",
    ]
    assert len(information) == 8


def test_pairs_of_a_data_set_share_a_figure(conclusions: Conclusions) -> None:
    mosei = {"type": "AffectData", "dataset": "mosei"}
    definition = {**conclusions.records.study["definition"], "variants": {"R = 8": mosei, "R = 0": mosei}}
    study = {**conclusions.records.study, "definition": definition}
    first = replace(conclusions, records=replace(conclusions.records, study=study))
    pair = {"vision": "audio", "audio": "text"}
    tables = {"scores": first.records.scores.replace(pair)}
    other = {**study, "modalities": ["audio", "text"], "name": "other"}
    second = replace(
        first, records=replace(first.records, study=other, **tables), decisions=first.decisions.replace(pair)
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


def with_objective(conclusions: Conclusions, identity: str, width: int | None = None, **objective: Any) -> Conclusions:
    """The same conclusions as if the study had aligned by another objective."""
    study = conclusions.records.study
    definition = {**study["definition"], "objective": objective, "aligned_width": width}
    records = replace(conclusions.records, study={**study, "definition": definition})
    return replace(conclusions, records=replace(records, circumstances={"identity": identity}))


@pytest.mark.parametrize(
    ("objective", "width", "words"),
    [
        ({"type": "InfoNce", "temperature": 0.1}, None, "InfoNCE (temperature 0.1)"),
        ({"type": "InfoNce", "temperature": 0.1}, 8, "InfoNCE (temperature 0.1) of 8 dimensions"),
        ({"type": "Cka"}, None, "CKA"),
        ({"type": "SigLip", "temperature": 0.1, "bias": -10.0}, None, "SigLIP (temperature 0.1, bias -10.0)"),
        ({"type": "my_lab.losses:Mine", "num_bins": 3}, None, "my_lab.losses:Mine (num bins 3)"),
    ],
)
def test_an_objective_in_words(objective: dict, width: int | None, words: str) -> None:
    found = study_objective({"definition": {"objective": objective, "aligned_width": width}})
    assert str(found) == words
    assert (found == PAPERS_OBJECTIVE) == (words == "InfoNCE (temperature 0.1)")


def test_objectives_stand_side_by_side(conclusions: Conclusions) -> None:
    siglip = with_objective(conclusions, "s", 8, type="SigLip", temperature=0.1)
    table = objective_table([conclusions, siglip])
    assert list(table.columns) == OBJECTIVE_COLUMNS
    assert table["study"].tolist() == ["clips abc"] * 4 + ["clips s"] * 4
    assert table["objective"].tolist()[3:5] == ["InfoNCE (temperature 0.1)", "SigLIP (temperature 0.1)"]
    assert table["aligned_width"].tolist()[3:5] == ["all", "8"]
    for name in ("gain", "gain_low", "gain_high", "best", "low", "high"):
        assert table[name].tolist() == 2 * conclusions.decisions[name].tolist()
    # The fixture's alignment is 0.1 + 0.2 λ + 0.01 seed, the same before the projection for all measures,
    # and by chance each gives 0.03.
    at_best = 0.1 + 0.2 * table["best"] + 0.01 * 1.5
    for measure in ("cka", "svcca", "mutual_knn", "debiased_cka"):
        assert table[measure].to_numpy() == pytest.approx(at_best.to_numpy())
        assert table[f"{measure}_chance"].to_numpy() == pytest.approx(0.03)


def test_an_unknown_optimum_has_no_alignment(conclusions: Conclusions) -> None:
    unknown = replace(conclusions, decisions=conclusions.decisions.assign(best=np.nan))
    assert objective_table([unknown])[["best", "cka", "svcca", "mutual_knn"]].isna().all(axis=None)


def test_lambdas_of_several_objectives_are_not_put_on_one_scale(conclusions: Conclusions, tmp_path: Path) -> None:
    papers = as_synthetic(conclusions, "papers", [0, 8], [1024], 9)
    siglip = with_objective(papers, "siglip", type="SigLip", temperature=0.1)
    narrow = with_objective(papers, "narrow", 8, type="InfoNce", temperature=0.1)
    cold = with_objective(papers, "cold", type="InfoNce", temperature=0.01)
    assert of_one_objective([siglip, siglip]) == ([siglip, siglip], [])
    kept, left_out = of_one_objective([siglip, papers, narrow, cold])
    assert kept == [papers] and [study.name for study in left_out] == ["clips siglip", "clips narrow", "clips cold"]
    comparison = compare([siglip, papers, narrow, cold])
    assert comparison.tables["decision_map"]["study"].unique().tolist() == ["clips papers"]
    assert len(comparison.tables["objectives"]) == 16
    html = write_comparison(comparison, tmp_path).read_text(encoding="utf-8")
    assert "Their λ are not on one scale" in html
    assert "<strong>clips narrow</strong>: it aligns by InfoNCE (temperature 0.1) of 8 dimensions" in html
    alone = write_comparison(compare([siglip]), tmp_path / "alone").read_text(encoding="utf-8")
    assert "not on one scale" not in alone and "SigLIP (temperature 0.1)" in alone


def test_neither_the_map_nor_a_law_rests_on_a_rehearsal(conclusions: Conclusions) -> None:
    study = as_synthetic(conclusions, "a", [0, 8], [1024], 9)
    rehearsal = replace(study, progress=replace(study.progress, is_rehearsal=True))
    comparison = compare([rehearsal])
    assert comparison.tables["decision_map"].empty
    assert [str(study) for study in comparison.left_out_of_laws] == [
        "clips a is left out: its data were made up to try it out"
    ]


def test_studies_of_one_pair_are_told_apart(conclusions: Conclusions) -> None:
    other = with_objective(conclusions, "other", type="Cka")
    titles = [panel.get_title() for panel in modality_pairs([conclusions, other]).figure.axes[:4]]
    assert titles == [
        f"vision + audio, clips {name}\n{variant}" for name in ("abc", "other") for variant in ("R = 8", "R = 0")
    ]


def test_the_page_of_studies_that_bear_no_law_says_why(conclusions: Conclusions, tmp_path: Path) -> None:
    study = as_synthetic(conclusions, "a", [0, 8], [1024], 9)
    comparison = compare([study], [LeftOut(name="clips old", reason="it was recorded <otherwise>")])
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
    assert "<strong>clips old</strong>: it was recorded &lt;otherwise&gt;." in html
    written = {path.name for path in (tmp_path / "comparison").iterdir()}
    assert {
        "claims.csv",
        "claims.md",
        "claim_tests.csv",
        "decision_map.csv",
        "decision_map.svg",
        "objectives.csv",
    } <= written
