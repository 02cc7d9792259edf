"""The only reader of what `studies.engine.recording.tracking` writes to MLflow.

A study is one parent run; every trial is a child of it. Nothing else is consulted, so a study can be read
again at any time, from any machine, and while it still runs: what has not finished yet is not in the tables.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import copysign, inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.connection import asked, bound_requests, masked
from analysis.records.left_out import LeftOut
from analysis.records.recorded_study import StudyRecords, study_records
from analysis.records.run_contents import RecordedRun
from analysis.records.schema import (
    HITS_FILE,
    IDENTITY,
    KEEPS_HITS,
    ROLE,
    SCHEMA,
    SCHEMA_TAG,
    STUDY,
    STUDY_ROLE,
    SUPERSEDED,
    TRIAL_ROLE,
    experiment_name,
)
from analysis.tracking_store import check_store
from trainables.config import Refused
from trainables.garbage import not_searched

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_Read = TypeVar("_Read")

_RUNS_A_PAGE = 1000  # a page takes 50 MB; pages of 250 were a tenth slower


def read_study(tracking_uri: str, experiment: str, identity: str | None = None) -> StudyRecords:
    """Read one study of an experiment: that with this identity, or the latest that was not superseded.

    Raises Refused for a store, an experiment or a study that does not exist, naming those that do, and for a study that
    was recorded by another schema; TrackingServerError for a server that is out of reach or refuses.
    """
    client = _client(tracking_uri)
    experiment_id = _experiment_id(client, tracking_uri, experiment)
    parents = _current_studies(client, experiment_id)
    if not parents or identity not in (None, *parents):
        sought = "a study" if identity is None else f"a study with identity {identity!r}"
        raise Refused(f"experiment {experiment!r} does not hold {sought}; the identities in it are {sorted(parents)}")
    parent = parents[list(parents)[-1] if identity is None else identity]
    if not _is_readable(parent):
        unreadable = _left_out(experiment, parent)
        raise Refused(f"{unreadable.name} cannot be read: {unreadable.reason}")
    return _read(client, experiment_id, parent)


def read_studies(tracking_uri: str, experiment: str) -> list[StudyRecords]:
    """Read every study of an experiment that was not superseded, the earliest first.

    Those that another schema recorded are not among them; `unreadable_studies` names them. Raises Refused for a store
    or an experiment that does not exist, naming those that do, and TrackingServerError for a server that is out of
    reach or refuses.
    """
    client = _client(tracking_uri)
    experiment_id = _experiment_id(client, tracking_uri, experiment)
    parents = _current_studies(client, experiment_id).values()
    return [_read(client, experiment_id, parent) for parent in parents if _is_readable(parent)]


def unreadable_studies(tracking_uri: str, experiment: str) -> list[LeftOut]:
    """The studies of an experiment that another schema recorded, the earliest first; raises as `read_studies`."""
    client = _client(tracking_uri)
    parents = _current_studies(client, _experiment_id(client, tracking_uri, experiment)).values()
    return [_left_out(experiment, parent) for parent in parents if not _is_readable(parent)]


def experiments_with_studies(tracking_uri: str) -> list[str]:
    """Names of the experiments that hold a study, in the alphabet's order; raises as `read_studies`."""
    client = _client(tracking_uri)
    known = asked(tracking_uri, lambda: list(client.search_experiments()))
    return sorted(one.name for one in known if _current_studies(client, one.experiment_id))


def _is_readable(parent: "Run") -> bool:
    return parent.data.tags.get(SCHEMA_TAG) == SCHEMA


def _left_out(experiment: str, parent: "Run") -> LeftOut:
    found = parent.data.tags.get(SCHEMA_TAG)
    recorded = "before schemas had numbers" if found is None else f"by schema {found}"
    return LeftOut(
        name=f"{experiment} {parent.data.tags[IDENTITY]}",
        reason=f"it was recorded {recorded}, and this version reads schema {SCHEMA}; run the study again, or read it "
        "with the version that recorded it",
    )


def _read(client: "MlflowClient", experiment_id: str, parent: "Run") -> StudyRecords:
    """The records of a study, from its parent run and its children."""
    children = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}' and tags.{ROLE} = '{TRIAL_ROLE}'"
    return study_records(
        json.loads(parent.data.tags[STUDY]),
        _search(client, experiment_id, children, partial(_recorded, client)),
        study_tags=parent.data.tags,
        parent_run_id=parent.info.run_id,
        status=parent.info.status,
        started=parent.info.start_time,
        ended=parent.info.end_time,
    )


def _recorded(client: "MlflowClient", run: "Run") -> RecordedRun:
    """A run's contents as plain values, so that MLflow's objects are held for one page only."""
    metrics = run.data.to_proto().metrics  # with their steps, which `metrics` of a run's data leaves out
    return RecordedRun(
        status=run.info.status,
        start=run.info.start_time,
        end=run.info.end_time,
        tags=run.data.tags,
        parameters=run.data.params,
        metrics={name: _unbounded(value) for name, value in run.data.metrics.items()},
        last_step=max((metric.step for metric in metrics), default=None),
        hits=_hits(client, run.info.run_id) if KEEPS_HITS in run.data.tags else None,
    )


def _hits(client: "MlflowClient", run_id: str) -> Mapping[str, Any]:
    """The artifact that says which test rows each replica got right."""
    with TemporaryDirectory() as folder:
        path = asked(client.tracking_uri, lambda: client.download_artifacts(run_id, HITS_FILE, folder))
        return json.loads(Path(path).read_text())


def _unbounded(value: float) -> float:
    """The value as it was sent: MLflow's databases hold the largest number in the place of infinity."""
    return copysign(inf, value) if abs(value) == sys.float_info.max else value


def _client(tracking_uri: str) -> "MlflowClient":
    """A client of a store that exists; MLflow would make an empty one at a mistyped path."""
    # MLflow takes a second to import, and whoever analyses tables alone does not need it.
    from mlflow.tracking import MlflowClient

    check_store(tracking_uri, writes=False)
    bound_requests()
    return asked(tracking_uri, lambda: MlflowClient(tracking_uri=tracking_uri))


def _experiment_id(client: "MlflowClient", tracking_uri: str, experiment: str) -> str:
    found = asked(tracking_uri, lambda: client.get_experiment_by_name(experiment_name(experiment)))
    if found is None:
        names = sorted(known.name for known in asked(tracking_uri, client.search_experiments))
        raise Refused(f"there is no experiment {experiment!r} in {masked(tracking_uri)}; it holds {names}")
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
        with not_searched():  # a page is all new objects and no garbage, and searching doubled its time
            page = asked(client.tracking_uri, search)
            runs, token = [read(run) for run in page], page.token
            del page
        yield from runs
        if not token:
            return


def _current_studies(client: "MlflowClient", experiment_id: str) -> "dict[str, Run]":
    """Parent runs that were not superseded by identity, in the order in which they started; of two, the later."""
    found: dict[str, Run] = {}
    for run in _search(client, experiment_id, f"tags.{ROLE} = '{STUDY_ROLE}'", lambda run: run):
        if run.data.tags.get(SUPERSEDED) != "true":
            found.pop(run.data.tags[IDENTITY], None)
            found[run.data.tags[IDENTITY]] = run
    return found
