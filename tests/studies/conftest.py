"""The smallest study that has everything: two variants, three λ, a search that stops trials, several seeds."""

import pytest

from studies.engine import Study
from trainables.config import Mlp, SyntheticData


@pytest.fixture
def study() -> Study:
    return Study(
        name="small",
        question="Does the engine do what it says?",
        variants={"R=0": SyntheticData(shared_bits=0), "R=8": SyntheticData(shared_bits=8)},
        encoder_1=Mlp(width=4, depth=1),
        encoder_2=Mlp(width=4, depth=1),
        lambdas=(0, 0.5, 2),
        search_space={"learning_rate": (1e-1, 1e-2, 1e-3, 1e-4), "weight_decay": (0, 1e-2)},
        configurations=4,
        seeds=2,
        search_seeds=1,
        max_epochs=9,
        batch_size=64,
        train_samples=(128,),
    )
