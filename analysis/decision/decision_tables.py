"""The decision of every variant and encoder of a study, and what tables and figures show of it."""

from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.decision.deciding import CONFIDENCE, decide
from analysis.decision.decision_sentences import decision_sentence
from analysis.decision.decisions import Decision
from analysis.records import StudyRecords
from analysis.words import lambda_runs

Decisions = Mapping[tuple[str, str], Decision]
"""By variant and encoder, in the order of the scores."""

_COLUMNS = (
    "variant encoder decision best best_low best_high low high as_good gain gain_low gain_high harmful_from "
    "harmless_to shape at_edge accuracy_at_best num_lambdas seeds more_seeds dominated_by dropped_seeds sentence"
).split()
_WORDS = ["decision", "as_good", "shape", "at_edge", "dominated_by", "sentence"]


def study_decisions(records: StudyRecords) -> Decisions:
    """What the records of a study decide, by the margin and the seeds of the first round that it declares."""
    definition = records.study["definition"]
    return score_decisions(
        records.scores,
        margin=definition["margin"],
        first_seeds=definition["seeds"],
        lambdas=records.study["lambdas"],
        hits=records.hits.hits,
        groups=records.hits.groups,
    )


def score_decisions(
    scores: pd.DataFrame,
    *,
    first_seeds: int,
    lambdas: Sequence[float] = (),
    margin: float = 0.005,
    confidence: float = CONFIDENCE,
    hits: Mapping[tuple[str, str], ArrayLike] | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
) -> Decisions:
    """Decide for each variant and encoder, in the order in which the table first names them.

    scores: columns [variant, lambda, encoder, seed, accuracy], NaN for a replica that diverged. lambdas: those that
    the study asks about. With them all λ of the table are the grid of every encoder, so that gains over a first λ that
    has no score yet are not taken for gains over the next one. Where only one λ has scores there is nothing to decide.
    hits: by variant and encoder, [L, S, N] over all λ of the table and the seeds of the variant and encoder, both in
    increasing order. groups: by variant, [N]. first_seeds: seeds of the first round; as rounds double them, the seeds
    of a λ say at which look it got them. Raises ValueError for a seed scored twice, and for what `decide` refuses.
    """
    if scores.duplicated(["variant", "encoder", "lambda", "seed"]).any():
        raise ValueError("scores must hold one row for each λ and seed of an encoder, some have two")
    scored = np.unique(scores["lambda"].to_numpy(dtype=float))
    grid = np.union1d(scored, lambdas)
    found: dict[tuple[str, str], Decision] = {}
    if len(scored) < 2:
        return found
    for variant, encoder in scores[["variant", "encoder"]].drop_duplicates().itertuples(index=False):
        of_encoder = (hits or {}).get((variant, encoder))
        rows = scores.loc[(scores["variant"] == variant) & (scores["encoder"] == encoder)]
        counts = rows.groupby("lambda").size().reindex(grid, fill_value=0)
        table = rows.pivot(index="lambda", columns="seed", values="accuracy").reindex(index=grid)
        found[variant, encoder] = decide(
            grid,
            table.sort_index(axis=1).to_numpy(dtype=float),
            margin=margin,
            confidence=confidence,
            look=[look_at(count, first_seeds) for count in counts],
            hits=None if of_encoder is None else _on_grid(np.asarray(of_encoder), np.isin(grid, scored)),
            groups=None if of_encoder is None else (groups or {}).get(variant),
        )
    return found


def _on_grid(hits: NDArray[Any], is_scored: NDArray[np.bool_]) -> NDArray[Any]:
    """Hits [L, S, N] with nothing right at the λ of the grid that have no scores."""
    if is_scored.all():
        return hits
    whole = np.zeros((len(is_scored), *hits.shape[1:]), dtype=hits.dtype)
    whole[is_scored] = hits
    return whole


def look_at(num_seeds: int, first_seeds: int) -> int:
    """The number of the look at that many seeds, where the first has `first_seeds` and each round doubles them."""
    return 1 + max(ceil(log2(max(num_seeds, 1) / first_seeds)), 0)


def decision_table(decided: Decisions, scores: pd.DataFrame) -> pd.DataFrame:
    """One row for each variant and encoder, of the scores that were decided on.

    Columns [variant, encoder, decision, best, best_low, best_high, low, high, as_good, gain, gain_low, gain_high,
    harmful_from, harmless_to, shape, at_edge, accuracy_at_best, num_lambdas, seeds, more_seeds, dominated_by,
    dropped_seeds, sentence]. `best_low` and `best_high` are the ends of the λ that could be the best. `as_good` has its
    λ as runs of the grid such as "0 to 0.1, 0.6"; `low` and `high` are its ends, between which λ may be missing.
    `at_edge` says that `best` is the grid's last λ ("upper") or its first ("lower"). `seeds` are those of the first λ;
    `dropped_seeds` have no score at some λ, as they diverged. A number that is not known is NaN, a word None.
    """
    rows = [_row(variant, encoder, decision, scores) for (variant, encoder), decision in decided.items()]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    numeric = table.columns.difference(["variant", "encoder", *_WORDS])
    table[numeric] = table[numeric].apply(pd.to_numeric).replace([np.inf, -np.inf], np.nan)
    # A missing word is None, not the NaN of a column of strings, which counts as true.
    table[_WORDS] = table[_WORDS].astype(object).where(table[_WORDS].notna(), None)
    return table


def gain_bands(decided: Decisions) -> pd.DataFrame:
    """The simultaneous band of gains over the first λ that each decision rests on, a row for each other λ with scores.

    Columns [variant, encoder, lambda, gain, low, high, seeds, over]; `over` is the λ that gains are over.
    """
    columns = ["variant", "encoder", "lambda", "gain", "low", "high", "seeds", "over"]
    rows = [
        (
            *(variant, encoder, decision.lambdas[place]),
            *(gain, decision.lows[place], decision.highs[place], seeds, decision.lambdas[0]),
        )
        for (variant, encoder), decision in decided.items()
        for place, (gain, seeds) in enumerate(zip(decision.gains, decision.num_seeds, strict=True))
        if place > 0 and np.isfinite(gain)
    ]
    return pd.DataFrame(rows, columns=columns).replace([np.inf, -np.inf], np.nan)


def _row(variant: str, encoder: str, decision: Decision, scores: pd.DataFrame) -> dict[str, float | str | None]:
    of_encoder = scores.loc[(scores["variant"] == variant) & (scores["encoder"] == encoder)]
    at_best = of_encoder.loc[of_encoder["lambda"] == decision.best, "accuracy"]
    ends = {decision.lambdas[-1]: "upper", decision.lambdas[0]: "lower"}
    gain_low, gain_high = decision.gain_interval
    return {
        "variant": variant,
        "encoder": encoder,
        "decision": decision.word,
        "best": decision.best,
        "best_low": decision.could_be_best[0],
        "best_high": decision.could_be_best[-1],
        "low": decision.as_good[0],
        "high": decision.as_good[-1],
        "as_good": lambda_runs(decision.as_good, decision.lambdas),
        "gain": decision.gain,
        "gain_low": gain_low,
        "gain_high": gain_high,
        "harmful_from": decision.harmful_from,
        "harmless_to": decision.harmless_to,
        "shape": decision.shape,
        "at_edge": ends.get(decision.best),
        "accuracy_at_best": float(at_best.mean()),
        "num_lambdas": sum(count > 0 for count in decision.num_seeds),
        "seeds": decision.num_seeds[0],
        "more_seeds": decision.more_seeds,
        "dominated_by": decision.dominated_by,
        "dropped_seeds": int(of_encoder.loc[of_encoder["accuracy"].isna(), "seed"].nunique()),
        "sentence": f"{decision_sentence(decision, encoder)}.",
    }
