"""Environment variables are what they were once nobody needs them otherwise."""

import os
import threading

import pytest

from analysis.environment import environment, same_environment

THERE, ABSENT = "ALIGN_TEST_THERE", "ALIGN_TEST_ABSENT"


def variables() -> dict[str, str]:
    """All that are set, but for pytest's own, which changes from a fixture to its test."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture(autouse=True)
def before(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One variable that is set, and one that is not."""
    monkeypatch.setenv(THERE, "as it was")
    monkeypatch.delenv(ABSENT, raising=False)
    return variables()


def test_variables_are_set_for_as_long_as_the_context_lasts(before: dict[str, str]) -> None:
    with environment({THERE: "1", ABSENT: "2"}):
        assert variables() == before | {THERE: "1", ABSENT: "2"}
    assert variables() == before


def test_also_after_an_exception(before: dict[str, str]) -> None:
    with pytest.raises(KeyboardInterrupt), environment({THERE: "1", ABSENT: "2"}):
        raise KeyboardInterrupt
    assert variables() == before


def test_whatever_is_done_to_them_meanwhile(before: dict[str, str]) -> None:
    with environment({THERE: "1", ABSENT: "2"}):
        del os.environ[ABSENT]
        os.environ[THERE] = "changed by a library"
    assert variables() == before


def test_contexts_may_lie_in_each_other(before: dict[str, str]) -> None:
    with environment({ABSENT: "1"}):
        with environment({ABSENT: "2", THERE: "2"}):
            assert (os.environ[ABSENT], os.environ[THERE]) == ("2", "2")
        assert variables() == before | {ABSENT: "1"}
    assert variables() == before


def test_variables_of_others_are_left_alone() -> None:
    """What is set beside them stays set, as a study cannot know whose it is."""
    with environment({THERE: "1"}):
        os.environ[ABSENT] = "set by somebody else"
    assert os.environ[ABSENT] == "set by somebody else"


def test_what_a_library_sets_for_itself_is_taken_out(before: dict[str, str]) -> None:
    with pytest.raises(KeyboardInterrupt), same_environment("ALIGN_TEST_"):
        os.environ |= {THERE: "changed", ABSENT: "made", "ALIGN_TEST_OTHER": "made"}
        raise KeyboardInterrupt
    assert variables() == before
    with same_environment("ALIGN_TEST_A"):
        del os.environ[THERE]
        os.environ[ABSENT] = "made"
    assert variables() == {name: value for name, value in before.items() if name != THERE}


def test_from_another_thread(before: dict[str, str]) -> None:
    seen: list[dict[str, str]] = []

    def enter() -> None:
        with environment({ABSENT: "1"}):
            seen.append(variables())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before | {ABSENT: "1"}]
    assert variables() == before
