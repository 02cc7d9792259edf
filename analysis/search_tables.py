"""A study's search as tables: what was searched, who was stopped when, and what was chosen at each λ."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.records import StudyRecords
from analysis.records.schema import (
    BEST_ACCURACY,
    CONFIRM,
    FAILED,
    FINISHED,
    NUM_REPLICAS,
    PRUNED,
    SEARCH,
    hyperparameter,
)


def searched_values(study: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each searched hyperparameter, under the names that trials are recorded with."""
    space = study["definition"]["search_space"]
    first, second = study["modalities"]
    return {hyperparameter(name, (first, second)): list(values) for name, values in space.items()}


def search_trials(records: StudyRecords) -> pd.DataFrame:
    """The trials of the stage `search`, the searched hyperparameters and the best accuracy among their columns."""
    trials = records.trials.loc[records.trials["stage"] == SEARCH]
    missing = {*searched_values(records.study), BEST_ACCURACY} - set(trials.columns)
    return trials.assign(**{name: float("nan") for name in missing})


def ended_configurations(records: StudyRecords) -> pd.DataFrame:
    """The trials of the search that finished or were stopped early, with an accuracy to compare them by."""
    trials = search_trials(records)
    return trials.loc[trials["outcome"].isin([FINISHED, PRUNED]) & trials[BEST_ACCURACY].notna()]


def chosen_configurations(records: StudyRecords) -> pd.DataFrame:
    """The configuration that each variant and λ was confirmed with.

    Columns [variant, lambda, the searched hyperparameters, valid_accuracy, epochs, seeds]; `valid_accuracy` is the
    best mean over both encoders and all seeds that the first round saw on the validation split.
    """
    trials = records.trials
    confirmed = trials.loc[(trials["stage"] == CONFIRM) & (trials["outcome"] == FINISHED)]
    confirmed = confirmed.reindex(columns=dict.fromkeys([*confirmed.columns, NUM_REPLICAS]))  # none has it: no trials
    seeds = confirmed.groupby(["variant", "lambda"])[NUM_REPLICAS].transform("sum")  # of all rounds
    confirmed = confirmed.assign(seeds=seeds).drop_duplicates(["variant", "lambda"], keep="first")
    renamed = {BEST_ACCURACY: "valid_accuracy"}
    names = list(searched_values(records.study))
    table = confirmed.rename(columns=renamed).reindex(
        columns=["variant", "lambda", *names, "valid_accuracy", "epochs", "seeds"]
    )
    order = {variant: number for number, variant in enumerate(records.study["variants"])}
    return table.sort_values(["variant", "lambda"], key=lambda column: column.replace(order)).reset_index(drop=True)


def survivors(records: StudyRecords) -> pd.DataFrame:
    """How many configurations of each stratum were still in the search after each epoch at which some were stopped.

    Columns [variant, lambda, epoch, surviving]; epoch 0 counts all that were begun. A configuration that
    failed has left the search at the last epoch it reported.
    """
    trials = search_trials(records)
    left = trials["outcome"].isin([PRUNED, FAILED]).to_numpy()
    last = trials["epochs"].fillna(0).to_numpy(dtype=float)
    strata = trials.groupby(["variant", "lambda"])
    epochs = sorted({0.0, *last[left]})
    rows = []
    for variant in records.study["variants"]:
        for lambda_ in map(float, records.study["lambdas"]):
            here = strata.indices.get((variant, lambda_), [])
            gone_at = np.sort(last[here][left[here]])
            for epoch in epochs:
                gone = np.searchsorted(gone_at, epoch, side="right") if epoch else 0
                rows.append((variant, lambda_, int(epoch), len(here) - int(gone)))
    return pd.DataFrame(rows, columns=["variant", "lambda", "epoch", "surviving"])
