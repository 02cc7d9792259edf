"""A queue's trials on Ray Tune: one Tuner for search and confirm, which learns of every event through the recorder."""

from collections.abc import Sequence
from typing import Any

from ray import tune
from ray.tune import Callback

from analysis.environment import environment
from studies.engine.recording.storage import open_storage
from studies.engine.search.queue import StudyQueue
from studies.engine.signals import same_handlers
from studies.engine.tune.recorder import Recorder
from studies.engine.tune.scheduler import QueueScheduler
from studies.engine.tune.searcher import QueueSearcher
from studies.engine.tune.settings import tune_settings


def run_trials(
    trainable: Any,
    queue: StudyQueue,
    recorder: Recorder,
    callbacks: Sequence[Callback],
    *,
    slots: int,
    grows: bool,
    storage: str,
    name: str,
) -> None:
    """Run until the queue is over, or somebody stops it, `slots` trials at once.

    `grows`: on a cluster that adds nodes for trials that wait.
    Ray Tune's own files go to the folder `name` of `storage`.
    Raises whatever kept an event from being taken down: OSError where a trial's record cannot be written.
    """
    filesystem, path = open_storage(storage)
    # Ray Tune leaves its handler of Ctrl-C in place, which would swallow the first one after the training.
    with environment(tune_settings(slots, grows=grows)), same_handlers():
        tuner = tune.Tuner(
            trainable,
            tune_config=tune.TuneConfig(
                search_alg=QueueSearcher(queue, recorder.order),
                scheduler=QueueScheduler(recorder.observe, slots),
                num_samples=-1,
                reuse_actors=True,
                trial_dirname_creator=_trial_folder,
            ),
            run_config=tune.RunConfig(
                name=name,
                storage_path=path,
                storage_filesystem=filesystem,
                callbacks=[recorder, *callbacks],
                checkpoint_config=tune.CheckpointConfig(num_to_keep=2, checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()


def _trial_folder(trial: Any) -> str:
    """Name of Ray Tune's folder, another at each start of a trial, which may still read what an earlier start wrote."""
    return f"{trial.config['key']}-{trial.trial_id}"
