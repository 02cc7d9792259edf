"""The law that ties λ* to redundancy across studies, and the forecast of λ* for data that nobody has trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.arrays import Array
from analysis.redundancy.association import RankCorrelation, rank_correlation
from analysis.redundancy.isotonic import isotonic_curves
from analysis.redundancy.leave_one_out import ForecastErrors, forecast_errors
from analysis.redundancy.measurements import Measurements, as_lambda, measurements, predictor_deviation
from analysis.redundancy.saturating import SaturatingLaws, fit_saturating
from pid.atoms import Atoms
from trainables.config import Refused


class NoLawError(Refused):
    """The studies cannot bear a law; the message says what is missing."""


Predictor = Literal["redundancy", "share", "shared_bits", "exact_redundancy"]

PREDICTORS: Mapping[str, str] = {
    "redundancy": "estimated redundancy in bits",
    "share": "share of redundancy in what the encoder's modality tells",
    "shared_bits": "number of shared bits",
    "exact_redundancy": "exact redundancy in bits",
}
# What is estimated depends on the definition of the decomposition; the population's atoms are always BROJA's.
_ESTIMATED = ("redundancy", "share")
_FEWEST_CLUSTERS = 3
_LEVEL = 0.05
_POINTS_ON_CURVE = 50


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """λ* forecast for one encoder: median and interval.

    `within_range`: whether the studies reach so far. `is_told`: whether they do, and show a law. `verdict`: in words.
    """

    value: float
    interval: tuple[float, float]
    within_range: bool
    is_told: bool
    verdict: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RedundancyLaw:
    """λ* as a monotone function of one predictor, with all of its uncertainty.

    `definition`: of the decomposition, `method`: that estimated it; None for what is not estimated. `points`: the
    encoders that it rests on; `num_left_out` more had no predictor, no interval, or their whole grid as one, so that
    every λ could be the best. `curve`: columns predictor, saturating, low, high, isotonic, isotonic_low, isotonic_high
    over the studies' range, in λ, the bands pointwise at `confidence`.
    """

    predictor: Predictor
    definition: str | None
    method: str | None
    points: pd.DataFrame
    num_left_out: int
    rank_correlation: RankCorrelation
    errors: ForecastErrors
    curve: pd.DataFrame
    confidence: float
    laws: SaturatingLaws

    @classmethod
    def fit(
        cls,
        points: pd.DataFrame,
        predictor: Predictor = "redundancy",
        *,
        confidence: float = 0.95,
        seed: int = 0,
        resamples: int = 400,
    ) -> "RedundancyLaw":
        """Fit the law to points as `encoder_points` gives them; their order does not matter.

        Bands and intervals resample the studies' variants, of which each brings both of its encoders. Raises
        NoLawError for definitions of the decomposition or methods of estimation that differ, and where fewer than
        three variants say anything or all have the same predictor; ValueError for an unknown predictor.
        """
        if predictor not in PREDICTORS:
            raise ValueError(f"predictor must be one of {', '.join(PREDICTORS)}, got {predictor!r}")
        data, rows = measurements(points, predictor)
        definition = _definition(rows, predictor)
        method = _only(rows, "method", "methods of estimation") if predictor in _ESTIMATED else None
        _require_enough(data, predictor)
        rng = np.random.default_rng(seed)
        chances = np.full(data.num_clusters, 1 / data.num_clusters)
        counts = rng.multinomial(data.num_clusters, chances, size=resamples).astype(float)
        correlation = rank_correlation(data, counts, confidence, rng)
        # Twice as many clusters as there are: `analysis.redundancy.saturating` says why.
        doubled = rng.multinomial(2 * data.num_clusters, chances, size=resamples).astype(float)
        laws = fit_saturating(data, doubled, rng)
        increasing = correlation.value >= 0
        return cls(
            predictor=predictor,
            definition=definition,
            method=method,
            points=rows,
            num_left_out=len(points) - len(rows),
            rank_correlation=correlation,
            errors=forecast_errors(data, increasing, rng),
            curve=_curve(data, laws, counts, increasing, confidence),
            confidence=confidence,
            laws=laws,
        )

    @property
    def is_told(self) -> bool:
        """Whether the studies show a law: ranks that chance does not give, and forecasts that beat the median."""
        return self.rank_correlation.p_value <= _LEVEL and self.errors.saturating < self.errors.median

    @property
    def num_clusters(self) -> int:
        """Number of studies and variants, each with one or two encoders."""
        return len(self.points[["study", "variant"]].drop_duplicates())

    def predict(
        self,
        atoms: Atoms,
        *,
        modality: Literal[1, 2],
        intervals: Mapping[str, tuple[float, float]] | None = None,
        definition: str | None = None,
    ) -> Forecast:
        """Forecast λ* of the encoder of one modality from bias-corrected atoms in bits.

        `intervals`: 95 % intervals of `redundancy`, `unique_1` and `unique_2`; without them the atoms are taken as
        exact. Raises Refused where their definition is another than the law's, and where the modality tells nothing
        about the label, so that redundancy has no share in it. Raises ValueError for a law of shared bits.
        """
        if self.predictor == "shared_bits":
            raise ValueError("a law of shared bits cannot be applied to atoms; use predict_at with their number")
        if definition is not None and definition != self.definition:
            raise Refused(f"the law is about atoms as {self.definition} defines them, got those of {definition}")
        row: dict[str, float] = {}
        for column, name in (("redundancy", "redundancy"), ("unique", f"unique_{modality}")):
            row[column] = getattr(atoms, name)
            row[f"{column}_low"], row[f"{column}_high"] = (intervals or {}).get(name, (row[column], row[column]))
        told = row["redundancy"] + row["unique"]
        if self.predictor != "share":
            return self.predict_at(row["redundancy"], float(predictor_deviation(pd.DataFrame([row]), "redundancy")[0]))
        if told <= 0:
            raise Refused(f"modality {modality} tells nothing about the label (R + U = {told:.3f} bits): no share")
        return self.predict_at(row["redundancy"] / told, float(predictor_deviation(pd.DataFrame([row]), "share")[0]))

    def predict_at(self, predictor: float, deviation: float = 0.0) -> Forecast:
        """Forecast λ* of an encoder of new data at a value of the predictor, which errs by a standard deviation.

        The interval holds the uncertainty of the law, the scatter of encoders about it, and the predictor's error.
        """
        tails = [(1 - self.confidence) / 2, 0.5, (1 + self.confidence) / 2]
        low, middle, high = as_lambda(np.quantile(self.laws.forecasts(predictor, deviation), tails)).tolist()
        within = self.laws.smallest <= predictor <= self.laws.largest
        return Forecast(
            value=middle,
            interval=(low, high),
            within_range=within,
            is_told=within and self.is_told,
            verdict=self._verdict(predictor, within),
        )

    def _verdict(self, predictor: float, within: bool) -> str:
        reservations = []
        if not within:
            reservations.append(
                f"outside the studies' range: {predictor:.3g}, the studies have {self.laws.smallest:.3g} to "
                f"{self.laws.largest:.3g}"
            )
        if not self.is_told:
            reservations.append("law too weak to tell")
        return "; ".join(reservations) or "forecast"


def _definition(rows: pd.DataFrame, predictor: str) -> str | None:
    """The one definition of the decomposition that the predictor rests on."""
    if predictor == "shared_bits":
        return None
    if predictor not in _ESTIMATED:
        return "BROJA"
    return _only(rows, "definition", "definitions of the decomposition")


def _only(rows: pd.DataFrame, column: str, kinds: str) -> str | None:
    """The one word of a column."""
    found = sorted(rows[column].unique())
    if len(found) > 1:
        raise NoLawError(f"{kinds} must not be mixed in one law, got {' and '.join(found)}")
    return found[0] if found else None


def _require_enough(data: Measurements, predictor: str) -> None:
    if data.num_clusters < _FEWEST_CLUSTERS:
        raise NoLawError(
            f"a law needs at least {_FEWEST_CLUSTERS} studies or variants with a known {predictor} and a λ* that is "
            f"known better than its whole grid, got {data.num_clusters}"
        )
    if np.ptp(data.predictor) == 0:
        raise NoLawError(f"a law needs studies that differ in {predictor}, all have {data.predictor[0]:.3g}")


def _curve(
    data: Measurements, laws: SaturatingLaws, counts: Array, increasing: bool, confidence: float
) -> pd.DataFrame:
    """Both fits with their bands, in λ, over the range of the predictor."""
    at = np.linspace(laws.smallest, laws.largest, _POINTS_ON_CURVE)
    tails = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
    low, middle, high = as_lambda(np.quantile(laws.along(at), tails, axis=0))
    scatter = float(np.median(laws.scatter))
    whole = isotonic_curves(data, np.ones((1, data.num_clusters)), scatter, at, increasing=increasing)
    resampled = isotonic_curves(data, counts, scatter, at, increasing=increasing)
    isotonic_low, isotonic_high = as_lambda(np.quantile(resampled, [tails[0], tails[2]], axis=0))
    columns = {"predictor": at, "saturating": middle, "low": low, "high": high, "isotonic": as_lambda(whole[0])}
    return pd.DataFrame(columns | {"isotonic_low": isotonic_low, "isotonic_high": isotonic_high})
