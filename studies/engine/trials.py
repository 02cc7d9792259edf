"""A queue's trials on Ray Tune: one Tuner for search and confirm, which learns of every event through the recorder."""

import platform
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ray import tune
from ray.tune import Callback

from studies.engine.data import DataFacts
from studies.engine.journal import TrialRecord
from studies.engine.parameters import trial_parameters
from studies.engine.queue import StudyQueue
from studies.engine.recorder import Recorder, UnrecordedError
from studies.engine.search import QueueScheduler, QueueSearcher
from studies.engine.storage import open_storage
from studies.engine.study import CONFIRM, TrialSpec
from trainables.config import DataConfig
from trainables.data.stand_in import modalities


def run_trials(
    trainable: Any,
    queue: StudyQueue,
    recorder: Recorder,
    callbacks: Sequence[Callback],
    *,
    slots: int,
    storage: str,
    name: str,
) -> None:
    """Run until the queue is over, or somebody stops it, `slots` trials at once.

    Ray Tune's own files go to the folder `name` of `storage`.

    Raises OSError where a trial's record cannot be written.
    """
    filesystem, path = open_storage(storage)
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
    try:
        tuner.fit()
    except UnrecordedError as error:
        assert error.__cause__ is not None
        raise error.__cause__ from None


def first_record(facts: Mapping[DataConfig, DataFacts], spec: TrialSpec) -> TrialRecord:
    """The record with which a trial begins."""
    names = modalities(spec.config.data)
    ceilings = facts[spec.config.data].ceilings if spec.stage == CONFIRM else None
    return TrialRecord(
        key=spec.key,
        stage=spec.stage,
        variant=spec.stratum.variant,
        stratum=str(spec.stratum),
        index=spec.index,
        parameters=trial_parameters(spec, names),
        constants={f"ceiling/accuracy/{name}": ceiling for name, ceiling in zip(names, ceilings or (), strict=False)},
        host=platform.node(),
        started=time.time_ns() // 1_000_000,
    )


def _trial_folder(trial: Any) -> str:
    """Ray Tune's folder, one for each time that a trial begins: it may read what an earlier time wrote."""
    return f"{trial.config['key']}-{trial.trial_id}"
