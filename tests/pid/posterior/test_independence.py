"""The test of independence: as many false findings as it says, and findings where there is something."""

import numpy as np
import pytest

from pid.posterior.fold_views import standardised_columns
from pid.posterior.independence import Independence, independence_test


def outcome(
    x1: np.ndarray, x2: np.ndarray, codes: np.ndarray, starts: np.ndarray | None = None, seed: int = 0
) -> Independence:
    return independence_test(
        (standardised_columns(x1), standardised_columns(x2)),
        codes,
        np.arange(len(codes) + 1) if starts is None else starts,
        num_permutations=19,
        generator=np.random.default_rng(seed),
    )


def test_p_values_of_independent_labels_are_uniform() -> None:
    levels = []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        x1, x2 = draw.standard_normal((2, 60, 30))
        levels.append(outcome(x1, x2, draw.integers(0, 3, 60), seed=seed).p_value)
    # Uniform on 1/20, ..., 20/20: the mean of 200 is .525 with a standard deviation of .288/√200 = .020, and of 200
    # p-values 10 are 1/20 on average; more than 21 are with a probability of .0005.
    assert abs(np.mean(levels) - 0.525) < 4 * 0.020
    assert (np.array(levels) <= 0.05).sum() <= 21


def test_each_kind_of_dependence_is_found_where_it_is() -> None:
    draw = np.random.default_rng(0)
    x1, x2 = draw.standard_normal((2, 300, 3))
    both = (x1[:, 0] * x2[:, 0] > 0).astype(int)
    found = outcome(x1, x2, both)
    assert found.p_value == found.p_value_both == 0.05
    assert min(found.p_value_1, found.p_value_2) > 0.05
    own = outcome(x1, x2, (np.abs(x1[:, 0]) > 0.7).astype(int))  # a difference in spread, which no mean shows
    assert own.p_value_1 == 0.05
    assert own.p_value_2 > 0.05


@pytest.mark.parametrize(
    "sizes", [[15] * 12, [5] * 10 + [80, 130], list(range(4, 28))], ids=["equal", "two large", "all"]
)
def test_rows_of_one_group_are_no_evidence_of_their_own(sizes: list[int]) -> None:
    """Of whatever sizes groups are: each has one label, which is independent of its features."""
    false_findings = {"grouped": 0, "alone": 0}
    starts = np.concatenate(([0], np.cumsum(sizes)))
    for seed in range(40):
        draw = np.random.default_rng(seed)
        group = np.repeat(np.arange(len(sizes)), sizes)
        x1, x2 = (draw.standard_normal((len(sizes), 2))[group] for _ in range(2))
        codes = draw.permutation(np.arange(len(sizes)) % 2)[group]
        false_findings["grouped"] += outcome(x1, x2, codes, starts, seed=seed).p_value <= 0.05
        false_findings["alone"] += outcome(x1, x2, codes, seed=seed).p_value <= 0.05
    # Of 40 tests at 5 %, more than 6 findings are with a probability of .003.
    assert false_findings["grouped"] <= 6
    assert false_findings["alone"] == 40
