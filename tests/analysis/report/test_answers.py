"""What a λ* says in words: every regime, honest where nothing can be told."""

from typing import Any

import pytest

from analysis.report.answers import answer

ROW = {
    "variant": "R = 4",
    "encoder": "vision",
    "regime": "inverted_u",
    "best": 0.512,
    "low": 0.2,
    "high": 0.9,
    "p_value": 0.055,
    "gain": 0.0213,
    "gain_low": -0.0004,
    "gain_high": 0.034,
    "at_edge": None,
    "dropped_seeds": 0,
}


@pytest.mark.parametrize(
    ("changes", "advice", "words"),
    [
        (
            {},
            "align",
            ["first rises with λ and then falls", "λ* = 0.51", "from 0.2 to 0.9", "+2.1 points", "0.0 to +3.4"],
        ),
        ({"regime": "increasing"}, "align", ["rises with λ all along"]),
        ({"regime": "saturating"}, "align", ["levels off"]),
        ({"regime": "decreasing"}, "no gain shown", ["strong alignment costs accuracy", "no λ is shown to beat λ = 0"]),
        (
            {"regime": "decreasing", "best": 0.0},
            "no gain shown",
            ["is highest at λ = 0 (anything from 0.2 to 0.9 could still be the best)."],
        ),
        ({"regime": "flat"}, "no effect shown", ["no effect of λ can be shown (p = 0.055)"]),
        ({"regime": None}, "cannot tell", ["one seed cannot tell an effect from chance"]),
        ({"regime": None, "best": float("nan")}, "cannot tell", ["fewer than two λ"]),
    ],
)
def test_each_regime_in_words(changes: dict[str, Any], advice: str, words: list[str]) -> None:
    found = answer({**ROW, **changes}, first=0.0)
    assert found.advice == advice and found.reservations == ()
    for expected in words:
        assert expected in found.sentence
    assert "nan" not in found.sentence and found.sentence.endswith(".")


def test_reservations_are_added() -> None:
    found = answer({**ROW, "at_edge": "upper", "dropped_seeds": 2}, first=0.0)
    assert found.reservations == (
        "λ* is the largest λ tried; more may be better",
        "2 of its seeds diverged at some λ and are left out",
    )
