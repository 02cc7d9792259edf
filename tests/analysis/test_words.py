"""Differences and sets of λ in words."""

import math

import pytest

from analysis.report.page_tables import gain_text
from analysis.words import first_itself, lambda_runs, run_ends


@pytest.mark.parametrize(
    ("best", "gain", "low", "high", "itself", "text"),
    [
        (0.0, 0.0, 0.0, 0.0, "λ = 0 itself", "λ = 0 itself"),
        (0.05, 0.0, 0.0, 0.0, "λ = 0.05 itself", "λ = 0.05 itself"),  # a grid that begins there
        (0.5, 0.0, -0.01, 0.01, None, "0.00"),
        (0.5, 0.012, 0.001, 0.02, None, "+1.20"),
        (0.5, math.nan, math.nan, math.nan, None, "?"),
    ],
)
def test_nothing_gains_over_itself(
    best: float, gain: float, low: float, high: float, itself: str | None, text: str
) -> None:
    row = {"best": best, "gain": gain, "gain_low": low, "gain_high": high}
    assert first_itself(row) == itself
    assert gain_text(row) == text


@pytest.mark.parametrize(
    ("chosen", "text", "ends"),
    [
        ((0, 0.1, 0.5, 2), "0 to 2", [(0, 2)]),
        ((0, 0.1, 2), "0 to 0.1, 2", [(0, 0.1), (2, 2)]),
        ((0, 0.5), "0, 0.5", [(0, 0), (0.5, 0.5)]),
        ((0.5, 2), "0.5 to 2", [(0.5, 2)]),
        ((0.1,), "0.1", [(0.1, 0.1)]),
    ],
)
def test_a_run_has_every_lambda_between_its_ends(chosen: tuple, text: str, ends: list) -> None:
    assert lambda_runs(chosen, (0, 0.1, 0.5, 2)) == text
    assert run_ends(text) == ends
