"""Curves over λ from tidy records: means with intervals, and scores paired by seed.

A table of scores has one row for each variant, λ, encoder and seed, with columns `variant`, `lambda`,
`encoder`, `seed`, `accuracy`, `ceiling`. Orders of variants and encoders are those in which the table first
names them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.arrays import Array

_ACCURACIES = ("accuracy", "accuracy_nonzero")


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedScores:
    """The scores [L, S] of one encoder at λ [L], of the seeds that finished at all of them."""

    lambdas: Array
    seeds: tuple[int, ...]
    scores: Array
    num_dropped: int


def paired_scores(scores: pd.DataFrame, first_seeds: int | None = None) -> PairedScores:
    """Pair one encoder's scores by seed.

    first_seeds: take the first so many alone, which every λ is given before rounds give some λ more; all where None.
    A λ at which fewer than half of the seeds have a score (not run yet, or most replicas diverged) is left
    out; then a seed that lacks a score at one of the others is dropped at all of them, and counted. Raises
    ValueError for a seed scored twice.
    """
    if first_seeds is not None:
        scores = scores.loc[scores["seed"] < first_seeds]
    rows = scores.loc[np.isfinite(scores["accuracy"])]
    if rows.duplicated(["lambda", "seed"]).any():
        raise ValueError("scores must hold one row for each λ and seed of an encoder, some have two")
    table = rows.pivot(index="lambda", columns="seed", values="accuracy").sort_index()
    num_seeds = scores["seed"].nunique()
    complete = table.loc[table.notna().sum(axis="columns") >= num_seeds / 2].dropna(axis="columns")
    return PairedScores(
        lambdas=complete.index.to_numpy(dtype=float),
        seeds=tuple(complete.columns),
        scores=complete.to_numpy(dtype=float),
        num_dropped=num_seeds - complete.shape[1],
    )


def mean_curves(table: pd.DataFrame, value: str, by: Sequence[str], *, confidence: float = 0.95) -> pd.DataFrame:
    """Mean of the column `value` over seeds at each λ, one curve for each combination of the columns `by`.

    Returns columns [*by, lambda, mean, low, high, num_seeds]; low and high bound the mean by Student's t, and
    are NaN where there is one seed. Those of an accuracy end at 0 and 1, as few seeds would have them go beyond. Values
    that are not finite are left out.
    """
    finite = table.loc[np.isfinite(table[value])]
    groups = finite.groupby([*by, "lambda"], sort=False)[value]
    curves = groups.agg(mean="mean", deviation="std", num_seeds="size").reset_index()
    half_width = _half_width(curves["deviation"].to_numpy(), curves["num_seeds"].to_numpy(), confidence)
    curves["low"], curves["high"] = curves["mean"] - half_width, curves["mean"] + half_width
    if value in _ACCURACIES:
        curves[["low", "high"]] = curves[["low", "high"]].clip(0, 1)
    return curves[[*by, "lambda", "mean", "low", "high", "num_seeds"]]


def chance_curves(alignment: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Chance level of alignment at each λ, one curve for each combination of the columns `by`.

    Returns columns [*by, lambda, chance, chance_high]: the mean and the 95 % point of chance, both as means over seeds.
    """
    groups = alignment.groupby([*by, "lambda"], sort=False)
    return groups.agg(chance=("chance", "mean"), chance_high=("chance_high", "mean")).reset_index()


def _half_width(deviation: Array, num_seeds: Array | int, confidence: float) -> Array:
    """Half the width of Student's interval for a mean; NaN where the deviation is (one seed has none)."""
    quantile = stats.t.ppf((1 + confidence) / 2, np.maximum(np.asarray(num_seeds) - 1, 1))
    return quantile * deviation / np.sqrt(num_seeds)


def holm(p_values: Array) -> Array:
    """P-values corrected for their number, missing ones left missing."""
    order = np.argsort(p_values)[: np.isfinite(p_values).sum()]
    corrected = p_values[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(len(p_values), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(corrected), 1.0)
    return adjusted
