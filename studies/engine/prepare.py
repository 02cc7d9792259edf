"""The first part of a study: check what can be checked before a trial, and put in place what trials need."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING

from rich.console import Console

from studies.engine.cluster.resources import Resources
from studies.engine.cluster.session import Cluster
from studies.engine.options import Options
from studies.engine.recording.recording import Recording
from studies.engine.search.queue import StudyQueue

if TYPE_CHECKING:
    from studies.engine.inputs.shared_data import SharedData


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What trials need: the shared data, what the machines give, and whether replicas of these encoders can be packed.

    `grows`: the cluster adds nodes for trials that wait.
    """

    data: "SharedData"
    resources: Resources
    grows: bool
    packs: bool


def prepare(recording: Recording, options: Options, cluster: Cluster, console: Console) -> Prepared | None:
    """Connect to MLflow and to Ray, share the data, and try a step on a few rows; None where all is recorded.

    Raises Refused, with a sentence for the user, for whatever keeps the study from being trained as it is asked.
    """
    study, records = recording.study, recording.records
    queue = StudyQueue(study, recording.modalities, records)
    if queue.is_over and recording.information.read().keys() >= study.variants.keys():
        console.print("every trial is recorded already; nothing to train")
        _say_what_is_superseded(recording.connect(), options, console)
        recording.reconcile(records)
        return None
    # Late, as they bring Ray and PyTorch along, which a study that is recorded does not need.
    cluster.load(console)
    from studies.engine.cluster.preflight import preflight
    from studies.engine.inputs.shared_data import share
    from studies.engine.inputs.trial_check import check_trials

    # The first connection to a new store takes seconds, and so does starting Ray: side by side.
    connected = _begun(recording.connect)
    resources = cluster.connect(console)
    _say_what_is_there(queue, resources, options, console)
    places = {} if cluster.is_local else preflight(study, options, recording.folder.root, console)
    _say_what_is_superseded(connected.result(), options, console)
    data = share(study, options.data_dir, places, console)
    _note_data(data, recording, console)
    packs = check_trials(study, {config: facts.shapes for config, facts in data.facts.items()}, console)
    recording.reconcile(records)
    if records:
        console.print(f"going on from {len(records)} recorded trials")
    return Prepared(data=data, resources=resources, grows=cluster.grows, packs=packs)


def _begun(work: Callable[[], int]) -> "Future[int]":
    """Have work done beside this, by a thread that nobody waits for when something is refused or Ctrl-C is pressed."""
    future: Future[int] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=do, name="connecting", daemon=True).start()
    return future


def _say_what_is_superseded(num_superseded: int, options: Options, console: Console) -> None:
    """Say so where MLflow has this study from another storage too."""
    if num_superseded and not options.fresh:
        console.print(
            "MLflow has this study from another storage, too; those runs stay, marked as superseded",
            style="yellow",
        )


def _say_what_is_there(queue: StudyQueue, resources: Resources, options: Options, console: Console) -> None:
    console.print(str(resources))
    cores = os.cpu_count() or 1
    if options.num_cpus is not None and options.num_cpus > cores:
        console.print(f"--num-cpus {options.num_cpus}: trials share the {cores} cores of this machine", style="yellow")
    at_once = queue.most_searched_at_once
    if resources.slots > at_once * len(queue.searches):
        console.print(
            f"the search fills at most {at_once * len(queue.searches)} of these {resources.slots}: {at_once} at once "
            "of each λ of each variant, so that the others are learnt from",
            style="yellow",
        )


def _note_data(data: "SharedData", recording: Recording, console: Console) -> None:
    """Print warnings about the data, and record what is known of them; refuse others than the study began with."""
    facts = {label: data.facts[config] for label, config in recording.study.variants.items()}
    for label, known in facts.items():
        for warning in known.warnings:
            console.print(f"{label}: {warning}", style="yellow")
    recording.require_same_content({label: known.content for label, known in facts.items()})
    for label, known in facts.items():
        recording.note_population(label, known.population, known.content)
