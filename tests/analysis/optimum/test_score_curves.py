"""Curves from tidy scores: means and gains by hand, what is paired, what is dropped, and the table of λ*."""

import numpy as np
import pandas as pd
import pytest

from analysis import mean_curves
from analysis.optimum import paired_scores

COLUMNS = ["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"]


def scores_of(table: dict[float, list[float]], variant: str = "a", encoder: str = "vision") -> pd.DataFrame:
    """Scores of one encoder: for each λ, the accuracies of seeds 0, 1, …"""
    rows = [
        (variant, lambda_, encoder, seed, accuracy, np.nan)
        for lambda_, accuracies in table.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_mean_and_interval_by_hand() -> None:
    curves = mean_curves(scores_of({0.0: [0.4, 0.5, 0.6], 1.0: [0.7]}), "accuracy", ["variant", "encoder"])
    several, one = curves.to_dict("records")
    assert (several["variant"], several["encoder"], several["lambda"]) == ("a", "vision", 0.0)
    assert several["mean"] == 0.5
    # t with 2 degrees of freedom is 4.3027 at 97.5 %; the standard error is .1/√3.
    assert several["high"] - several["mean"] == pytest.approx(0.43027 / np.sqrt(3), rel=1e-4)
    assert several["mean"] - several["low"] == pytest.approx(0.43027 / np.sqrt(3), rel=1e-4)
    assert (one["mean"], one["num_seeds"]) == (0.7, 1)
    assert np.isnan(one["low"]) and np.isnan(one["high"])


@pytest.mark.parametrize(("value", "ends"), [("accuracy", (0.0, 1.0)), ("value", (0.7 - 2.5412, 0.7 + 2.5412))])
def test_no_interval_of_an_accuracy_goes_beyond_it(value: str, ends: tuple[float, float]) -> None:
    """Of two seeds, t with 1 degree of freedom is 12.706 at 97.5 %, and the standard error half their difference."""
    table = scores_of({0.0: [0.5, 0.9]}).rename(columns={"accuracy": value})
    (curve,) = mean_curves(table, value, ["encoder"]).to_dict("records")
    assert (curve["low"], curve["high"]) == pytest.approx(ends, abs=1e-3)


def test_a_diverged_replica_does_not_enter_a_mean() -> None:
    curves = mean_curves(scores_of({0.0: [0.4, np.nan, 0.6]}), "accuracy", ["encoder"])
    assert curves["mean"].tolist() == [0.5]
    assert curves["num_seeds"].tolist() == [2]


def test_seeds_that_rounds_add_at_some_lambdas_leave_out_no_other() -> None:
    """λ = 1 has two seeds and λ = 0 six: by all of them λ = 1 is left out, by the first two both are whole."""
    scores = scores_of({0.0: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 1.0: [0.7, 0.8]})
    assert paired_scores(scores).lambdas.tolist() == [0.0]
    paired = paired_scores(scores, 2)
    assert (paired.lambdas.tolist(), paired.scores.tolist()) == ([0.0, 1.0], [[0.1, 0.2], [0.7, 0.8]])


def test_incomplete_seeds_and_lambdas_are_dropped_and_counted() -> None:
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
