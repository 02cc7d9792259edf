"""Which seeds the next round trains, and how they are cut into trials."""

import pytest

from studies.engine.search.rounds import next_round, portions


def test_each_round_doubles_the_seeds_of_those_that_can_still_change_the_decision() -> None:
    assert next_round({0: 8, 0.1: 8, 1: 8}, {0, 1}, 64) == {0: range(8, 16), 1: range(8, 16)}


def test_a_lambda_that_was_left_behind_doubles_its_own_seeds_as_few_may_settle_it() -> None:
    assert next_round({0: 32, 0.1: 8, 1: 32}, {0, 0.1, 1}, 256) == {
        0: range(32, 64),
        0.1: range(8, 16),
        1: range(32, 64),
    }
    assert next_round({1: 32, 0.1: 8, 0: 32}, {0, 0.1}, 256) == {0.1: range(8, 16)}  # its pairs are there


def test_no_round_goes_beyond_the_most_seeds() -> None:
    assert next_round({0: 24, 1: 24}, {0, 1}, 32) == {0: range(24, 32), 1: range(24, 32)}
    assert next_round({0: 32, 1: 32}, {0, 1}, 32) == {}
    assert next_round({0: 32, 0.1: 8, 1: 32}, {0, 0.1, 1}, 32) == {0.1: range(8, 16)}


def test_without_contenders_the_rounds_are_over() -> None:
    assert next_round({0: 8, 1: 8}, (), 64) == {}
    assert next_round({}, {0.5}, 64) == {}  # its search failed, so it has no seeds to add to


@pytest.mark.parametrize("count", [0, 1, 7, 32, 33, 64, 100])
def test_portions_are_all_seeds_once_in_order_and_about_equal(count: int) -> None:
    found = portions(range(8, 8 + count), 32)
    assert [seed for portion in found for seed in portion] == list(range(8, 8 + count))
    sizes = [len(portion) for portion in found]
    assert len(found) == -(-count // 32) and max(sizes, default=0) - min(sizes, default=0) <= 1
