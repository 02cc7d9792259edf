"""Curves over λ from tidy records: means with intervals, paired gains, and λ* of every encoder of a study.

A table of scores has one row for each variant, λ, encoder and seed, with columns `variant`, `lambda`,
`encoder`, `seed`, `accuracy`, `ceiling`. Orders of variants and encoders are those in which the table first
names them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.arrays import Array
from analysis.optimum.optimal import OptimalLambda, optimal_lambda

_LAMBDA_STAR_COLUMNS = (
    "variant encoder best low high smallest_equivalent regime at_edge p_value p_value_holm "
    "accuracy_at_best gain gain_low gain_high num_lambdas num_seeds dropped_seeds"
).split()


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedScores:
    """The scores [L, S] of one encoder at strengths [L], of the seeds that finished at all of them."""

    lambdas: Array
    seeds: tuple[int, ...]
    scores: Array
    num_dropped: int


def paired_scores(scores: pd.DataFrame) -> PairedScores:
    """Pair one encoder's scores by seed.

    A λ at which fewer than half of the seeds have a score (not run yet, or most replicas diverged) is left
    out; then a seed that lacks a score at one of the others is dropped at all of them, and counted. Raises
    ValueError for a seed scored twice.
    """
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
    are NaN where there is one seed. Values that are not finite are left out.
    """
    finite = table.loc[np.isfinite(table[value])]
    groups = finite.groupby([*by, "lambda"], sort=False)[value]
    curves = groups.agg(mean="mean", deviation="std", num_seeds="size").reset_index()
    half_width = _half_width(curves["deviation"].to_numpy(), curves["num_seeds"].to_numpy(), confidence)
    curves["low"], curves["high"] = curves["mean"] - half_width, curves["mean"] + half_width
    return curves[[*by, "lambda", "mean", "low", "high", "num_seeds"]]


def gain_curves(scores: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Accuracy at each λ less that at the table's smallest λ, paired by seed.

    Returns columns [variant, encoder, lambda, gain, low, high, num_seeds] for the λ above the smallest; low
    and high bound the mean difference by Student's t, each λ by itself, and are NaN where there is one seed.
    An encoder without a score at the smallest λ has no gains. Raises ValueError where no encoder has any.
    """
    tables = []
    for variant, encoder, paired in _comparable(scores):
        gains = paired.scores[1:] - paired.scores[:1]
        num_seeds = gains.shape[1]
        deviation = gains.std(axis=1, ddof=1) if num_seeds > 1 else np.full(len(gains), np.nan)
        mean, half_width = gains.mean(axis=1), _half_width(deviation, num_seeds, confidence)
        columns = {"variant": variant, "encoder": encoder, "lambda": paired.lambdas[1:], "gain": mean}
        columns |= {"low": mean - half_width, "high": mean + half_width, "num_seeds": num_seeds}
        tables.append(pd.DataFrame(columns))
    if not tables:
        raise ValueError("no encoder has a seed with a score at the smallest λ and at another")
    return pd.concat(tables, ignore_index=True)


def has_gains(scores: pd.DataFrame) -> bool:
    """Whether some encoder has a seed with a score at the table's smallest λ and at another."""
    return any(True for _ in _comparable(scores))


def lambda_star_table(scores: pd.DataFrame, *, confidence: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """λ* of every variant and encoder, one row each.

    Columns [variant, encoder, best, low, high, smallest_equivalent, regime, at_edge, p_value, p_value_holm,
    accuracy_at_best, gain, gain_low, gain_high, num_lambdas, num_seeds, dropped_seeds]. `p_value` holds for a
    row by itself, as does its regime; `p_value_holm` is corrected for the number of rows (Holm 1979). Where
    fewer than two λ share a seed there is nothing to conclude: such a row has its counts and is otherwise
    missing.
    """
    rows = []
    for variant, encoder, of_encoder in _encoders(scores):
        paired = paired_scores(of_encoder)
        row = {"variant": variant, "encoder": encoder}
        if len(paired.lambdas) >= 2 and paired.seeds:
            optimum = optimal_lambda(paired.lambdas, paired.scores, confidence=confidence, seed=seed)
            row |= _optimum_columns(optimum)
        row |= {"num_lambdas": len(paired.lambdas), "num_seeds": len(paired.seeds)}
        rows.append(row | {"dropped_seeds": paired.num_dropped})
    table = pd.DataFrame(rows, columns=_LAMBDA_STAR_COLUMNS)
    words = ["regime", "at_edge"]
    numeric = table.columns.difference(["variant", "encoder", *words])
    table[numeric] = table[numeric].apply(pd.to_numeric)
    # A missing word is None as in OptimalLambda, not the NaN of a column of strings, which counts as true.
    table[words] = table[words].astype(object).where(table[words].notna(), None)
    table["p_value_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    return table


def _optimum_columns(optimum: OptimalLambda) -> dict[str, float | str | None]:
    low, high = optimum.interval or (None, None)
    gain_low, gain_high = optimum.gain_interval or (None, None)
    return {
        "best": optimum.best,
        "low": low,
        "high": high,
        "smallest_equivalent": optimum.smallest_equivalent,
        "regime": optimum.regime,
        "at_edge": optimum.at_edge,
        "p_value": optimum.p_value,
        "accuracy_at_best": optimum.score,
        "gain": optimum.gain,
        "gain_low": gain_low,
        "gain_high": gain_high,
    }


def _encoders(scores: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """The rows of each variant and encoder, in the table's order."""
    for variant, encoder in scores[["variant", "encoder"]].drop_duplicates().itertuples(index=False):
        yield variant, encoder, scores.loc[(scores["variant"] == variant) & (scores["encoder"] == encoder)]


def _comparable(scores: pd.DataFrame) -> Iterator[tuple[str, str, PairedScores]]:
    """The paired scores of each variant and encoder that can be compared with the table's smallest λ."""
    for variant, encoder, rows in _encoders(scores):
        paired = paired_scores(rows)
        if paired.seeds and len(paired.lambdas) > 1 and paired.lambdas[0] == scores["lambda"].min():
            yield variant, encoder, paired


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
