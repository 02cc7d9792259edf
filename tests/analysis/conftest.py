"""Planted data for the tests of analysis: scores whose truth is known."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

GRID = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0])
# Shapes over GRID, each with one regime.
SHAPES = {
    "increasing": 0.70 + 0.05 * GRID,
    "saturating": 0.70 + 0.05 * (1 - np.exp(-GRID / 0.1)),
    "inverted_u": 0.80 - 0.10 * (GRID - 0.8) ** 2,
    "decreasing": 0.70 - 0.05 * GRID,
    "flat": np.full(len(GRID), 0.70),
}


@pytest.fixture
def grid() -> np.ndarray:
    """Strengths [7], the grid of the synthetic study."""
    return GRID


@pytest.fixture
def planted() -> Callable[..., np.ndarray]:
    """Scores [7, num_seeds] of a named shape: each seed has a level of its own and independent noise."""

    def draw(shape: str, num_seeds: int = 4, noise: float = 0.01, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        levels = 0.02 * rng.standard_normal(num_seeds)
        return SHAPES[shape][:, None] + levels + noise * rng.standard_normal((len(GRID), num_seeds))

    return draw


@pytest.fixture
def study_scores(planted: Callable[..., np.ndarray]) -> pd.DataFrame:
    """Tidy scores of two variants and two encoders, four seeds."""
    shapes = {
        ("R = 8", "vision"): "saturating",
        ("R = 8", "audio"): "inverted_u",
        ("R = 0", "vision"): "decreasing",
        ("R = 0", "audio"): "flat",
    }
    rows = [
        (variant, strength, encoder, seed, accuracy, 0.9)
        for number, ((variant, encoder), shape) in enumerate(shapes.items())
        for strength, of_seeds in zip(GRID, planted(shape, noise=0.002, seed=number), strict=True)
        for seed, accuracy in enumerate(of_seeds)
    ]
    return pd.DataFrame(rows, columns=["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"])


@pytest.fixture
def planted_law() -> Callable[[np.ndarray], np.ndarray]:
    """log(1 + λ*) as a saturating function of redundancy in bits."""
    return lambda redundancy: 0.9 * (1 - np.exp(-redundancy / 0.4))


@pytest.fixture
def planted_points(planted_law: Callable[[np.ndarray], np.ndarray]) -> Callable[..., pd.DataFrame]:
    """Points as `encoder_points` gives them, on grids 0 … 4: two encoders a study, known errors in both."""

    def draw(
        law: Callable[[np.ndarray], np.ndarray] = planted_law,
        *,
        num_clusters: int = 10,
        noise: float = 0.1,
        scatter: float = 0.1,
        error: float = 0.02,
        seed: int = 0,
    ) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        redundancy = np.repeat(rng.uniform(0, 1.5, num_clusters), 2)
        estimated = redundancy + error * np.repeat(rng.standard_normal(num_clusters), 2)
        # Half of the scatter's variance is common to the encoders of a study.
        common, own = np.repeat(rng.standard_normal(num_clusters), 2), rng.standard_normal(2 * num_clusters)
        true = np.maximum(law(redundancy) + scatter * (common + own) / np.sqrt(2), 0)
        deviation = noise * rng.uniform(0.5, 1.5, len(true))
        measured = true + deviation * rng.standard_normal(len(true))
        best, low, high = (np.expm1(np.clip(measured + 1.96 * side * deviation, 0, np.log(5))) for side in (0, -1, 1))
        return pd.DataFrame(
            {
                "study": [f"study {number // 2:02d}" for number in range(len(true))],
                "variant": "all",
                "encoder": ["audio", "vision"] * num_clusters,
                "definition": "BROJA",
                "best": best,
                "low": low,
                "high": high,
                "smallest_lambda": 0.0,
                "largest_lambda": 4.0,
                "redundancy": estimated,
                "redundancy_low": estimated - 1.96 * error,
                "redundancy_high": estimated + 1.96 * error,
            }
        )

    return draw
