"""The paper's grids for real data (its sec. 4.2, 4.3), which all studies of such data share."""

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
