"""Cells keep what posteriors tell, and are no finer than the rows allow."""

import numpy as np
import pytest

from pid.joint_tables import mutual_information
from pid.posterior.cells import cells, left_out_loss


def told(cell: np.ndarray, codes: np.ndarray) -> float:
    joint = np.zeros((cell.max() + 1, codes.max() + 1))
    np.add.at(joint, (cell, codes), 1 / len(codes))
    return mutual_information(joint)


def test_posteriors_of_few_kinds_lose_nothing() -> None:
    draw = np.random.default_rng(0)
    kinds = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.34, 0.33, 0.33]])
    kind = draw.integers(0, 4, 3000)
    codes = np.array([draw.choice(3, p=kinds[each]) for each in kind])
    cell = cells(kinds[kind], codes, None, seed=0)
    # Every cell is a union of kinds, and there are no more kinds than cells.
    assert cell.max() + 1 == 4
    assert told(cell, codes) == pytest.approx(told(kind, codes), abs=1e-12)


def test_posteriors_that_say_nothing_are_one_cell() -> None:
    draw = np.random.default_rng(1)
    share = draw.uniform(0.4, 0.6, 400)
    cell = cells(np.column_stack((share, 1 - share)), draw.integers(0, 2, 400), None, seed=0)
    # Left-out log-loss may prefer two cells by luck; many would be memory.
    assert cell.max() + 1 <= 3


def test_left_out_loss_is_that_of_counting_without_the_own_group() -> None:
    draw = np.random.default_rng(2)
    cell, codes, groups = draw.integers(0, 3, 40), draw.integers(0, 2, 40), np.arange(40) // 4
    prior = np.bincount(codes) / 40
    losses = []
    for row in range(40):
        others = (groups != groups[row]) & (cell == cell[row])
        same = (codes[others] == codes[row]).sum()
        losses.append(-np.log((same + prior[codes[row]]) / (others.sum() + 1)))
    assert left_out_loss(cell, codes, groups) == pytest.approx(np.mean(losses), abs=1e-12)
    assert left_out_loss(cell, codes, np.arange(40)) == pytest.approx(left_out_loss(cell, codes, None), abs=1e-12)
