"""How far intervals reach: chance by groups, what was not learnt, ties, and bounds."""

from dataclasses import replace

import numpy as np
import pytest

from pid.inference import ATOM_NAMES
from pid.posterior.cell_informations import CellInformations
from pid.posterior.estimator import PosteriorInformations
from pid.posterior.reach import lower_ends, missed_informations, reached_intervals

NUM_ROWS = 400
CODES = np.arange(NUM_ROWS) % 2
ALONE = np.arange(NUM_ROWS + 1)


def informations(values: list[float], seed: int = 0) -> PosteriorInformations:
    """Rows whose parts scatter by .5 bit about I(X1; Y), I(X2; Y), union and I(X1, X2; Y); all classifiers agree."""
    scatter = np.random.default_rng(seed).standard_normal((NUM_ROWS, 4)) / 2
    cells = CellInformations(
        values=np.array(values),
        of_rows=np.array(values) + scatter,
        gap_bits=0.0,
        num_cells=(4, 4, 4),
        chance=(0.0, 0.0),
    )
    scored = np.array(values)[[0, 1, 3]]
    return PosteriorInformations(cells=cells, scored=scored, scored_half=scored, best_family=scored)


def widths(found: PosteriorInformations, starts: np.ndarray = ALONE) -> np.ndarray:
    return np.array([upper - lower for lower, upper in reached_intervals(found, starts, CODES).values()])


def test_without_anything_missed_intervals_are_those_of_chance() -> None:
    found = informations([0.5, 0.2, 0.5, 0.6])
    intervals = reached_intervals(found, ALONE, CODES)
    atoms = dict(zip(ATOM_NAMES, (0.2, 0.3, 0.0, 0.1), strict=True))
    # An atom of three parts that scatter by .5 has the standard error .5 √3 / √400 = .043, one of two parts .035; the
    # slack is 3 / 400 to either side, twice above synergy, and the informations are too far apart to tie.
    for name, error in zip(ATOM_NAMES, (0.043, 0.035, 0.035, 0.035), strict=True):
        lower, upper = intervals[name]
        assert lower == pytest.approx(atoms[name] - 2.1 * error - 0.0075, abs=0.01)
        slack = 0.015 if name == "synergy" else 0.0075
        assert upper == pytest.approx(atoms[name] + 2.1 * error + slack, abs=0.01)


def test_chance_in_many_cells_may_seem_an_atom_and_is_missing_from_synergy() -> None:
    few = informations([0.5, 0.2, 0.5, 0.6])
    chance_1, chance_2, unseen = 0.04, 0.02, 3 / NUM_ROWS  # what is unseen is a part of what is chance
    many = replace(few, cells=replace(few.cells, chance=(chance_1, chance_2)))
    before, after = (reached_intervals(found, ALONE, CODES) for found in (few, many))
    moved = np.array([np.subtract(after[name], before[name]) for name in ATOM_NAMES])
    expected = [[unseen - chance_1, 0], [unseen - chance_1, 0], [unseen - chance_2, 0], [0, chance_1 - unseen]]
    np.testing.assert_allclose(moved, expected, atol=1e-12)


def test_rows_that_repeat_within_groups_are_one_observation() -> None:
    found = informations([0.5, 0.2, 0.5, 0.6])
    first_of_group = np.repeat(np.arange(0, NUM_ROWS, 4), 4)
    repeated = replace(found, cells=replace(found.cells, of_rows=found.cells.of_rows[first_of_group]))
    quarter = replace(found, cells=replace(found.cells, of_rows=found.cells.of_rows[::4]))
    grouped = lower_ends(repeated, np.arange(0, NUM_ROWS + 1, 4))
    assert grouped == pytest.approx(lower_ends(quarter, np.arange(101)), abs=1e-12)
    assert lower_ends(repeated, ALONE)["total"] > grouped["total"]


def test_what_half_of_the_rows_lose_and_what_pooling_gains_widens() -> None:
    found = informations([0.5, 0.2, 0.5, 0.6])
    learning = replace(found, scored_half=found.scored - [0, 0.05, 0])
    pooling = replace(found, best_family=found.scored - [0, 0, 0.05])
    unseen = 3 / NUM_ROWS
    # 1 + √2 times the loss, or the gain itself, beside what chance alone may hide.
    assert missed_informations(learning, 2) == pytest.approx([unseen, 0.05 * (1 + np.sqrt(2)) + unseen, unseen])
    assert missed_informations(pooling, 2) == pytest.approx([unseen, unseen, 0.05 + unseen])
    assert (widths(learning) > widths(found) + 0.1).tolist() == [True, True, True, True]
    assert (widths(pooling) > widths(found) + 0.04).tolist() == [False, False, False, True]


def test_a_tie_widens_in_the_direction_of_its_bias() -> None:
    apart = reached_intervals(informations([0.6, 0.2, 0.6, 0.7]), ALONE, CODES)
    tied = reached_intervals(informations([0.4, 0.4, 0.6, 0.7]), ALONE, CODES)  # the same redundancy
    # The difference of both informations has the standard error .035, of which the normal density at 0 is .014.
    assert tied["redundancy"][1] - apart["redundancy"][1] == pytest.approx(0.014, abs=0.001)
    assert tied["redundancy"][0] == pytest.approx(apart["redundancy"][0], abs=1e-9)


def test_lower_ends_are_below_what_the_log_loss_shows_and_never_negative() -> None:
    found = informations([0.5, 0.02, 0.5, 0.6])
    overconfident = replace(found, scored=np.array([0.4, -0.3, 0.6]))
    plain, cut = lower_ends(found, ALONE), lower_ends(overconfident, ALONE)
    assert plain["information_1"] - cut["information_1"] == pytest.approx(0.1)
    assert cut["information_2"] == cut["redundancy"] == 0.0
    assert plain["total"] == pytest.approx(0.6 - 1.645 * 0.025, abs=0.005)
