"""Sentences word for word, for each decision."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.decision import Decision, decision_sentence, lambdas_in_words, margin_in_words

GRID = (0.0, 0.4, 0.8, 1.0, 4.0)
ALIGN = Decision(
    lambdas=GRID,
    margin=0.005,
    word="align",
    best=0.8,
    gain=0.022,
    gain_interval=(0.016, 0.028),
    gains=np.array([0, 0.017, 0.022, 0.021, -0.04]),
    lows=np.array([0, 0.01, 0.016, 0.015, -0.09]),
    highs=np.array([0, 0.024, 0.028, 0.027, 0.01]),
    could_be_best=(0.8,),
    as_good=(0.4, 0.8, 1.0),
    harmful_from=None,
    harmless_to=None,
    contenders=(),
    more_seeds=None,
    dominated_by="seeds",
    seeds_cannot_tell=False,
    shape="saturating",
    num_seeds=(32, 32, 32, 32, 32),
)
UNDECIDED = replace(ALIGN, word="undecided", contenders=(0.0, 0.4, 0.8, 1.0, 4.0), shape=None, more_seeds=40)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            "align vision at λ = 0.8: it gains +2.2 points (+1.6 to +2.8); any λ from 0.4 to 1 may be as good to half "
            "a point",
        ),
        (
            {"lambdas": (0.1, *GRID[1:])},
            "align vision at λ = 0.8: it gains +2.2 points over λ = 0.1 (+1.6 to +2.8); any λ from 0.4 to 1 may be as "
            "good to half a point",
        ),
        (
            {"as_good": (0.8,), "harmful_from": 4.0},
            "align vision at λ = 0.8: it gains +2.2 points (+1.6 to +2.8); every other λ is worse by more than half a "
            "point; λ = 4 lowers accuracy",
        ),
        (
            {"gain": 0.003, "gain_interval": (0.0002, 0.0058), "as_good": (0.0, 0.8), "num_seeds": (32, 32, 32, 32, 0)},
            "align vision at λ = 0.8: it gains +0.3 points (+0.02 to +0.58); λ = 0 and 0.8 may be as good to half a "
            "point; nothing is known of λ = 4, which has no score",
        ),
        (
            {"word": "do not align", "harmful_from": 0.8, "harmless_to": 0.4, "margin": 0.01},
            "do not align vision: no λ gains 1 point; from λ = 0.8 on it lowers accuracy; up to λ = 0.4 it changes by "
            "less than 1 point",
        ),
        (
            {"word": "do not align", "highs": np.array([0, 0.001, -0.001, 0.001, 0.001])},
            "do not align vision: no λ gains half a point; λ = 0.8 lowers accuracy",
        ),
        (
            {"word": "no difference", "harmless_to": 4.0},
            "no difference for vision: every λ up to 4 lies within half a point of λ = 0",
        ),
    ],
)
def test_what_is_decided(changes: dict, sentence: str) -> None:
    assert decision_sentence(replace(ALIGN, **changes), "vision") == sentence


@pytest.mark.parametrize(
    ("changes", "outlook"),
    [
        ({}, "any λ from 0.4 to 4 could still gain half a point; about 40 more seeds at each of these λ would tell"),
        (
            {"highs": np.array([0, 0.004, 0.006, 0.004, 0.01]), "more_seeds": 1},
            "λ = 0.8 and 4 could still gain half a point; one more seed at each of these λ would tell",
        ),
        (
            {"highs": np.full(5, 0.004), "more_seeds": None},
            "no λ gains half a point, but harm at larger λ is neither shown nor ruled out; how many more seeds would "
            "tell cannot be said",
        ),
        (
            {"seeds_cannot_tell": True, "more_seeds": None, "highs": np.array([0, 0.006, 0, 0, 0])},
            "λ = 0.4 could still gain half a point; more seeds cannot tell, more test rows could",
        ),
        (
            {"num_seeds": (1,) * 5, "more_seeds": None},
            "any λ from 0.4 to 4 could still gain half a point; one seed cannot tell an effect from chance",
        ),
        ({"num_seeds": (0, 8, 8, 8, 8)}, "λ = 0, which all others are compared with, has no score"),
    ],
)
def test_what_is_not(changes: dict, outlook: str) -> None:
    assert replace(UNDECIDED, **changes).sentence == f"undecided: {outlook}"
    assert decision_sentence(replace(UNDECIDED, **changes), "vision") == f"undecided for vision: {outlook}"


def test_lambdas_and_margins_in_words() -> None:
    assert lambdas_in_words((0.4,), GRID) == "λ = 0.4"
    assert lambdas_in_words((0.4, 0.8), GRID) == "λ = 0.4 and 0.8"
    assert lambdas_in_words((0.4, 1.0, 4.0), GRID) == "λ = 0.4, 1 and 4"
    assert lambdas_in_words(GRID, GRID) == "any λ from 0 to 4"
    assert [margin_in_words(margin) for margin in (0.005, 0.01, 0.0025)] == ["half a point", "1 point", "0.25 points"]
