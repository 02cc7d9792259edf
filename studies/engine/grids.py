"""What studies of real data share: the paper's grids (its sec. 4.2, 4.3), and the budgets of the affect data sets."""

from typing import Any

from trainables.config import Transformer

REAL_DATA_LAMBDAS = (0, 0.1, 0.25, 0.5, 0.6, 0.75, 1, 2, 4)

# Learning rate 0, which the paper lists too, is left out: it trains nothing.
REAL_DATA_SEARCH_SPACE = {
    "learning_rate": (1e-3, 5e-4, 1e-4, 5e-5, 1e-5),
    "weight_decay": (0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
    "dropout_1": (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2),
    "dropout_2": (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2),
    "projection_size": (64, 128, 256),
    "projection_learning_rate": (1e-4, 5e-4, 1e-3, 5e-3, 1e-2),
    "projection_weight_decay": (0, 1e-5, 1e-4, 1e-3, 1e-2),
    "depth": (2, 3, 4),
}

_AFFECT: dict[str, Any] = {
    "encoder_1": Transformer(),
    "encoder_2": Transformer(),
    "lambdas": REAL_DATA_LAMBDAS,
    "search_space": REAL_DATA_SEARCH_SPACE,
    "configurations": 16,
    "seeds": 5,
}
# Fields of `Study` that all studies of CMU-MOSEI, and all of MUStARD, have in common.
MOSEI: dict[str, Any] = {**_AFFECT, "search_seeds": 1, "final_seeds": 2, "max_epochs": 20, "batch_size": 128}
MUSTARD: dict[str, Any] = {**_AFFECT, "search_seeds": 2, "max_epochs": 50, "batch_size": 64}
