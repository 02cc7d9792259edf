"""The thin Ray Tune adapter around `Training`: report, checkpoint, restore, and reuse of the worker."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from trainables.garbage import not_searched

with not_searched():  # a worker loads them here, before it trains
    import numpy as np
    import ray
    import torch
    from ray import tune
    from ray.exceptions import RayError
    from ray.tune.result import SHOULD_CHECKPOINT

    from trainables.checkpoint import read_checkpoint, write_checkpoint
    from trainables.config import ENCODERS_FILE, SEARCH_METRIC, DataConfig, TrialConfig
    from trainables.data import Splits
    from trainables.packing import packed
    from trainables.placement import PlacedSplits
    from trainables.training import Training
    from trainables.user_code import source_digest, source_files

FAILURE = "failure"

_SECONDS_BETWEEN_CHECKPOINTS = 30.0


@dataclass(frozen=True, kw_only=True)
class TrialOrder:
    """What a worker is told to do: train `trials` together, reporting every `epochs_per_report` epochs.

    `trials`: by their keys; several are of one mould, see `packing.mould`. `reads_test` is set in the stage that may
    read the test split, whose trials are trained alone. `checkpoints` are what an earlier, interrupted run of the same
    trials has left, the latest first. `packs`: whether the encoders can be packed, as found
    by `encoder_check.examine`. `sources`: the digest that the source of each import path must have. `encoder_names`:
    how reports name the two encoders; None: by their modalities.
    """

    trials: Mapping[str, TrialConfig]
    epochs_per_report: int
    reads_test: bool
    checkpoints: Sequence[tune.Checkpoint] = ()
    packs: bool = True
    sources: Mapping[str, str] = field(default_factory=dict)
    encoder_names: tuple[str, str] | None = None


class PairTrainable(tune.Trainable):
    """Trains one `TrialOrder` (`config["order"]`) on splits held in Ray's object store.

    `references` maps each data configuration to a Ray reference of its `Splits`; a worker fetches and places a data
    set once and keeps it while its trials use it.
    """

    def setup(self, config: dict[str, Any], references: Mapping[DataConfig, "ray.ObjectRef[Splits]"]) -> None:
        """Prepare the worker's device, then the first trial."""
        resources = self.trial_resources.required_resources if self.trial_resources else {}
        torch.set_num_threads(max(1, int(resources.get("CPU", 1))))
        gpu_share = resources.get("GPU", 0)
        self._device = torch.device("cuda" if gpu_share and torch.cuda.is_available() else "cpu")
        if self._device.type == "cuda" and gpu_share < 1:
            # Ray divides a card's time among trials but not its memory.
            torch.cuda.set_per_process_memory_fraction(gpu_share)
        self._references = references
        self._placed: tuple[DataConfig, PlacedSplits] | None = None
        self._training: Training
        self._take(config["order"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Turn this worker to another trial; nothing of the last one remains, as all draws are named by the new one."""
        if hasattr(self, "_training"):
            del self._training
        if self._device.type == "cuda":
            torch.cuda.empty_cache()  # what the last trial held is free for any trial on the card
        self._take(new_config["order"])
        return True

    def step(self) -> dict[str, Any]:
        """Train up to the next report; returns the metrics of all trials, which `report_of` tells apart.

        Each is a mean over the trial's replicas; where the test split is read, each replica's own is there too. Where
        the training raises, the traceback is returned instead, under `FAILURE`: the same trials would fail again. What
        the machine lacks (memory for one trial, a file, an object of Ray's) is raised, since it may be there the next
        time.
        """
        report: dict[str, Any] = {}
        if self._failure is None:
            self._attempt(lambda: report.update(self._train_to_report()))
        return report if self._failure is None else {FAILURE: self._failure, SHOULD_CHECKPOINT: False}

    def _train_to_report(self) -> dict[str, Any]:
        training, max_epochs = self._training, self._training.config.max_epochs
        num_epochs = min(self._order.epochs_per_report, max_epochs - training.epoch)
        losses = [training.run_epoch() for _ in range(num_epochs)]
        # Without an epoch where a worker was lost after the last one: then all but the losses is reported once more.
        names = losses[0] if losses else ()
        values = {name: np.mean([loss[name] for loss in losses], axis=0) for name in names}
        accuracies = {f"valid/{name}": scores for name, scores in training.validate().items()}
        reports: dict[str, dict[str, Any]] = {}
        for key, rows in self._rows.items():
            report = {name: float(np.mean(of_all[rows])) for name, of_all in (values | accuracies).items()}
            report[SEARCH_METRIC] = float(np.mean([report[name] for name in accuracies]))
            reports[key] = report
        due = time.monotonic() - self._last_checkpoint > _SECONDS_BETWEEN_CHECKPOINTS
        if training.epoch >= max_epochs and self._order.reads_test:
            (report,) = reports.values()
            report |= training.test().report()
            due = True  # the confirmed encoders are the study's artifact
        named = {_prefix(key) + name: value for key, report in reports.items() for name, value in report.items()}
        return named | {"epoch": training.epoch, SHOULD_CHECKPOINT: due}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write the training's state and, by themselves, what encoders that are confirmed are at their best epoch."""
        folder = Path(checkpoint_dir)
        write_checkpoint(folder, {"trials": list(self._order.trials), "training": self._training.state_dict()})
        if self._order.reads_test:
            torch.save(
                {"config": asdict(self._training.config), "encoders": self._training.best_encoders()},
                folder / ENCODERS_FILE,
            )
        self._last_checkpoint = time.monotonic()

    def load_checkpoint(self, checkpoint: str | dict | None) -> None:
        """Continue from the folder that `save_checkpoint` wrote; begin anew, to the same numbers, if it is damaged."""
        if not isinstance(checkpoint, str):
            raise ValueError(f"expected the folder of a checkpoint, got {checkpoint!r}")
        self._continue_from(Path(checkpoint))

    def _continue_from(self, folder: Path) -> bool:
        """Whether the checkpoint is whole, and of these trials; where it is not, nothing has changed."""
        state = read_checkpoint(folder)
        if state is None or state.get("trials") != list(self._order.trials):  # earlier versions did not name them
            return False
        self._training.load_state_dict(state["training"])
        return True

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (torch.OutOfMemoryError, MemoryError):
            if len(self._order.trials) == 1:
                raise
            self._failure = traceback.format_exc()  # each alone may find the memory
        except (OSError, RayError):
            raise
        except Exception:
            self._failure = traceback.format_exc()

    def _take(self, order: TrialOrder) -> None:
        self._order = order
        self._failure: str | None = None
        self._attempt(lambda: self._begin(order))

    def _begin(self, order: TrialOrder) -> None:
        for path, expected in order.sources.items():
            _verify_source(path, expected)
        config, choices = packed(list(order.trials.values()))
        self._training = Training(
            config,
            self._place(config.data),
            packed=None if order.packs else False,
            encoder_names=order.encoder_names,
            choices=choices,
        )
        ends = list(accumulate(len(trial.replicas) for trial in order.trials.values()))
        self._rows = {key: slice(start, end) for key, start, end in zip(order.trials, [0, *ends], ends, strict=False)}
        self._last_checkpoint = time.monotonic()
        for checkpoint in order.checkpoints:
            with checkpoint.as_directory() as folder:
                if self._continue_from(Path(folder)):
                    break

    def _place(self, config: DataConfig) -> PlacedSplits:
        if self._placed is None or self._placed[0] != config:
            self._placed = None  # free the last data set before the next one takes its room
            self._placed = (config, PlacedSplits(ray.get(self._references[config]), self._device))
        return self._placed[1]


def report_of(key: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker's result says of one of the trials that it trains: its metrics and hits, by name."""
    prefix = _prefix(key)
    return {name.removeprefix(prefix): value for name, value in result.items() if name.startswith(prefix)}


def _prefix(key: str) -> str:
    return f"trial/{key}/"  # not a mapping in a mapping, which Ray Tune would flatten


def _verify_source(path: str, expected: str) -> None:
    found = source_digest(path)
    if found != expected:
        file = source_files(path)[path.partition(":")[0]]
        raise RuntimeError(
            f"{path}: the study began with source of digest {expected}, this worker found {found} at {file}: "
            "it was changed meanwhile, or differs between machines"
        )
