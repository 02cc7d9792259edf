"""Tests of independence and of dominance on made-up values whose ranks are known."""

import numpy as np
import pytest

from pid.inference import Correction, dominant_atom, independence_p_value, p_values


def test_the_independence_test_is_exact_for_any_number_of_permutations() -> None:
    # Of exchangeable rows each is the largest equally often: p takes the values 1/20, ..., 20/20, each once.
    values = np.random.default_rng(0).standard_normal((20, 4))
    levels = sorted(independence_p_value(values[row], np.delete(values, row, axis=0)) for row in range(20))
    np.testing.assert_allclose(levels, np.arange(1, 21) / 20)


def test_p_values_count_the_null_values_that_are_as_large() -> None:
    null = np.arange(4.0)[:, None] * np.ones(4)
    counted = p_values(np.array([3.5, 3.0, 0.5, -1.0]), null)
    assert counted == pytest.approx({"redundancy": 1 / 5, "unique_1": 2 / 5, "unique_2": 4 / 5, "synergy": 1})
    # A null without any variation, as of a constant modality, is no evidence.
    assert independence_p_value(np.zeros(4), np.zeros((19, 4))) == 1
    assert p_values(np.full(4, 1e-9), np.zeros((19, 4)))["synergy"] == 1


def test_an_atom_dominates_only_by_every_correction_and_in_most_draws() -> None:
    def correction(*leaders: int) -> Correction:
        return Correction(estimate=np.zeros(4), draws=np.eye(4)[list(leaders)])

    mostly_synergy, always_redundancy = correction(*[3] * 19, 0), correction(*[0] * 20)
    assert dominant_atom([mostly_synergy]) == "synergy"
    assert dominant_atom([mostly_synergy, always_redundancy]) is None
    assert dominant_atom([correction(*[3] * 18, 0, 0)]) is None
