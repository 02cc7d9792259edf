"""The search as tables and figures: who was stopped when, what was chosen, which hyperparameters mattered."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.figures import importance_figure, parallel_coordinates, save_figure, survivor_figure
from analysis.importance import configuration_merit, hyperparameter_importance, value_importance
from analysis.records import StudyRecords
from analysis.search_tables import chosen_configurations, searched_values, survivors


def test_searched_hyperparameters_have_their_recorded_names(study_records: StudyRecords) -> None:
    assert searched_values(study_records.study) == {"learning_rate": [0.1, 0.01, 0.001], "dropout_vision": [0, 0.1]}


def test_survivors_after_each_epoch_at_which_some_were_stopped(failed_records: StudyRecords) -> None:
    table = survivors(failed_records)
    # One of three was stopped after epoch 3; where all failed, the two that reported longest did so up to epoch 9.
    by_epoch = table.pivot(index=["variant", "lambda"], columns="epoch", values="surviving")
    assert by_epoch.columns.tolist() == [0, 3, 9]
    assert by_epoch.loc[("R = 8", 0.4)].tolist() == [3, 2, 2]
    assert by_epoch.loc[("R = 0", 0.4)].tolist() == [3, 2, 0]


def test_chosen_configurations_in_the_studys_order(study_records: StudyRecords) -> None:
    chosen = chosen_configurations(study_records)
    assert chosen["variant"].tolist() == ["R = 8"] * 7 + ["R = 0"] * 7
    assert chosen["lambda"].is_monotonic_increasing is False and chosen["lambda"].tolist()[:2] == [0, 0.2]
    assert (chosen[["learning_rate", "dropout_vision", "valid_accuracy"]].to_numpy() == [0.1, 0.0, 0.81]).all()


def test_merit_is_the_mean_rank_and_stopped_configurations_rank_below(study_records: StudyRecords) -> None:
    trials = study_records.trials.query("stage == 'search'")
    merit = configuration_merit(trials, ["learning_rate", "dropout_vision"])
    assert merit["merit"].tolist() == [1.0, 0.5, 0.0]
    worse = trials.assign(**{"accuracy/best": [0.2, 0.3, 0.9] * 14})  # the one that was stopped looks best
    assert configuration_merit(worse, ["learning_rate", "dropout_vision"])["merit"].tolist() == [0.5, 1.0, 0.0]


def test_chance_explains_everything_where_each_value_was_tried_once(study_records: StudyRecords) -> None:
    table = hyperparameter_importance(study_records).set_index("hyperparameter")
    rate, dropout = table.loc["learning_rate"], table.loc["dropout_vision"]
    assert rate["explained"] == pytest.approx(1) and np.isnan(rate["excess"]) and rate["p_value"] == 1
    assert rate["best_value"] == 0.1
    # Merit 1, .5, 0 with dropout 0, .1, 0: the groups have the same mean.
    assert dropout["explained"] == pytest.approx(0) and dropout["configurations"] == 3


def test_chance_is_found_at_the_level_of_the_test() -> None:
    """η² of merit that has nothing to do with the groups: the p-value is uniform, so small ones are rare."""
    rng = np.random.default_rng(0)
    values = [0.1, 0.01, 0.001] * 6
    p_values, excess = [], []
    for _ in range(200):
        merit = rng.random(18)
        shuffled = np.vstack([merit, *(rng.permutation(merit) for _ in range(199))])
        found = value_importance("learning_rate", values, shuffled)
        p_values.append(found["p_value"])
        excess.append(found["excess"])
    assert np.mean(np.array(p_values) <= 0.05) < 0.1  # 0.05 ± 0.015 over 200 draws
    assert abs(np.mean(excess)) < 0.03  # chance has been taken away: its mean is 0, ± 0.008
    effect = rng.random(18) + 3 * (np.array(values) == 0.01)
    shuffled = np.vstack([effect, *(rng.permutation(effect) for _ in range(199))])
    found = value_importance("learning_rate", values, shuffled)
    assert found["p_value"] == 1 / 200 and found["best_value"] == 0.01 and found["excess"] > 0.8


def test_too_few_configurations_have_no_importance(empty_records: StudyRecords) -> None:
    table = hyperparameter_importance(empty_records)
    assert table.empty
    with pytest.raises(ValueError, match="too few configurations"):
        importance_figure(table)


def test_figures_draw_the_tables(study_records: StudyRecords, tmp_path: Path) -> None:
    drawing = survivor_figure(study_records)
    panel = drawing.figure.axes[0]
    assert [text.get_text() for text in panel.texts] == ["3", "2"] * 7 and panel.get_title() == "R = 8"
    pd.testing.assert_frame_equal(drawing.data, survivors(study_records))
    drawing = parallel_coordinates(study_records)
    assert len(drawing.data) == 42
    panel = drawing.figure.axes[0]
    stopped, finished = panel.collections
    assert len(stopped.get_segments()) == 7 and len(finished.get_segments()) == 14
    accuracy = (drawing.data["accuracy/best"] - 0.4) / 0.4  # from the worst to the best of all variants
    ends = sorted(segment[-1][1] for segment in finished.get_segments())
    np.testing.assert_allclose(ends, sorted(accuracy[(drawing.data["variant"] == "R = 8")])[7:], atol=1e-9)
    drawing = importance_figure(hyperparameter_importance(study_records))
    assert [bar.get_width() for bar in drawing.figure.axes[0].patches] == drawing.data["explained"].tolist()
    assert len(save_figure(drawing, tmp_path / "importance")) == 4


def test_nothing_searched_is_refused(empty_records: StudyRecords) -> None:
    with pytest.raises(ValueError, match="no configuration was searched"):
        survivor_figure(empty_records)
    with pytest.raises(ValueError, match="no configuration has ended"):
        parallel_coordinates(empty_records)
