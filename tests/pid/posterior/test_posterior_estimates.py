"""The default estimator, end to end: truth within its intervals, bounds that hold, silence about noise."""

from typing import Any

import numpy as np
import pytest

from pid.distributions import named_distributions
from pid.estimation import estimate
from pid.inference import ATOM_NAMES, as_vector

FEW: dict[str, Any] = {"num_permutations": 19}


def noisy_views(num_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four classes of two bits, of which each modality shows one, almost surely, beside three columns of noise."""
    draw = np.random.default_rng(seed)
    y = draw.integers(0, 4, num_rows)
    x1, x2 = draw.standard_normal((2, num_rows, 4))
    x1[:, 0] += 8 * (y // 2)
    x2[:, 0] += 8 * (y % 2)
    return x1, x2, y


def test_what_each_modality_shows_by_itself_is_unique() -> None:
    result = estimate(*noisy_views(400, seed=0), **FEW)
    # The exact atoms are those of COPY, R = S = 0 and U1 = U2 = 1: four standard deviations decide each bit.
    truth = as_vector(named_distributions()["COPY"].atoms)
    for name, true in zip(ATOM_NAMES, truth, strict=True):
        lower, upper = result.interval[name]
        # Classes are not quite equally frequent in 400 rows: entropies are up to .01 bit below 1.
        assert lower - 0.01 <= true <= upper + 0.01
        assert upper - lower < 0.25
    assert result.at_least is not None
    assert 0.9 < result.at_least["information_1"] <= 1
    assert (result.method, result.definition, result.null) == ("posterior", "BROJA", None)
    assert result.p_independent == 0.05


def test_two_views_of_one_number_are_redundant_and_no_synergy_is_made_up() -> None:
    draw = np.random.default_rng(1)
    y = draw.integers(0, 2, 400)
    shown = (2 * y - 1)[:, None] * 1.5 + draw.standard_normal((400, 1))
    result = estimate(shown, np.hstack((shown, draw.standard_normal((400, 2)))), y, **FEW)
    # X2 contains X1: R is all of I(X1; Y), which is .66 bit for means 3 standard deviations apart (by integration).
    assert result.interval["redundancy"].lower < 0.66 < result.interval["redundancy"].upper
    assert result.dominant == "redundancy"
    assert result.interval["synergy"].lower < 0.005
    assert "mostly redundancy" in result.verdict
    assert "BROJA by posterior" in result.verdict
    assert f"redundancy at least {result.at_least and result.at_least['redundancy']:.3f}" in result.verdict


def test_labels_that_mean_nothing_have_no_information() -> None:
    draw = np.random.default_rng(2)
    x1, x2 = draw.standard_normal((2, 138, 20))
    result = estimate(x1, x2, draw.integers(0, 2, 138), **FEW)
    assert result.verdict.startswith("not distinguishable from independent labels")
    assert result.dominant is None
    assert all(result.interval[name].lower <= 0.02 for name in ATOM_NAMES)
    assert result.atoms.total < 0.05  # where 20 clusters a modality would show half a bit


def test_the_same_seed_gives_the_same_estimate_and_units_do_not_matter() -> None:
    x1, x2, y = noisy_views(120, seed=3)
    first = estimate(x1, x2, y, seed=4, **FEW)
    assert estimate(x1, x2, y, seed=4, **FEW) == first
    # Powers of two change no digit of standardised columns.
    assert estimate(4 * x1, x2 / 8, y * 5 - 7, seed=4, **FEW) == first


def test_rows_of_one_group_do_not_answer_for_each_other() -> None:
    draw = np.random.default_rng(5)
    groups = np.repeat(np.arange(24), 15)
    # Each group has features and a label of its own, which have nothing to do with each other.
    x1, x2 = (draw.standard_normal((24, 3))[groups] + 0.01 * draw.standard_normal((360, 3)) for _ in range(2))
    y = draw.permutation(np.arange(24) % 2)[groups]
    assert estimate(x1, x2, y, **FEW).atoms.total > 0.9
    grouped = estimate(x1, x2, y, groups=groups, **FEW)
    assert grouped.p_independent > 0.05
    assert grouped.at_least is not None
    assert grouped.at_least["total"] == 0.0


def test_columns_whose_squares_overflow_are_seen() -> None:
    x1, x2, y = noisy_views(30, seed=3)
    assert estimate(x1 * 2.0**700, x2, y, **FEW) == estimate(x1, x2, y, **FEW)


def test_as_many_classes_as_rows_do_no_harm() -> None:
    draw = np.random.default_rng(0)
    found = estimate(draw.standard_normal((12, 3)), draw.standard_normal((12, 2)), np.arange(12))
    assert found.num_classes == 12


def test_codes_are_seen_as_they_are() -> None:
    table = named_distributions()["XOR"].table
    x1, x2, y = np.unravel_index(np.random.default_rng(6).choice(8, size=300, p=table.ravel()), table.shape)
    result = estimate(x1, x2, y, **FEW)
    assert result.dominant == "synergy"
    assert result.interval["synergy"].lower < 1 <= result.interval["synergy"].upper + 0.01


@pytest.mark.parametrize("num_rare", [1, 3])
def test_a_class_of_few_rows_and_a_modality_that_never_varies_do_no_harm(num_rare: int) -> None:
    draw = np.random.default_rng(7)
    y = np.r_[np.arange(40) % 2, np.full(num_rare, 2)]
    x1 = y[:, None] + 0.1 * draw.standard_normal((len(y), 2))
    result = estimate(x1, np.ones((len(y), 3)), y, **FEW)
    assert result.atoms.redundancy == pytest.approx(0, abs=1e-6)
    assert result.atoms.unique_1 > 0.5
    assert estimate(x1[:10], x1[:10], np.r_[np.zeros(9, dtype=int), 1], **FEW).num_samples == 10
