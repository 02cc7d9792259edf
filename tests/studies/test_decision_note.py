"""The description of a study's run in MLflow: all decisions, as they are, and never longer than a tag."""

import re

import pandas as pd

from studies.engine.decision_note import decision_note

QUESTION = "Should [text] and clip_v2 be aligned?"


def decisions(count: int) -> pd.DataFrame:
    sentences = [f"align modality_1 at λ = 0.5: any λ* from 0.2 to {number} is as good." for number in range(count)]
    return pd.DataFrame({"variant": [f"R={number // 2}" for number in range(count)], "sentence": sentences})


def shown(note: str) -> str:
    """The note as Markdown shows it: a letter after a backslash is itself."""
    return re.sub(r"\\(.)", r"\1", note)


def test_the_note_has_the_question_and_each_decision_of_its_variant() -> None:
    table = decisions(4)
    lines = shown(decision_note(QUESTION, table)).splitlines()
    assert lines[0] == QUESTION
    assert lines[2:-2] == [f"- **{row.variant}**: {row.sentence}" for row in table.itertuples()]


def test_a_picture_is_shown_from_its_address() -> None:
    lines = decision_note(QUESTION, decisions(1), "get-artifact?path=a_b.png&run_uuid=0").splitlines()
    assert lines[-3] == "![the gain of each λ](get-artifact?path=a_b.png&run_uuid=0)"


def test_no_letter_of_a_name_is_taken_for_a_style() -> None:
    first, *_ = decision_note(QUESTION, decisions(1)).splitlines()
    assert not re.search(r"(?<!\\)[\[\]_*]", first)


def test_a_note_that_would_be_too_long_says_how_many_decisions_it_leaves_out() -> None:
    lines = shown(note := decision_note(QUESTION, decisions(200))).splitlines()
    assert len(note) <= 5000 < len(note) + 200
    kept = len(lines) - 2 - 2 - 1
    assert lines[-3] == f"- and {200 - kept} more, in the report"


def test_without_decisions_the_question_stands_alone() -> None:
    assert shown(decision_note(QUESTION, decisions(0))).splitlines()[0] == QUESTION


def test_of_a_question_that_fills_the_note_its_beginning_stands_there() -> None:
    assert decision_note("why " * 2000, decisions(3)) == ("why " * 2000)[:5000]
