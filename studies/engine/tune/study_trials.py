"""All trials of a study on Ray Tune, begun again where the machines' memory ran out."""

from collections.abc import Callable, Sequence

from ray import tune
from ray.exceptions import OutOfMemoryError
from ray.tune import Callback
from rich.console import Console

from studies.engine.cluster.resources import ResourceError
from studies.engine.prepare import Prepared
from studies.engine.recording.recording import Recording
from studies.engine.search.queue import StudyQueue
from studies.engine.tune.live_table import Display
from studies.engine.tune.orders import Orders
from studies.engine.tune.recorder import Recorder
from studies.engine.tune.tuner import run_trials
from trainables.trainable import PairTrainable

_MOST_ENDS_BY_MEMORY = 10


def run_study_trials(
    recording: Recording,
    prepared: Prepared,
    opens_rounds: Callable[[], bool],
    callbacks: Sequence[Callback],
    console: Console,
) -> StudyQueue:
    """Search, exchange and confirm; the queue that is returned is over, unless somebody stopped the study.

    `opens_rounds`: asked before each later round of a variant. `callbacks`: told of the trials, too.

    Where a node runs out of memory, Ray ends a worker and Ray Tune gives up; the trials under way then begin again.
    Raises ResourceError where that happens again and again, and OSError where a trial's record cannot be written.
    """
    study, resources, records = recording.study, prepared.resources, recording.records
    trainable = tune.with_resources(
        tune.with_parameters(PairTrainable, references=prepared.data.references),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    orders = Orders(study=study, facts=prepared.data.facts, packs=prepared.packs)
    for left in reversed(range(_MOST_ENDS_BY_MEMORY)):
        queue = StudyQueue(study, recording.modalities, records, opens_rounds=opens_rounds)
        recorder = Recorder(queue, recording, records, orders)
        try:
            with Display(study, queue, recorder, console) as display:
                run_trials(
                    trainable,
                    queue,
                    recorder,
                    [display, *callbacks],
                    slots=resources.slots,
                    grows=prepared.grows,
                    storage=recording.folder.root,
                    name=recording.folder.attempt_name(),
                )
            return queue
        except RuntimeError as error:
            if not isinstance(error.__cause__, OutOfMemoryError):
                raise
            if not left:
                raise ResourceError(f"memory ran out {_MOST_ENDS_BY_MEMORY} times: {error.__cause__}") from error
            console.print("a node ran out of memory; the trials under way begin again", style="yellow")
            records = recording.journal.read()  # without what was reported since a trial's latest checkpoint
    raise AssertionError("unreachable")
