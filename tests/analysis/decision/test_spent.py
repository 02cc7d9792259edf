"""What looks may err: together no more than the error, and none nothing."""

import pytest

from analysis.decision import spent_at


def test_all_looks_together_spend_the_error() -> None:
    spent = [spent_at(look, 0.05) for look in range(1, 60)]
    assert sum(spent) == pytest.approx(0.05)
    assert min(spent) > 0


def test_six_looks_are_equal() -> None:
    assert {spent_at(look, 0.07) for look in range(1, 7)} == {0.07 / 7}
