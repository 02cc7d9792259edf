"""A study's MLflow runs as tidy tables: the only reader of what `studies.engine.tracking` writes.

A study is one parent run; every trial is a child of it. Nothing else is consulted, so a study can be read
again at any time, from any machine, and while it still runs: what has not finished yet is not in the tables.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from analysis.connection import asked, bound_requests, masked
from analysis.recorded import RecordedRun, alignment_table, information_table, score_table, trial_row, trial_table

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_Read = TypeVar("_Read")

_RUNS_A_PAGE = 1000  # a page takes 50 MB; pages of 250 were a tenth slower
# Tags of a study's run that say what it is, and not under which circumstances it ran.
_STRUCTURE = ("role", "study", "superseded")
_STRUCTURE_PREFIXES = ("information/", "mlflow.")


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyRecords:
    """What is recorded of one study.

    `study` is the study as it was declared: name, question, modalities, variants, lambdas and more. `trials`
    has one row a trial: where it belongs, how it ended, its parameters and final metrics under their recorded
    names (`seconds` is its run's duration, `epochs` how far it has reported). `scores` [variant, lambda,
    encoder, seed, accuracy, accuracy_nonzero, ceiling] and `alignment` [variant, lambda, seed, metric, value]
    have one row a replica, from the finished trials of the stage `confirm`; metrics taken after the projection
    head are named `projected/…`. A ceiling that is not known is NaN, and so is `accuracy_nonzero` (without the
    rows whose value is 0) but for a regression. `information` has one row for each variant and atom (PID of
    the training features, in bits): raw, corrected by its null, its interval, and the population's where it is
    known. `status` is MLflow's of the parent run, `circumstances` its other tags: identity, command, commit, host
    and whatever else was noted down.
    """

    study: Mapping[str, Any]
    parent_run_id: str
    trials: pd.DataFrame
    scores: pd.DataFrame
    alignment: pd.DataFrame
    information: pd.DataFrame
    status: str = "FINISHED"
    started: pd.Timestamp | None = None
    ended: pd.Timestamp | None = None
    circumstances: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The study's name with its identity, which tells studies of one name apart."""
        return " ".join((self.study["name"], self.circumstances.get("identity", ""))).strip()

    @property
    def is_rehearsal(self) -> bool:
        """Whether the data were made up to try a study, as its name or its variants then say."""
        texts = (self.study["name"], self.study["question"], *self.study["variants"])
        return any("REHEARSAL" in str(text).upper() for text in texts)


def read_study(tracking_uri: str, experiment: str, identity: str | None = None) -> StudyRecords:
    """Read one study of an experiment: that with this identity, or the latest that was not superseded.

    Raises ValueError for a store, an experiment or a study that does not exist, naming those that do, and
    TrackingServerError for a server that is out of reach or refuses.
    """
    client = _client(tracking_uri)
    experiment_id = _experiment_id(client, tracking_uri, experiment)
    parents = _current_studies(client, experiment_id)
    if not parents or identity not in (None, *parents):
        sought = "a study" if identity is None else f"a study with identity {identity!r}"
        raise ValueError(
            f"experiment {experiment!r} does not hold {sought}; the identities in it are {sorted(parents)}"
        )
    return _read(client, experiment_id, parents[identity or list(parents)[-1]])


def read_studies(tracking_uri: str, experiment: str) -> list[StudyRecords]:
    """Read every study of an experiment that was not superseded, the earliest first.

    Raises ValueError for a store or an experiment that does not exist, naming those that do, and TrackingServerError
    for a server that is out of reach or refuses.
    """
    client = _client(tracking_uri)
    experiment_id = _experiment_id(client, tracking_uri, experiment)
    return [_read(client, experiment_id, parent) for parent in _current_studies(client, experiment_id).values()]


def experiments_with_studies(tracking_uri: str) -> list[str]:
    """Names of the experiments that hold a study, in the alphabet's order; raises as `read_studies`."""
    client = _client(tracking_uri)
    known = asked(tracking_uri, lambda: list(client.search_experiments()))
    return sorted(one.name for one in known if _current_studies(client, one.experiment_id))


def _read(client: "MlflowClient", experiment_id: str, parent: "Run") -> StudyRecords:
    """The records of a study, from its parent run and its children."""
    study = json.loads(parent.data.tags["study"])
    children = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' and tags.role = 'trial'"
    trials, confirmed = [], {}
    for run in _search(client, experiment_id, children, _recorded):
        trials.append(trial_row(run))
        if run.tags["stage"] == "confirm" and run.tags.get("outcome") == "finished":
            # Where a stratum was confirmed twice, the later run counts.
            confirmed[run.tags["variant"], float(run.parameters["lambda"])] = run
    return StudyRecords(
        study=study,
        parent_run_id=parent.info.run_id,
        trials=trial_table(trials),
        scores=score_table(confirmed, study["variants"], study["modalities"]),
        alignment=alignment_table(confirmed, study["variants"]),
        information=information_table(parent.data.tags),
        status=parent.info.status,
        started=pd.to_datetime(parent.info.start_time, unit="ms", utc=True),
        ended=None if parent.info.end_time is None else pd.to_datetime(parent.info.end_time, unit="ms", utc=True),
        circumstances={
            name: value
            for name, value in sorted(parent.data.tags.items())
            if name not in _STRUCTURE and not name.startswith(_STRUCTURE_PREFIXES)
        },
    )


def _recorded(run: "Run") -> RecordedRun:
    """A run's contents as plain values, so that MLflow's objects are held for one page only."""
    metrics = run.data.to_proto().metrics  # with their steps, which `metrics` of a run's data leaves out
    return RecordedRun(
        run_id=run.info.run_id,
        status=run.info.status,
        start=run.info.start_time,
        end=run.info.end_time,
        tags=run.data.tags,
        parameters=run.data.params,
        metrics=run.data.metrics,
        last_step=max((metric.step for metric in metrics), default=None),
    )


def _client(tracking_uri: str) -> "MlflowClient":
    """A client of a store that exists; MLflow would make an empty one at a mistyped path."""
    # MLflow takes a second to import, and whoever analyses tables alone does not need it.
    from mlflow.tracking import MlflowClient

    path = tracking_uri.removeprefix("sqlite:///")
    if path != tracking_uri and not Path(path).is_file():
        raise ValueError(f"there is no MLflow store at {tracking_uri}")
    bound_requests()
    return asked(tracking_uri, lambda: MlflowClient(tracking_uri=tracking_uri))


def _experiment_id(client: "MlflowClient", tracking_uri: str, experiment: str) -> str:
    found = asked(tracking_uri, lambda: client.get_experiment_by_name(experiment))
    if found is None:
        names = sorted(known.name for known in asked(tracking_uri, client.search_experiments))
        raise ValueError(f"there is no experiment {experiment!r} in {masked(tracking_uri)}; it holds {names}")
    return found.experiment_id


def _search(
    client: "MlflowClient", experiment_id: str, condition: str, read: "Callable[[Run], _Read]"
) -> Iterator[_Read]:
    """What `read` makes of each run that meets the condition, in the order in which they started, page by page."""
    token = None
    while True:
        search = partial(
            client.search_runs,
            [experiment_id],
            condition,
            max_results=_RUNS_A_PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        with _no_collection():
            page = asked(client.tracking_uri, search)
            runs, token = [read(run) for run in page], page.token
            del page
        yield from runs
        if not token:
            return


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for cycles: a page is all new objects and no garbage, and looking doubled its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _current_studies(client: "MlflowClient", experiment_id: str) -> "dict[str, Run]":
    """Parent runs that were not superseded by identity, in the order in which they started; of two, the later."""
    found: dict[str, Run] = {}
    for run in _search(client, experiment_id, "tags.role = 'study'", lambda run: run):
        if run.data.tags.get("superseded") != "true":
            found.pop(run.data.tags["identity"], None)
            found[run.data.tags["identity"]] = run
    return found
