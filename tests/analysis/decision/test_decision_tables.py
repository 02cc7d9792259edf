"""Decisions of a whole table: one for each variant and encoder, its look, its hits, and what is missing."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.decision import decide, decision_sentence, decision_table, gain_bands, look_at, score_decisions
from analysis.words import run_ends


def test_each_encoder_is_decided_by_its_own_scores(study_scores: pd.DataFrame, grid: np.ndarray) -> None:
    decisions = score_decisions(study_scores, first_seeds=4)
    assert list(decisions) == [("R = 8", "vision"), ("R = 8", "audio"), ("R = 0", "vision"), ("R = 0", "audio")]
    table = decision_table(decisions, study_scores).set_index(["variant", "encoder"])
    for (variant, encoder), decision in decisions.items():
        rows = study_scores.query("variant == @variant and encoder == @encoder")
        expected = decide(grid, rows["accuracy"].to_numpy().reshape(len(grid), 4))
        np.testing.assert_array_equal(decision.lows, expected.lows)
        row = table.loc[(variant, encoder)]
        assert (row["decision"], row["best"], row["gain"]) == (expected.word, expected.best, expected.gain)
        assert (row["low"], row["high"]) == (min(expected.as_good), max(expected.as_good))
        within = [any(low <= lambda_ <= high for low, high in run_ends(row["as_good"])) for lambda_ in grid]
        assert within == [lambda_ in expected.as_good for lambda_ in grid]
        assert (row["gain_low"], row["gain_high"]) == expected.gain_interval
        assert (row["seeds"], row["shape"]) == (4, expected.shape)
        assert row["sentence"] == f"{decision_sentence(expected, encoder)}."
    assert table.loc[("R = 8", "vision"), "decision"] == "align"


def test_the_order_of_rows_decides_nothing_but_the_order_of_the_answer(study_scores: pd.DataFrame) -> None:
    order = study_scores.sample(frac=1, random_state=0)
    shuffled = decision_table(score_decisions(order, first_seeds=4), order)
    by = ["variant", "encoder"]
    table = decision_table(score_decisions(study_scores, first_seeds=4), study_scores)
    expected = table.sort_values(by, ignore_index=True)
    pd.testing.assert_frame_equal(shuffled.sort_values(by, ignore_index=True), expected)


@pytest.mark.parametrize(("num_seeds", "look"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3), (32, 3), (64, 4), (256, 6)])
def test_the_seeds_say_which_look_it_is(num_seeds: int, look: int) -> None:
    assert look_at(num_seeds, 8) == look


def test_each_lambda_has_the_look_that_its_own_seeds_say(study_scores: pd.DataFrame) -> None:
    rows = study_scores.query("variant == 'R = 8' and encoder == 'audio'")
    many = pd.concat([rows.assign(seed=rows["seed"] + 4 * copy) for copy in range(64)])
    fewer = many.loc[(many["lambda"] < 0.5) | (many["seed"] < 2)]
    found = score_decisions(fewer, first_seeds=2)["R = 8", "audio"]
    lambdas = np.array(sorted(rows["lambda"].unique()))
    few = lambdas >= 0.5
    assert found.num_seeds == tuple(np.where(few, 2, 256))
    table = np.tile(rows["accuracy"].to_numpy().reshape(7, 4), 64)
    table[few, 2:] = np.nan
    expected = decide(lambdas, table, look=np.where(few, 1, 8))
    np.testing.assert_array_equal(found.lows, expected.lows)
    assert (found.lows != decide(lambdas, table, look=8).lows)[few].all()


def test_an_encoder_with_nothing_to_compare_is_undecided(study_scores: pd.DataFrame) -> None:
    broken = study_scores.copy()
    broken.loc[(broken["variant"] == "R = 0") & (broken["lambda"] == 0), "accuracy"] = np.nan
    table = decision_table(score_decisions(broken, first_seeds=4), broken).set_index(["variant", "encoder"])
    row = table.loc[("R = 0", "vision")]
    assert (row["decision"], row["shape"], row["seeds"]) == ("undecided", None, 0)
    assert table.loc[("R = 8", "vision"), "decision"] == "align"


def test_gains_are_never_over_another_lambda_than_the_first_that_is_asked_about(study_scores: pd.DataFrame) -> None:
    """λ = 0 has no score yet: what gains over the next λ is no reason to align."""
    lambdas = sorted(study_scores["lambda"].unique())
    later = study_scores.query("`lambda` > 0")
    hits = {("R = 8", "audio"): np.ones((len(lambdas) - 1, 4, 10), dtype=bool)}
    right = later.assign(accuracy=1.0)
    for found in (
        score_decisions(later, first_seeds=4, lambdas=lambdas),
        score_decisions(right, first_seeds=4, lambdas=lambdas, hits=hits),
    ):
        decision = found["R = 8", "audio"]
        assert (decision.word, decision.lambdas, decision.contenders) == ("undecided", tuple(lambdas), ())
        assert "λ = 0, which all others are compared with, has no score" in decision.sentence
    missing = study_scores.query("`lambda` < @lambdas[-1]")
    sentence = score_decisions(missing, first_seeds=4, lambdas=lambdas)["R = 8", "audio"].sentence
    assert f"nothing is known of λ = {lambdas[-1]:g}, which has no score" in sentence


def test_one_seed_has_no_interval(study_scores: pd.DataFrame) -> None:
    one = study_scores.query("seed == 0")
    table = decision_table(score_decisions(one, first_seeds=4), one)
    assert gain_bands(score_decisions(one, first_seeds=4))[["low", "high"]].isna().to_numpy().all()
    assert table["gain"].notna().all()
    # The first λ gains 0 by definition, any other is not bounded.
    assert table.loc[table["best"] > 0, ["gain_low", "gain_high"]].isna().to_numpy().all()


def test_hits_and_groups_reach_their_encoder(study_scores: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    hits = rng.random((7, 4, 60)) < 0.7
    rows = study_scores.query("variant == 'R = 8'").copy()
    rows.loc[rows["encoder"] == "audio", "accuracy"] = hits.mean(axis=2).ravel()
    groups = {"R = 8": np.arange(60) // 3}
    found = score_decisions(rows, first_seeds=4, hits={("R = 8", "audio"): hits}, groups=groups)
    expected = decide(sorted(rows["lambda"].unique()), hits.mean(axis=2), hits=hits, groups=groups["R = 8"])
    np.testing.assert_array_equal(found["R = 8", "audio"].lows, expected.lows)
    plain = score_decisions(rows, first_seeds=4)
    np.testing.assert_array_equal(found["R = 8", "vision"].lows, plain["R = 8", "vision"].lows)


def test_a_seed_scored_twice_is_refused(study_scores: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="one row for each λ and seed"):
        score_decisions(pd.concat([study_scores, study_scores]), first_seeds=4)


def test_no_scores_give_an_empty_table(study_scores: pd.DataFrame) -> None:
    empty = study_scores.iloc[:0]
    table = decision_table(score_decisions(empty, first_seeds=4), empty)
    assert len(table) == 0
    assert {"decision", "gain", "sentence"} <= set(table.columns)
    assert gain_bands({}).empty


def test_one_lambda_alone_is_no_question(study_scores: pd.DataFrame) -> None:
    assert score_decisions(study_scores.query("`lambda` == 0"), first_seeds=4) == {}


def test_the_table_says_where_the_best_is_and_which_seeds_diverged(study_scores: pd.DataFrame) -> None:
    diverged = (study_scores["lambda"] == 2) & (study_scores["seed"] == 1) & (study_scores["encoder"] == "audio")
    scores = study_scores.assign(accuracy=study_scores["accuracy"].mask(diverged))
    found = score_decisions(scores, first_seeds=4)
    table = decision_table(found, scores).set_index(["variant", "encoder"])
    assert table["dropped_seeds"].to_dict() == {(variant, name): int(name == "audio") for variant, name in found}
    for (variant, encoder), decision in found.items():
        of_encoder = scores.loc[(scores["variant"] == variant) & (scores["encoder"] == encoder)]
        at_best = of_encoder.loc[of_encoder["lambda"] == decision.best]
        assert table.loc[(variant, encoder), "accuracy_at_best"] == pytest.approx(at_best["accuracy"].mean())
    assert table.loc[("R = 0", "vision"), "at_edge"] == "lower"
    assert table.loc[("R = 8", "audio"), "at_edge"] is None


def test_bands_are_those_of_the_decisions_without_the_first_lambda(study_scores: pd.DataFrame) -> None:
    found = score_decisions(study_scores, first_seeds=4)
    rows = gain_bands(found)
    for (variant, encoder), decision in found.items():
        mine = rows.loc[(rows["variant"] == variant) & (rows["encoder"] == encoder)]
        np.testing.assert_array_equal(mine["lambda"], decision.lambdas[1:])
        band = [decision.gains[1:], decision.lows[1:], decision.highs[1:]]
        np.testing.assert_array_equal(mine[["gain", "low", "high"]].T, band)


def test_every_column_of_the_table_is_explained(study_scores: pd.DataFrame, repository: Path) -> None:
    page = (repository / "docs" / "decisions.md").read_text(encoding="utf-8")
    explained = re.findall(r"`(\w+)`", page.split("| columns | what they hold |")[1].split("\n\n")[0])
    table = decision_table(score_decisions(study_scores, first_seeds=4), study_scores)
    assert sorted(["variant", "encoder", *explained]) == sorted(table.columns)
