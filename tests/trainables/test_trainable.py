"""A worker that goes on with an interrupted trial, from whichever of its checkpoints is whole."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import tune
from ray.tune import Checkpoint

from trainables.config import TrialConfig
from trainables.data import Splits
from trainables.trainable import PairTrainable, TrialOrder


@pytest.fixture(scope="module")
def reference(splits: Splits) -> Iterator["ray.ObjectRef[Splits]"]:
    """The splits in the object store of a Ray session of this module's own."""
    ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
    yield ray.put(splits)
    ray.shutdown()


def test_it_goes_on_from_the_latest_checkpoint_that_is_whole(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]", tmp_path: Path
) -> None:
    undisturbed = worker(trial, reference)
    reports, folders = [], []
    for epoch in range(trial.max_epochs):
        reports.append(step(undisturbed))
        folders.append(tmp_path / str(epoch))
        folders[-1].mkdir()
        undisturbed.save_checkpoint(str(folders[-1]))
    damaged = tmp_path / "damaged"
    shutil.copytree(folders[2], damaged)
    (damaged / "training.pt").write_bytes((folders[2] / "training.pt").read_bytes()[:-10])
    for left, first in (([folders[2], folders[1]], 3), ([damaged, folders[1]], 2), ([damaged], 0), ([], 0)):
        resumed = worker(trial, reference, *left)
        assert [step(resumed) for _ in reports[first:]] == reports[first:]


def worker(trial: TrialConfig, reference: "ray.ObjectRef[Splits]", *left: Path) -> PairTrainable:
    checkpoints = [Checkpoint.from_directory(str(folder)) for folder in left]
    order = TrialOrder(config=trial, epochs_per_report=1, reads_test=True, checkpoints=checkpoints)
    made: Any = tune.with_parameters(PairTrainable, references={trial.data: reference})
    return made({"order": order})


def step(trainable: PairTrainable) -> dict[str, Any]:
    report = trainable.step()
    report.pop("should_checkpoint")
    return report
