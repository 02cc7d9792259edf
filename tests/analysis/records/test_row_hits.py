"""Hits of all rounds of a variant as one array for each encoder, beside the scores that they are of."""

from typing import Any

import numpy as np
import pytest

from analysis.decision import decide, score_decisions
from analysis.records import RecordedRun, confirmed_runs
from trainables.packed_hits import pack_hits

NUM_ROWS = 21
ENCODERS = ("text", "audio")


def hits_of(lambda_: float, encoder: str, seed: int) -> np.ndarray:
    """Some rows are easy at a λ, others hard, whatever the seed."""
    place = [int(10 * lambda_), ENCODERS.index(encoder)]
    chances = np.random.default_rng(place).choice([0.05, 0.95], NUM_ROWS)
    return np.random.default_rng([seed, *place]).random(NUM_ROWS) < chances


def run(lambda_: float, seeds: range, *, groups: list[int] | None = None, keeps: bool = True) -> RecordedRun:
    """A finished round of one λ, as MLflow or a journal gives it."""
    metrics, hits = {}, {"hit_rows": NUM_ROWS, "hit_replicas": list(seeds)}
    kept: dict[str, Any] = hits if groups is None else hits | {"hit_groups": groups}
    for encoder in ENCODERS:
        of_replicas = np.stack([hits_of(lambda_, encoder, seed) for seed in seeds])
        kept = kept | {f"hits/{encoder}": pack_hits(of_replicas)}
        for seed, of_replica in zip(seeds, of_replicas, strict=True):
            metrics[f"test/accuracy/{encoder}/seed_{seed}"] = float(of_replica.mean())
    return RecordedRun(
        status="FINISHED",
        start=seeds.start,
        end=1,
        tags={"stage": "confirm", "variant": "all", "outcome": "finished", "configuration": "3", "trial": f"{seeds}"},
        parameters={"lambda": str(lambda_)},
        metrics=metrics,
        last_step=1,
        hits=kept if keeps else None,
    )


ROUNDS = [run(0.0, range(2)), run(0.5, range(2)), run(2.0, range(2)), run(0.0, range(2, 4)), run(0.5, range(2, 4))]


def test_each_row_stands_at_its_lambda_and_seed() -> None:
    confirmed = confirmed_runs(reversed(ROUNDS), ["all"], ENCODERS)
    for encoder in ENCODERS:
        hits = confirmed.hits.hits["all", encoder]
        assert hits.shape == (3, 4, NUM_ROWS)
        for place, lambda_ in enumerate((0.0, 0.5, 2.0)):
            for seed in range(2 if lambda_ == 2 else 4):
                np.testing.assert_array_equal(hits[place, seed], hits_of(lambda_, encoder, seed))
        assert not hits[2, 2:].any()
    assert confirmed.hits.groups == {}


def test_they_are_what_the_decision_is_made_with() -> None:
    confirmed = confirmed_runs(ROUNDS, ["all"], ENCODERS)
    found = score_decisions(confirmed.scores, first_seeds=2, hits=confirmed.hits.hits)["all", "text"]
    table = np.array([[hits_of(x, "text", seed).mean() for seed in range(4)] for x in (0.0, 0.5, 2.0)])
    table[2, 2:] = np.nan
    expected = decide([0.0, 0.5, 2.0], table, look=2, hits=confirmed.hits.hits["all", "text"])
    np.testing.assert_array_equal([found.lows, found.highs], [expected.lows, expected.highs])
    without = decide([0.0, 0.5, 2.0], table, look=2)
    # Rows that could have been others leave more open than seeds alone.
    assert (found.highs - found.lows)[1] > (without.highs - without.lows)[1]


def test_groups_of_rows_are_kept() -> None:
    groups = [row // 3 for row in range(NUM_ROWS)]
    rounds = [run(lambda_, range(2), groups=groups) for lambda_ in (0.0, 0.5)]
    assert confirmed_runs(rounds, ["all"], ENCODERS).hits.groups["all"].tolist() == groups


@pytest.mark.parametrize("runs", [[], [run(0.0, range(2), keeps=False), run(0.5, range(2), keeps=False)]])
def test_where_rows_are_not_kept_there_are_none(runs: list[RecordedRun]) -> None:
    found = confirmed_runs(runs, ["all"], ENCODERS).hits
    assert found.hits == {} and found.groups == {}
