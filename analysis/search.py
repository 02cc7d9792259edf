"""A study's search as tables: what was searched, who was stopped when, and what was chosen at each λ."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.records import StudyRecords

BEST_ACCURACY = "accuracy/best"  # the best mean validation accuracy that a trial reported


def searched_values(study: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each searched hyperparameter, under the names that trials are recorded with."""
    space = study.get("definition", {}).get("search_space", {})
    first, second = study["modalities"]
    renamed = {"dropout_1": f"dropout_{first}", "dropout_2": f"dropout_{second}"}
    return {renamed[name] if name in renamed else name: list(values) for name, values in space.items()}


def search_trials(records: StudyRecords) -> pd.DataFrame:
    """The trials of the stage `search`, the searched hyperparameters and the best accuracy among their columns."""
    trials = records.trials.loc[records.trials["stage"] == "search"]
    missing = {*searched_values(records.study), BEST_ACCURACY} - set(trials.columns)
    return trials.assign(**{name: float("nan") for name in missing})


def ended_configurations(records: StudyRecords) -> pd.DataFrame:
    """The trials of the search that finished or were stopped early, with an accuracy to compare them by."""
    trials = search_trials(records)
    return trials.loc[trials["outcome"].isin(["finished", "pruned"]) & trials[BEST_ACCURACY].notna()]


def chosen_configurations(records: StudyRecords) -> pd.DataFrame:
    """The configuration that each variant and λ was confirmed with.

    Columns [variant, lambda, the searched hyperparameters, valid_accuracy, epochs, seeds]; `valid_accuracy` is the
    best mean over both encoders and all seeds that the confirmation saw on the validation split.
    """
    trials = records.trials
    confirmed = trials.loc[(trials["stage"] == "confirm") & (trials["outcome"] == "finished")]
    confirmed = confirmed.drop_duplicates(["variant", "lambda"], keep="last")
    renamed = {BEST_ACCURACY: "valid_accuracy", "num_replicas": "seeds"}
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
    left = trials["outcome"].isin(["pruned", "failed"]).to_numpy()
    last = trials["epochs"].fillna(0).to_numpy(dtype=float)
    strata = trials.groupby(["variant", "lambda"])
    epochs = sorted({0.0, *last[left]})
    rows = []
    for variant in records.study["variants"]:
        for strength in map(float, records.study["lambdas"]):
            here = strata.indices.get((variant, strength), [])
            gone_at = np.sort(last[here][left[here]])
            for epoch in epochs:
                gone = np.searchsorted(gone_at, epoch, side="right") if epoch else 0
                rows.append((variant, strength, int(epoch), len(here) - int(gone)))
    return pd.DataFrame(rows, columns=["variant", "lambda", "epoch", "surviving"])
