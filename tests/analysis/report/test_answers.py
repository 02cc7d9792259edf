"""What the page says of an encoder: the decision's own words, and what a reader must not overlook."""

import pandas as pd

from analysis.conclusions import Conclusions
from analysis.decision import decision_sentence
from analysis.report.answers import answers, reservations


def test_each_answer_is_the_decision_in_its_own_words(conclusions: Conclusions) -> None:
    found = answers(conclusions.decisions)
    assert [(one.variant, one.encoder) for one in found] == list(conclusions.decided)
    for one, decision in zip(found, conclusions.decided.values(), strict=True):
        assert one.advice == decision.word
        assert one.reasons.startswith((": ", " at λ = "))
        sentence = f"{decision_sentence(decision, one.encoder)}."
        assert sentence in (f"{one.advice} {one.encoder}{one.reasons}", f"{one.advice} for {one.encoder}{one.reasons}")


def test_reservations_are_added(conclusions: Conclusions) -> None:
    row = conclusions.decisions.iloc[0].to_dict()
    assert reservations({**row, "at_edge": None, "dropped_seeds": 0}) == []
    assert reservations({**row, "at_edge": "upper", "dropped_seeds": 2}) == [
        "λ* is the largest λ tried; more may be better",
        "2 of its seeds diverged at some λ and are left out there",
    ]


def test_without_decisions_there_are_no_answers(conclusions: Conclusions) -> None:
    assert answers(pd.DataFrame(columns=conclusions.decisions.columns)) == []
