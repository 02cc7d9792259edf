"""A study's MLflow runs as tidy tables: the only reader of what `studies.engine.tracking` writes.

A study is one parent run; every trial is a child of it. Nothing else is consulted, so a study can be read
again at any time, from any machine, and while it still runs: what has not finished yet is not in the tables.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_RUNS_A_PAGE = 250  # memory for a page at a time; larger pages were slower
_OF_SEED = re.compile(r"(?P<name>.+)/seed_(?P<seed>\d+)")
_SCORE_COLUMNS = ["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"]
_ALIGNMENT_COLUMNS = ["variant", "lambda", "seed", "metric", "value"]
_INFORMATION_COLUMNS = (
    "variant definition method num_samples p_independent dominant atom raw corrected low high null_mean p_value exact"
).split()
_TRIAL_COLUMNS = ("run_id", "stage", "variant", "trial", "outcome", "status", "start", "seconds", "lambda")


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyRecords:
    """What is recorded of one study.

    `study` is the study as it was declared: name, question, modalities, variants, lambdas and more. `trials`
    has one row a trial: where it belongs, how it ended, its parameters and final metrics under their recorded
    names (`seconds` is its run's duration). `scores` [variant, lambda, encoder, seed, accuracy, ceiling] and
    `alignment` [variant, lambda, seed, metric, value] have one row a replica, from the finished trials of the
    stage `confirm`; metrics taken after the projection head are named `projected/…`. A ceiling that is not
    known is NaN. `information` has one row for each variant and atom (PID of the training features, in bits): raw,
    corrected by its null, its interval, and the population's where it is known.
    """

    study: Mapping[str, Any]
    parent_run_id: str
    trials: pd.DataFrame
    scores: pd.DataFrame
    alignment: pd.DataFrame
    information: pd.DataFrame


def read_study(tracking_uri: str, experiment: str, identity: str | None = None) -> StudyRecords:
    """Read one study of an experiment: that with this identity, or the latest that was not superseded.

    Raises ValueError for a store, an experiment or a study that does not exist, naming those that do.
    """
    client = _client(tracking_uri)
    found = client.get_experiment_by_name(experiment)
    if found is None:
        names = sorted(known.name for known in client.search_experiments())
        raise ValueError(f"there is no experiment {experiment!r} in {tracking_uri}; it holds {names}")
    parent = _study_run(client, found.experiment_id, experiment, identity)
    study = json.loads(parent.data.tags["study"])
    children = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' and tags.role = 'trial'"
    trials, confirmed = [], {}
    for run in _search(client, found.experiment_id, children):
        trials.append(_trial(run))
        if run.data.tags["stage"] == "confirm" and run.data.tags.get("outcome") == "finished":
            # Where a stratum was confirmed twice, the later run counts.
            confirmed[run.data.tags["variant"], float(run.data.params["lambda"])] = run
    return StudyRecords(
        study=study,
        parent_run_id=parent.info.run_id,
        trials=_trial_table(trials),
        scores=_scores(confirmed, study["variants"], study["modalities"]),
        alignment=_alignment(confirmed, study["variants"]),
        information=_information(parent),
    )


def _client(tracking_uri: str) -> "MlflowClient":
    """A client of a store that exists; MLflow would make an empty one at a mistyped path."""
    # MLflow takes a second to import, and whoever analyses tables alone does not need it.
    from mlflow.tracking import MlflowClient

    path = tracking_uri.removeprefix("sqlite:///")
    if path != tracking_uri and not Path(path).is_file():
        raise ValueError(f"there is no MLflow store at {tracking_uri}")
    return MlflowClient(tracking_uri=tracking_uri)


def _search(client: "MlflowClient", experiment_id: str, condition: str) -> "Iterator[Run]":
    """All runs that meet the condition in the order in which they started, fetched a page at a time."""
    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            condition,
            max_results=_RUNS_A_PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _study_run(client: "MlflowClient", experiment_id: str, experiment: str, identity: str | None) -> "Run":
    """The parent run asked for."""
    parents = [
        run
        for run in _search(client, experiment_id, "tags.role = 'study'")
        if run.data.tags.get("superseded") != "true"
    ]
    wanted = [run for run in parents if identity in (None, run.data.tags["identity"])]
    if not wanted:
        known = sorted({run.data.tags["identity"] for run in parents})
        sought = "a study" if identity is None else f"a study with identity {identity!r}"
        raise ValueError(f"experiment {experiment!r} does not hold {sought}; the identities in it are {known}")
    return wanted[-1]


def _trial(run: "Run") -> dict[str, Any]:
    """A run's parameters and means over replicas; the values of single replicas are in the other tables."""
    metrics = {name: value for name, value in run.data.metrics.items() if not _OF_SEED.fullmatch(name)}
    tags, info = run.data.tags, run.info
    row = {
        "run_id": info.run_id,
        "stage": tags["stage"],
        "variant": tags["variant"],
        "trial": tags["trial"],
        "outcome": tags.get("outcome"),
        "status": info.status,
        "start": info.start_time,
        "seconds": None if info.end_time is None else (info.end_time - info.start_time) / 1000,
    }
    return run.data.params | metrics | row


def _trial_table(trials: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a trial; parameters and metrics that are numbers throughout as numbers."""
    table = pd.DataFrame(trials)
    recorded = sorted(set(table.columns) - set(_TRIAL_COLUMNS))
    table = table.reindex(columns=[*_TRIAL_COLUMNS, *recorded])
    for name in ("seconds", "lambda", *recorded):
        try:
            table[name] = pd.to_numeric(table[name])
        except ValueError:
            continue  # a parameter in words
    table["start"] = pd.to_datetime(table["start"], unit="ms", utc=True)
    # A trial that has not ended has no outcome; the NaN of a column of strings would count as true.
    table["outcome"] = table["outcome"].astype(object).where(table["outcome"].notna(), None)
    return table


def _scores(confirmed: "Mapping[tuple[str, float], Run]", variants: list[str], modalities: list[str]) -> pd.DataFrame:
    """Test accuracy of each replica; variants and encoders in the study's order, not the alphabet's."""
    rows = []
    for (variant, strength), run in confirmed.items():
        for encoder, seed, accuracy in _of_seeds(run, "test/accuracy/"):
            ceiling = run.data.metrics.get(f"ceiling/accuracy/{encoder}", float("nan"))
            rows.append((variant, strength, encoder, seed, accuracy, ceiling))
    rows.sort(key=lambda row: (variants.index(row[0]), modalities.index(row[2]), row[1], row[3]))
    return pd.DataFrame(rows, columns=_SCORE_COLUMNS)


def _alignment(confirmed: "Mapping[tuple[str, float], Run]", variants: list[str]) -> pd.DataFrame:
    """Alignment of each replica, before and after the projection head."""
    rows = [
        (variant, strength, seed, metric, value)
        for (variant, strength), run in confirmed.items()
        for metric, seed, value in _of_seeds(run, "alignment/")
    ]
    rows.sort(key=lambda row: (variants.index(row[0]), row[3], row[1], row[2]))
    return pd.DataFrame(rows, columns=_ALIGNMENT_COLUMNS)


def _information(parent: "Run") -> pd.DataFrame:
    """The estimates that the parent run is tagged with, in the order of its variants."""
    rows = []
    for tag in sorted(name for name in parent.data.tags if name.startswith("information/")):
        record = json.loads(parent.data.tags[tag])
        for atom, figures in record["atoms"].items():
            row = record | figures | {"atom": atom}
            rows.append([row[name] for name in _INFORMATION_COLUMNS])
    return pd.DataFrame(rows, columns=_INFORMATION_COLUMNS)


def _of_seeds(run: "Run", prefix: str) -> Iterator[tuple[str, int, float]]:
    """Name (without the prefix), seed and value of each metric of a single replica."""
    for key, value in run.data.metrics.items():
        match = _OF_SEED.fullmatch(key)
        if match and match["name"].startswith(prefix):
            yield match["name"].removeprefix(prefix), int(match["seed"]), value
