"""A worker that goes on with an interrupted trial, from whichever of its checkpoints is whole."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
from ray import tune
from ray.tune import Checkpoint

from trainables.checkpoint import write_checkpoint
from trainables.config import Mlp, TorchEncoder, TrialConfig
from trainables.data import Splits
from trainables.trainable import FAILURE, PairTrainable, TrialOrder, report_of
from trainables.training import Training
from trainables.user_code import source_digest


@pytest.fixture(scope="module")
def reference(splits: Splits, local_ray: None) -> "ray.ObjectRef[Splits]":
    """The splits in Ray's object store."""
    return ray.put(splits)


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


def test_trials_that_are_trained_together_report_what_each_reports_alone(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]"
) -> None:
    trials = pair_of(trial)
    together = worker(trials, reference, reads_test=False)
    alone = [worker({key: each}, reference, reads_test=False) for key, each in trials.items()]
    for epoch in range(1, 3):
        report = together.step()
        assert report["epoch"] == epoch
        for key, single in zip(trials, alone, strict=True):
            assert report_of(key, report) == pytest.approx(report_of(key, single.step()), rel=1e-5)


def test_a_checkpoint_of_other_trials_is_left_alone(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]", tmp_path: Path
) -> None:
    trials = pair_of(trial)
    together = worker(trials, reference, reads_test=False)
    together.step()
    together.save_checkpoint(str(tmp_path))
    assert worker(trials, reference, tmp_path, reads_test=False).step()["epoch"] == 2
    fewer = {"second": trials["second"]}
    assert worker(fewer, reference, tmp_path, reads_test=False).step()["epoch"] == 1


def test_a_checkpoint_of_an_earlier_version_is_left_alone(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]", tmp_path: Path
) -> None:
    """It held the training's state alone. The trial begins anew, to the same numbers, and has not failed."""
    earlier = worker(trial, reference)
    first = step(earlier)
    write_checkpoint(tmp_path, earlier._training.state_dict())
    assert step(worker(trial, reference, tmp_path)) == first


def test_source_that_is_not_the_study_s_fails_the_trial(trial: TrialConfig, reference: "ray.ObjectRef[Splits]") -> None:
    path = "tests.trainables.own_encoders:Normalised"
    own = replace(trial, encoder_1=TorchEncoder(path))
    right = worker(own, reference, packs=False, sources={path: source_digest(path)})
    assert np.isfinite(step(right)["valid/accuracy"])
    wrong = worker(own, reference, packs=False, sources={path: "0123"})
    failure = step(wrong)[FAILURE]
    for named in ("RuntimeError", "own_encoders.py", "0123", source_digest(path)):
        assert named in failure


def test_what_cannot_be_packed_trains_in_turn(trial: TrialConfig, reference: "ray.ObjectRef[Splits]") -> None:
    own = replace(trial, encoder_1=Mlp(width=5), encoder_2=TorchEncoder("tests.trainables.own_encoders:Recurrent"))
    assert "Batching rule not implemented" in step(worker(own, reference, packs=True))[FAILURE]
    assert np.isfinite(step(worker(own, reference, packs=False))["valid/accuracy"])


def test_where_memory_is_short_trials_that_are_together_fail_and_one_that_is_alone_may_find_it_later(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]", monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = pair_of(trial)
    together = worker(trials, reference, reads_test=False)
    alone = worker({"second": trials["second"]}, reference, reads_test=False)

    def needs_too_much(_: Training) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(Training, "run_epoch", needs_too_much)
    assert "no room" in together.step()[FAILURE]
    with pytest.raises(MemoryError, match="no room"):
        alone.step()


def test_a_worker_that_was_lost_after_the_last_epoch_reports_it_once_more(
    trial: TrialConfig, reference: "ray.ObjectRef[Splits]", tmp_path: Path
) -> None:
    undisturbed = worker(trial, reference)
    *_, last = (step(undisturbed) for _ in range(trial.max_epochs))
    undisturbed.save_checkpoint(str(tmp_path))
    repeated = step(worker(trial, reference, tmp_path))
    assert repeated["epoch"] == trial.max_epochs
    assert repeated == {name: value for name, value in last.items() if not name.startswith("loss/")}


def pair_of(trial: TrialConfig) -> dict[str, TrialConfig]:
    """Two trials that can be trained together, of three replicas and of one."""
    other = replace(trial.hyperparameters, learning_rate=1e-3, weight_decay=0.1)
    return {
        "first": replace(trial, replicas=(0, 1, 2)),
        "second": replace(trial, hyperparameters=other, replicas=(1,)),
    }


def worker(
    trial: TrialConfig | Mapping[str, TrialConfig],
    reference: "ray.ObjectRef[Splits]",
    *left: Path,
    packs: bool = True,
    reads_test: bool = True,
    sources: Any = (),
) -> PairTrainable:
    trials = {"only": trial} if isinstance(trial, TrialConfig) else trial
    checkpoints = [Checkpoint.from_directory(str(folder)) for folder in left]
    order = TrialOrder(
        trials=trials,
        epochs_per_report=1,
        reads_test=reads_test,
        checkpoints=checkpoints,
        packs=packs,
        sources=dict(sources),
    )
    made: Any = tune.with_parameters(PairTrainable, references={each.data: reference for each in trials.values()})
    return made({"order": order})


def step(trainable: PairTrainable) -> dict[str, Any]:
    """The next report of the worker's only trial, or its failure."""
    report = trainable.step()
    return report if FAILURE in report else report_of("only", report) | {"epoch": report["epoch"]}
