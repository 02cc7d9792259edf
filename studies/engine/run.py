"""A study from its plan to its conclusions: search and confirm on Ray, then analyse."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import optuna
import ray
from ray import tune
from ray.exceptions import OutOfMemoryError, RayTaskError
from rich.console import Console

from studies.engine.cluster import Cluster
from studies.engine.conclude import conclude
from studies.engine.data import SharedData, require_same_content, share
from studies.engine.display import Display
from studies.engine.folder import StudyFolder
from studies.engine.information import (
    Record,
    begin_estimates,
    information_metrics,
    information_tags,
)
from studies.engine.journal import Journal, TrialRecord
from studies.engine.options import Options, storage_root
from studies.engine.preflight import preflight
from studies.engine.provenance import provenance
from studies.engine.queue import StudyQueue
from studies.engine.recorder import Recorder
from studies.engine.resources import ResourceError, Resources
from studies.engine.stored import StoredValues
from studies.engine.study import Stratum, Study, strata
from studies.engine.tracking import Tracking
from studies.engine.trials import first_record, run_trials
from trainables.data.stand_in import modalities
from trainables.trainable import PairTrainable

_MOST_ENDS_BY_MEMORY = 10


class StudyFailedError(RuntimeError):
    """Strata whose every configuration failed, so that their λ has no result."""

    def __init__(self, strata: Sequence[Stratum]) -> None:
        names = ", ".join(map(str, strata))
        super().__init__(f"every configuration failed at {names}; their errors are in MLflow, under the tag `error`")


def run(study: Study, options: Options, cluster: Cluster, console: Console) -> None:
    """Run or resume the study.

    Raises StudyFailedError where a λ has no result, KeyboardInterrupt where somebody stopped it, ValueError for data
    that cannot be trained on, JournalError where they are not those that the study began with, TrackingServerError
    where MLflow cannot be written to, and UnsentError where it went away and is not back at the end.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console.print(f"[bold]{study.name}[/bold] {study.identity}: {study.question}", highlight=False)
    folder = StudyFolder(storage_root(options), study)
    with folder.claimed(fresh=options.fresh), Tracking(options.tracking_uri, folder.root) as tracking:
        journal = Journal(folder.root)
        records = journal.read()
        queue = StudyQueue(study, records)
        store = StoredValues(folder.root, "information")
        information = store.read()
        opening = partial(tracking.open, study.name, study.identity, folder.recording(), _study_tags(study))
        # The first connection to a new store takes seconds, and so does starting Ray: side by side.
        with ThreadPoolExecutor(1) as pool:
            opened = pool.submit(opening)
            if queue.is_over and information.keys() >= study.variants.keys():
                console.print("every trial is recorded already; nothing to train", highlight=False)
                _say_what_is_superseded(opened.result(), options, console)
                _reconcile(tracking, records)
            else:
                resources = cluster.connect(console)
                _say_what_is_there(study, resources, console)
                places = {} if cluster.is_local else preflight(study, options, folder.root, console)
                _say_what_is_superseded(opened.result(), options, console)
                data = share(study, options.data_dir, places)
                _note_data(study, data, folder.root, console)
                _reconcile(tracking, records)
                _record_data(study, data, tracking)
                if records:
                    console.print(f"going on from {len(records)} recorded trials", highlight=False)
                estimates = begin_estimates(study, information, data.references)
                if not queue.is_over:
                    queue = _train(study, folder, journal, tracking, data, resources, console)
                if queue.is_over and estimates is not None:
                    information |= _await_estimates(estimates, console)
                    store.write(information)
        if not queue.is_over:
            raise KeyboardInterrupt
        tracking.log_study(information_metrics(information))
        tracking.tag_study(information_tags(information))
        tracking.flush()
        conclude(study, options.tracking_uri, folder.figures, tracking, console)
        folder.remove_attempts()
        if queue.failed_strata:
            raise StudyFailedError(queue.failed_strata)


def _say_what_is_there(study: Study, resources: Resources, console: Console) -> None:
    console.print(str(resources), highlight=False)
    most = len(strata(study)) * study.concurrency
    if resources.slots > most:
        console.print(
            f"[yellow]the study fills at most {most} of these {resources.slots}: {study.concurrency} trials at once of "
            "each λ of each variant, so that the others are learnt from[/yellow]",
            highlight=False,
        )


def _say_what_is_superseded(number: int, options: Options, console: Console) -> None:
    if number and not options.fresh:
        console.print(
            "[yellow]MLflow has this study from another storage, too; those runs stay, marked as superseded[/yellow]",
            highlight=False,
        )


def _note_data(study: Study, data: SharedData, root: str, console: Console) -> None:
    """Say what is remarkable about the data, and hold the study to those that it began with."""
    for label, config in study.variants.items():
        for warning in data.facts[config].warnings:
            console.print(f"[yellow]{label}: {warning}[/yellow]", highlight=False)
    require_same_content(root, {label: data.facts[config].content for label, config in study.variants.items()})


def _record_data(study: Study, data: SharedData, tracking: Tracking) -> None:
    """Log what is known of each variant's population, and tag the digest of its raw files."""
    for label, config in study.variants.items():
        known = data.facts[config]
        tracking.log_study({f"population/{label}/{name}": value for name, value in known.population.items()})
        if known.content is not None:
            tracking.tag_study({f"data/{label}": known.content})


def _reconcile(tracking: Tracking, records: Mapping[str, TrialRecord]) -> None:
    """Make MLflow agree with the journal, after a crash or while the server was away."""
    tracking.forget_unrecorded(records)
    for record in records.values():
        if not tracking.is_settled(record):
            tracking.publish(record)


def _await_estimates(estimates: "ray.ObjectRef[dict[str, Record]]", console: Console) -> dict[str, Record]:
    """What the task found; nothing, and why, where the data do not let it be estimated."""
    try:
        return ray.get(estimates)
    except RayTaskError as error:
        console.print(f"[yellow]the information in the data was not estimated: {error.cause}[/yellow]", highlight=False)
        return {}


def _train(
    study: Study,
    folder: StudyFolder,
    journal: Journal,
    tracking: Tracking,
    data: SharedData,
    resources: Resources,
    console: Console,
) -> StudyQueue:
    """Search and confirm until the study is over, or somebody stops it; returns its queue.

    Where a node runs out of memory, Ray ends a worker and Ray Tune gives up; the trials under way then begin again.
    """
    trainable = tune.with_resources(
        tune.with_parameters(PairTrainable, references=data.references),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    describe = partial(first_record, data.facts)
    for left in reversed(range(_MOST_ENDS_BY_MEMORY)):
        records = journal.read()
        queue = StudyQueue(study, records)
        recorder = Recorder(queue, journal, tracking, records, describe, study.epochs_per_report)
        try:
            with Display(study, recorder, console) as display:
                run_trials(
                    trainable,
                    queue,
                    recorder,
                    [display],
                    slots=resources.slots,
                    storage=folder.root,
                    name=folder.attempt_name(),
                )
            return queue
        except RuntimeError as error:
            if not isinstance(error.__cause__, OutOfMemoryError):
                raise
            if not left:
                raise ResourceError(f"memory ran out {_MOST_ENDS_BY_MEMORY} times: {error.__cause__}") from error
            console.print("[yellow]a node ran out of memory; the trials under way begin again[/yellow]")
    raise AssertionError("unreachable")


def _study_tags(study: Study) -> dict[str, str]:
    """What is recorded of a study and its circumstances."""
    description = {
        "name": study.name,
        "question": study.question,
        "modalities": modalities(next(iter(study.variants.values()))),
        "variants": list(dict.fromkeys(stratum.variant for stratum in strata(study))),
        "lambdas": study.lambdas,
        "definition": study.describe(),
    }
    return {
        "role": "study",
        "study": json.dumps(description),
        **provenance(),
    }
