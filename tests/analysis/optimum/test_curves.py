"""Curves from tidy scores: means and gains by hand, what is paired, what is dropped, and the table of λ*."""

import numpy as np
import pandas as pd
import pytest

from analysis import gain_curves, lambda_star_table, mean_curves, optimal_lambda
from analysis.optimum import paired_scores

COLUMNS = ["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"]


def scores_of(table: dict[float, list[float]], variant: str = "a", encoder: str = "vision") -> pd.DataFrame:
    """Scores of one encoder: for each λ, the accuracies of seeds 0, 1, …"""
    rows = [
        (variant, strength, encoder, seed, accuracy, np.nan)
        for strength, accuracies in table.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_mean_and_interval_by_hand() -> None:
    curves = mean_curves(scores_of({0.0: [1.0, 2.0, 3.0], 1.0: [5.0]}), "accuracy", ["variant", "encoder"])
    several, one = curves.to_dict("records")
    assert (several["variant"], several["encoder"], several["lambda"]) == ("a", "vision", 0.0)
    assert several["mean"] == 2.0
    # t with 2 degrees of freedom is 4.3027 at 97.5 %; the standard error is 1/√3.
    assert several["high"] - several["mean"] == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert several["mean"] - several["low"] == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert (one["mean"], one["num_seeds"]) == (5.0, 1)
    assert np.isnan(one["low"]) and np.isnan(one["high"])


def test_a_diverged_replica_does_not_enter_a_mean() -> None:
    curves = mean_curves(scores_of({0.0: [1.0, np.nan, 3.0]}), "accuracy", ["encoder"])
    assert curves["mean"].tolist() == [2.0]
    assert curves["num_seeds"].tolist() == [2]


def test_gains_are_paired_by_seed() -> None:
    """Seeds that all gain the same leave no doubt about the gain, however much they differ."""
    gains = gain_curves(scores_of({0.0: [0.1, 0.5, 0.9], 1.0: [0.2, 0.6, 1.0], 2.0: [0.1, 0.6, 1.1]}))
    assert gains["lambda"].tolist() == [1.0, 2.0]
    np.testing.assert_allclose(gains["gain"], [0.1, 0.1])
    np.testing.assert_allclose(gains["high"] - gains["low"], [0.0, 2 * 4.3027 * 0.1 / np.sqrt(3)], atol=1e-5)


def test_gains_of_one_seed_have_no_interval() -> None:
    gains = gain_curves(scores_of({0.0: [0.1], 1.0: [0.2]}))
    assert gains["gain"].tolist() == pytest.approx([0.1])
    assert np.isnan(gains[["low", "high"]].to_numpy()).all()


def test_an_encoder_without_the_smallest_strength_has_no_gains() -> None:
    half_finished = scores_of({1.0: [0.3, 0.3], 2.0: [0.4, 0.4]}, variant="b")
    scores = pd.concat([scores_of({0.0: [0.1, 0.1], 1.0: [0.2, 0.2]}), half_finished])
    assert gain_curves(scores)["variant"].unique().tolist() == ["a"]
    with pytest.raises(ValueError, match="no encoder has a seed with a score at the smallest λ"):
        gain_curves(scores_of({0.0: [0.1, 0.2]}))


def test_incomplete_seeds_and_strengths_are_dropped_and_counted() -> None:
    nan = np.nan
    table = {0.0: [0.1, 0.2, 0.3, 0.4], 1.0: [0.5, nan, 0.7, 0.8], 2.0: [nan, nan, nan, 0.9]}
    paired = paired_scores(scores_of(table))
    # Only one of four seeds finished at λ = 2, so λ = 2 goes; then seed 1 lacks λ = 1.
    np.testing.assert_array_equal(paired.lambdas, [0.0, 1.0])
    assert paired.seeds == (0, 2, 3)
    assert paired.num_dropped == 1
    np.testing.assert_array_equal(paired.scores, [[0.1, 0.3, 0.4], [0.5, 0.7, 0.8]])


def test_a_seed_scored_twice_is_refused() -> None:
    scores = scores_of({0.0: [0.1, 0.2]})
    with pytest.raises(ValueError, match="one row for each λ and seed"):
        paired_scores(pd.concat([scores, scores]))


def test_lambda_star_of_each_encoder_in_the_tables_order(study_scores: pd.DataFrame) -> None:
    table = lambda_star_table(study_scores)
    assert list(zip(table["variant"], table["encoder"], table["regime"], strict=True)) == [
        ("R = 8", "vision", "saturating"),
        ("R = 8", "audio", "inverted_u"),
        ("R = 0", "vision", "decreasing"),
        ("R = 0", "audio", "flat"),
    ]
    rows = study_scores.query("variant == 'R = 8' and encoder == 'audio'")
    expected = optimal_lambda(*(lambda paired: (paired.lambdas, paired.scores))(paired_scores(rows)))
    row = table.iloc[1]
    assert (row["best"], row["p_value"], row["accuracy_at_best"]) == (
        expected.best,
        expected.p_value,
        expected.score,
    )
    assert (row["low"], row["high"]) == expected.interval
    assert (row["gain_low"], row["gain_high"]) == expected.gain_interval
    assert (row["num_lambdas"], row["num_seeds"], row["dropped_seeds"]) == (7, 4, 0)
    assert table["at_edge"].tolist()[2] == "lower"
    assert table["at_edge"].tolist()[1] is None


def test_the_order_of_rows_decides_nothing_but_the_order_of_the_answer(study_scores: pd.DataFrame) -> None:
    by = ["variant", "encoder"]
    shuffled = study_scores.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        lambda_star_table(shuffled).sort_values(by, ignore_index=True),
        lambda_star_table(study_scores).sort_values(by, ignore_index=True),
    )


def test_p_values_are_corrected_for_the_number_of_encoders(study_scores: pd.DataFrame) -> None:
    table = lambda_star_table(study_scores)
    p_values = sorted(table["p_value"])
    # Holm: the k-th smallest of n counts n - k + 1 times, and none is smaller than one before it.
    expected = np.maximum.accumulate([min(p * count, 1) for p, count in zip(p_values, [4, 3, 2, 1], strict=True)])
    np.testing.assert_allclose(sorted(table["p_value_holm"]), expected)
    assert (np.asarray(table["p_value_holm"]) >= np.asarray(table["p_value"])).all()


def test_an_encoder_with_nothing_to_compare_keeps_its_row() -> None:
    scores = pd.concat(
        [
            scores_of({0.0: [0.1, 0.2]}),
            scores_of({0.0: [np.nan], 1.0: [np.nan]}, encoder="audio"),
            scores_of({0.0: [0.1], 1.0: [0.3]}, variant="b"),
        ]
    )
    table = lambda_star_table(scores)
    assert table["num_lambdas"].tolist() == [1, 0, 2]
    assert table["num_seeds"].tolist() == [2, 0, 1]
    assert table["dropped_seeds"].tolist() == [0, 1, 0]
    assert table["best"].tolist()[2] == 1.0
    assert table["best"].isna().tolist() == [True, True, False]
    # One seed tests nothing; a missing word is None, not a NaN that counts as true.
    assert np.isnan(np.asarray(table["p_value_holm"])).all()
    assert table["regime"].tolist() == [None, None, None]


def test_no_scores_give_an_empty_table() -> None:
    table = lambda_star_table(pd.DataFrame(columns=COLUMNS))
    assert len(table) == 0
    assert {"best", "regime", "p_value_holm"} <= set(table.columns)
