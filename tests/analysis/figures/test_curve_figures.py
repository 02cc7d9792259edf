"""Figures show the tables they were given, for any number of variants, and save the same bytes twice."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats

from analysis.decision import decision_table, gain_bands, score_decisions
from analysis.figures import Drawing, accuracy_and_alignment, even_steps, gain_by_lambda, save_figure
from analysis.optimum import paired_scores
from analysis.words import signed


def decided(scores: pd.DataFrame) -> pd.DataFrame:
    return decision_table(score_decisions(scores, margin=0.005, first_seeds=4), scores)


def bands(scores: pd.DataFrame) -> pd.DataFrame:
    return gain_bands(score_decisions(scores, margin=0.005, first_seeds=4))


def test_even_steps_are_positions_on_the_grid() -> None:
    grid = np.array([0.0, 0.5, 1.0, 4.0])
    np.testing.assert_allclose(even_steps(np.array([0.0, 0.25, 1.0, 2.5]), grid), [0, 0.5, 2, 2.5])


@pytest.mark.parametrize(("number", "text"), [(1.26, "+1.3"), (-0.5, "−0.5"), (0.04, "0.0"), (-0.04, "0.0")])
def test_signed_numbers(number: float, text: str) -> None:
    assert signed(number, 1) == text


def test_accuracy_and_alignment_draws_the_means_and_the_optimum(
    study_scores: pd.DataFrame, study_alignment: pd.DataFrame, grid: np.ndarray
) -> None:
    decisions = decided(study_scores)
    panels = accuracy_and_alignment(study_scores, study_alignment, decisions).figure.axes
    assert len(panels) == 6
    assert [panel.get_title() for panel in panels[:2]] == ["R = 8", "R = 0"]
    of_vision = study_scores.query("variant == 'R = 0' and encoder == 'vision'")
    curves = [np.asarray(line.get_ydata()) for line in panels[1].lines if len(np.asarray(line.get_xdata())) == 7]
    assert len(curves) == 2
    np.testing.assert_allclose(curves[0], paired_scores(of_vision).scores.mean(axis=1))
    stars = [line for line in panels[0].lines if line.get_marker() == "*"]
    best = decisions.loc[decisions["variant"] == "R = 8", "best"]
    drawn = np.concatenate([np.asarray(star.get_xdata()) for star in stars])
    np.testing.assert_allclose(drawn, even_steps(np.asarray(best), grid))
    ceilings = [line for line in panels[0].lines if len(np.asarray(line.get_xdata())) == 2]
    assert [np.asarray(line.get_ydata()).tolist() for line in ceilings] == [[0.9, 0.9], [0.9, 0.9]]
    # Four metrics with their chance levels, those after the projection head left out.
    assert len(panels[4].lines) == 8
    chance = [line for line in panels[4].lines if line.get_color() == "0.55"]
    assert len(chance) == 4
    for line in chance:
        np.testing.assert_allclose(np.asarray(line.get_ydata()), 0.03)
    assert [text.get_text() for text in panels[2].texts] == decisions["decision"].tolist()[:2]
    assert [label.get_text() for label in panels[4].get_xticklabels()] == [
        "0",
        ".2",
        ".4",
        ".6",
        ".8",
        "1",
        "2",
    ]


@pytest.mark.parametrize("num_seeds", [1, 4])
def test_one_variant_without_a_known_ceiling(
    study_scores: pd.DataFrame, study_alignment: pd.DataFrame, num_seeds: int, tmp_path: Path
) -> None:
    chosen = f"variant == 'R = 8' and seed < {num_seeds}"
    scores = study_scores.query(chosen).assign(ceiling=np.nan)
    drawing = accuracy_and_alignment(scores, study_alignment.query(chosen), decided(scores))
    labels = [text.get_text() for legend in drawing.figure.legends for text in legend.get_texts()]
    assert "vision" in labels and "CKA" in labels
    assert not any("ceiling" in label for label in labels)
    save_figure(drawing, tmp_path / "figure")


def test_a_study_with_half_its_scores_is_drawn(
    study_scores: pd.DataFrame, study_alignment: pd.DataFrame, tmp_path: Path
) -> None:
    scores = study_scores.query("variant == 'R = 8' or `lambda` == 0")
    save_figure(accuracy_and_alignment(scores, study_alignment.iloc[:0], decided(scores)), tmp_path / "accuracy")
    save_figure(gain_by_lambda(bands(scores)), tmp_path / "gain")


def test_gain_by_lambda_writes_each_gain_in_its_cell(study_scores: pd.DataFrame) -> None:
    figure = gain_by_lambda(bands(study_scores)).figure
    vision, audio = figure.axes
    assert (vision.get_title(), audio.get_title()) == ("vision", "audio")
    cells = {text.get_position(): text for text in audio.texts}
    assert len(cells) == 12
    gains = bands(study_scores).query("variant == 'R = 8' and encoder == 'audio'")
    for column, row in enumerate(gains.to_dict("records")):
        half_width = 100 * (row["high"] - row["low"]) / 2
        assert cells[column, 0].get_text() == f"{signed(100 * row['gain'], 1)}\n±{half_width:.1f}"
        leaves_out_zero = row["low"] > 0 or row["high"] < 0
        assert cells[column, 0].get_fontweight() == ("bold" if leaves_out_zero else "normal")
    assert figure.get_suptitle().startswith("gain in accuracy over λ = 0, percentage points")


def test_nothing_to_draw_is_refused(study_scores: pd.DataFrame, study_alignment: pd.DataFrame) -> None:
    empty = study_scores.iloc[:0]
    with pytest.raises(ValueError, match="no scores to draw"):
        accuracy_and_alignment(empty, study_alignment, decided(empty))
    with pytest.raises(ValueError, match="no gains to draw"):
        gain_by_lambda(bands(empty))


def test_saving_twice_gives_the_same_files(tmp_path: Path) -> None:
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1])
    drawing = Drawing(figure=figure, data=pd.DataFrame({"λ": [0.5]}), caption="a line")
    first = save_figure(drawing, tmp_path / "new" / "R = 0.5")
    assert [path.name for path in first] == ["R = 0.5.png", "R = 0.5.pdf", "R = 0.5.svg", "R = 0.5.csv"]
    contents = [path.read_bytes() for path in first]
    assert contents[0].startswith(b"\x89PNG") and contents[1].startswith(b"%PDF") and b"<svg" in contents[2]
    assert contents[3].decode() == "λ\n0.5\n"
    assert [path.read_bytes() for path in save_figure(drawing, tmp_path / "new" / "R = 0.5")] == contents


def test_the_data_beside_a_figure_are_what_it_draws(
    study_scores: pd.DataFrame, study_alignment: pd.DataFrame, tmp_path: Path
) -> None:
    decisions = decided(study_scores)
    save_figure(accuracy_and_alignment(study_scores, study_alignment, decisions), tmp_path / "curves")
    data = pd.read_csv(tmp_path / "curves.csv")
    assert data.groupby("quantity").size().to_dict() == {
        "accuracy": 28,
        "alignment": 56,
        "alignment by chance": 56,
        "lambda_star": 4,
    }
    accuracy = study_scores.rename(columns={"encoder": "curve", "accuracy": "value"}).assign(quantity="accuracy")
    similarity = study_alignment.rename(columns={"metric": "curve"}).assign(quantity="alignment")
    points = ["quantity", "variant", "curve", "lambda"]
    recorded = pd.concat([accuracy, similarity]).groupby(points)["value"].agg(["mean", "std"])
    drawn = data.query("quantity in ('accuracy', 'alignment')").set_index(points)
    expected = recorded.loc[drawn.index]
    np.testing.assert_allclose(drawn["mean"], expected["mean"])
    half_width = stats.t.ppf(0.975, 3) * expected["std"] / 2  # four seeds
    np.testing.assert_allclose(drawn["high"] - drawn["mean"], half_width)
    np.testing.assert_allclose(drawn["mean"] - drawn["low"], half_width)
    by_chance = data.query("quantity == 'alignment by chance'")
    np.testing.assert_allclose(by_chance[["mean", "high"]], [[0.03, 0.05]] * 56)
    optima = data.query("quantity == 'lambda_star'")
    np.testing.assert_array_equal(optima[["lambda", "low", "high"]], decisions[["best", "low", "high"]])
    pd.testing.assert_frame_equal(gain_by_lambda(bands(study_scores)).data, bands(study_scores))
