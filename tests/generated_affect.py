"""Clips in the format of MultiBench's affect files, a few and small ones, for the tests."""

from collections.abc import Callable

import numpy as np

WIDTHS = {"vision": 4, "audio": 3, "text": 5}
SIZES = {"train": 40, "valid": 12, "test": 12}
NUM_STEPS = 6
Content = dict[str, dict[str, np.ndarray]]


def sentiment(draw: np.random.Generator, num_rows: int) -> np.ndarray:
    return draw.integers(-9, 10, size=(num_rows, 1, 1)) / 3


def sarcasm(draw: np.random.Generator, num_rows: int) -> np.ndarray:
    return draw.choice([-1.0, 1.0], size=(num_rows, 1, 1))


def made_content(labels: Callable = sentiment, seed: int = 0) -> Content:
    """Clips of 2 to 6 steps behind front padding, in the format of MultiBench."""
    draw = np.random.default_rng(seed)
    content = {}
    for split, num_rows in SIZES.items():
        lengths = draw.integers(2, NUM_STEPS + 1, size=num_rows)
        padding = np.arange(NUM_STEPS) < NUM_STEPS - lengths[:, None]
        parts = {}
        for name, width in WIDTHS.items():
            parts[name] = draw.normal(3, 2, size=(num_rows, NUM_STEPS, width)).astype(np.float32)
            parts[name][padding] = 0
        parts["labels"] = labels(draw, num_rows)
        parts["id"] = np.array([[f"{split}{row}", "0.0", "1.5"] for row in range(num_rows)])
        content[split] = parts
    return content
