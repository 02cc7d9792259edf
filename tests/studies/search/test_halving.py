"""Successive halving by itself: its rule on hand-made scores."""

from collections.abc import Sequence

import pytest

from studies.engine.search.halving import SuccessiveHalving
from trainables.config import Refused

EARLIER = [[0.1], [0.2, 0.2, 0.6], [0.3, 0.3, 0.4], [0.4, 0.5, 0.5]]


@pytest.mark.parametrize(
    ("scores", "goes_on"),
    [
        ([0.3], True),  # the upper third of .1, .2, .3, .4 begins at their quantile 2/3, which is .3
        ([0.29], False),
        ([0.9, 0.0], True),  # two reports are no rung
        ([0.9, 0.0, 0.54], True),  # of .4, .5, .6 the quantile 2/3 is .533
        ([0.9, 0.0, 0.53], False),
        ([0.9, 0.0, 0.6, 0.0], True),
    ],
)
def test_a_trial_passes_a_rung_in_the_upper_third(scores: Sequence[float], goes_on: bool) -> None:
    assert SuccessiveHalving(reduction_factor=3, rungs=(1, 3)).goes_on(scores, EARLIER) is goes_on


def test_who_is_compared_with_nobody_goes_on() -> None:
    assert SuccessiveHalving().goes_on([0.0], [])
    assert SuccessiveHalving().goes_on([0.0, 0.0, 0.0], [[0.9], [0.9, 0.9]])


def test_scores_that_are_no_numbers_are_compared_with_by_nobody() -> None:
    assert SuccessiveHalving(rungs=(1,)).goes_on([0.1], [[float("nan")], [float("inf")]])


def test_a_larger_factor_lets_fewer_pass() -> None:
    earlier = [[score / 100] for score in range(100)]
    passing = {
        factor: sum(
            SuccessiveHalving(reduction_factor=factor, rungs=(1,)).goes_on([score / 100], earlier)
            for score in range(100)
        )
        for factor in (2, 4, 10)
    }
    assert passing == {2: 50, 4: 25, 10: 10}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reduction_factor": 1}, "reduction_factor must be above 1, got 1"),
        ({"rungs": (3, 1)}, r"increasing, got \(3, 1\)"),
        ({"rungs": (0, 1)}, "from 1 on"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(fields: dict, message: str) -> None:
    with pytest.raises(Refused, match=message):
        SuccessiveHalving(**fields)
