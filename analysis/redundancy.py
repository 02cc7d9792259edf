"""The law that ties λ* to redundancy across studies, and the forecast of λ* for data that nobody has trained on."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.points import encoder_points
from pid.atoms import Atoms

__all__ = ["Forecast", "LeaveOneOut", "RankCorrelation", "RedundancyLaw", "encoder_points", "law_summary"]

Predictor = Literal["redundancy", "share", "shared_bits", "exact_redundancy"]


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Rank correlation of predictor and λ*, from -1 to 1, with its interval and the p-value of no relation."""

    value: float
    interval: tuple[float, float]
    p_value: float


@dataclass(frozen=True, kw_only=True)
class LeaveOneOut:
    """Mean absolute error in λ, each study and variant forecast from all others."""

    saturating: float
    isotonic: float
    median: float


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """λ* forecast for one encoder: median and interval; whether the studies reach so far; and what it is worth."""

    value: float
    interval: tuple[float, float]
    within_range: bool
    verdict: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RedundancyLaw:
    """λ* as a monotone function of one predictor, with all of its uncertainty.

    `points`: the encoders that it was fitted to. `curve`: predictor, saturating, low, high, isotonic, isotonic_low,
    isotonic_high over the studies' range, in λ. `is_told`: whether the studies show that there is a law at all.
    """

    predictor: Predictor
    definition: str | None
    points: pd.DataFrame
    num_left_out: int
    rank_correlation: RankCorrelation
    errors: LeaveOneOut
    curve: pd.DataFrame

    @classmethod
    def fit(cls, points: pd.DataFrame, predictor: Predictor = "redundancy") -> "RedundancyLaw":
        """Fit the law to points as `encoder_points` gives them."""
        raise NotImplementedError

    def predict(
        self, atoms: Atoms, *, modality: Literal[1, 2] = 1, deviation: float = 0.0, definition: str | None = None
    ) -> Forecast:
        """Forecast λ* of the encoder of one modality."""
        raise NotImplementedError


def law_summary(law: RedundancyLaw) -> list[str]:
    """What the law says, in plain sentences."""
    raise NotImplementedError
