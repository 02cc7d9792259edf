import numpy as np
import pytest
import torch

from alignment import InfoNce
from trainables.config import Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.measured_alignment import measure_alignment
from trainables.measured_rows import FEWEST_MEASURED_ROWS, few_rows_note, num_neighbours

CONFIG = TrialConfig(
    data=SyntheticData(shared_bits=4),
    encoder_1=Mlp(width=4),
    encoder_2=Mlp(width=4),
    lambda_=0,
    hyperparameters=Hyperparameters(learning_rate=1e-3),
    objective=InfoNce(),
    max_epochs=1,
)


@pytest.mark.parametrize(("num_rows", "expected"), [(4, 1), (5, 2), (9, 4), (20, 9), (21, 10), (5000, 10)])
def test_neighbours_are_ten_or_half_of_the_others(num_rows, expected):
    assert num_neighbours(num_rows) == expected
    assert (few_rows_note(num_rows) is None) == (expected == 10)


@pytest.mark.parametrize("num_rows", [FEWEST_MEASURED_ROWS, 5, 9, 10, 11, 20, 21])
def test_alignment_of_few_rows_is_measured_and_unrelated_rows_are_at_the_level_of_chance(num_rows):
    draw = torch.Generator().manual_seed(0)
    found = [
        measure_alignment("a", CONFIG, *(torch.randn(1, num_rows, 3, generator=draw) for _ in range(2)))
        for _ in range(40)
    ]
    for name in ("cka", "debiased_cka", "svcca", "mutual_knn"):
        values = np.array([figures[f"a/{name}"][0] for figures in found])
        levels = np.array([figures[f"a/chance/{name}"][0] for figures in found])
        assert np.isfinite(values).all() and np.isfinite(levels).all()
        # Four standard errors: unrelated representations are at the level of chance on average.
        assert abs((values - levels).mean()) <= 4 * values.std() / np.sqrt(len(values)) + 1e-12
    values, levels = (
        np.array([figures[f"a/{name}"][0] for figures in found]) for name in ("mutual_knn", "chance/mutual_knn")
    )
    assert values.std() > 0 and (levels < 0.6).all()  # of all others as neighbours, both would always be 1
