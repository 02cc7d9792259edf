"""Which hyperparameters decided the search? The share of the configurations' ranks that each explains, beyond chance.

Within a stratum configurations are ranked by how far they got, then by their accuracy (one that was stopped
early says nothing about its final accuracy, but its stopping does). A configuration's merit is its mean rank over
the strata that tried it: strata begin with the same draws, so they are no independent evidence, and the
configurations are the sample. Merit's variance between the values of one hyperparameter over its total variance
(the correlation ratio, η²) is compared with the same ratio after shuffling merit over the configurations. With
few configurations every hyperparameter explains much by chance; `excess` has that taken away.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Array
from analysis.optimum import holm
from analysis.records import StudyRecords
from analysis.records.schema import BEST_ACCURACY, FAILED, FINISHED, PRUNED
from analysis.search_tables import search_trials, searched_values

_COLUMNS = [
    "hyperparameter",
    "configurations",
    "explained",
    "chance",
    "excess",
    "p_value",
    "p_value_holm",
    "best_value",
]
_DEPTHS = {FAILED: 0, PRUNED: 1, FINISHED: 2}


def hyperparameter_importance(records: StudyRecords, *, permutations: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Importance of each searched hyperparameter, the most important first.

    Columns [hyperparameter, configurations, explained, chance, excess, p_value, p_value_holm, best_value]:
    `explained` is η², `chance` its mean under shuffling, `excess` (explained - chance) / (1 - chance), which may be
    negative; `best_value` has the highest mean merit. Where chance alone explains everything (each value was
    tried once) the excess is missing. Empty where fewer than three configurations ended.
    """
    values = searched_values(records.study)
    merit = configuration_merit(search_trials(records), list(values))
    if len(merit) < 3:
        return pd.DataFrame(columns=_COLUMNS)
    rng = np.random.default_rng(seed)
    scores = merit["merit"].to_numpy(dtype=float)
    shuffled = np.vstack([scores, *(rng.permutation(scores) for _ in range(permutations))])
    rows = [value_importance(name, merit[name].to_list(), shuffled) for name in values]
    table = pd.DataFrame(rows).assign(configurations=len(merit))
    table["p_value_holm"] = holm(table["p_value"].to_numpy(dtype=float))
    return table.reindex(columns=_COLUMNS).sort_values("explained", ascending=False, ignore_index=True)


def configuration_merit(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Each distinct configuration (columns `names`) with its mean rank, 0 for the worst and 1 for the best."""
    ended = trials.loc[trials["outcome"].isin(list(_DEPTHS))]
    order = pd.DataFrame(
        {
            "depth": ended["outcome"].map(_DEPTHS),
            "epochs": ended["epochs"].fillna(0),
            "accuracy": ended[BEST_ACCURACY].fillna(-np.inf),
        }
    )
    place = order.groupby(list(order.columns)).ngroup()  # sorted, and equals share a place
    strata = place.groupby([ended["variant"], ended["lambda"]])
    rank, size = strata.rank(method="average"), strata.transform("size")
    merit = ((rank - 1) / (size - 1)).where(size > 1)
    ranked = ended.assign(merit=merit).dropna(subset="merit")
    return ranked.groupby(list(names), dropna=False, sort=False)["merit"].mean().reset_index()


def value_importance(name: str, values: Sequence[Any], shuffled: Array) -> Mapping[str, Any]:
    """One row of the table: a hyperparameter's values [C], and merit [N, C] as it was and shuffled N - 1 times."""
    codes, labels = pd.factorize(pd.Series(values, dtype=object), use_na_sentinel=False)
    members = np.eye(len(labels))[codes]  # [C, G]
    ratios = _correlation_ratio(members, shuffled)
    explained, chance = float(ratios[0]), float(ratios[1:].mean())
    by_value = shuffled[0] @ members / members.sum(axis=0)
    return {
        "hyperparameter": name,
        "explained": explained,
        "chance": chance,
        "excess": (explained - chance) / (1 - chance) if chance < 1 - 1e-9 else np.nan,
        "p_value": float((ratios >= explained - 1e-12).mean()),
        "best_value": labels[int(by_value.argmax())],
    }


def _correlation_ratio(members: Array, merit: Array) -> Array:
    """η² [N] of merit [N, C] between groups with members [C, G], 1 or 0; 0 where merit does not vary."""
    centred = merit - merit.mean(axis=1, keepdims=True)
    between = ((centred @ members) ** 2 / members.sum(axis=0)).sum(axis=1)
    total = (centred**2).sum(axis=1)
    return np.divide(between, total, out=np.zeros(len(merit)), where=total > 0)
