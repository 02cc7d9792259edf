"""Connecting to Ray: which resources there are, which a trial takes, and how many run at once."""

import logging
import os
import signal
from dataclasses import dataclass

import ray
import torch

from studies.engine.options import Options


class ResourceError(ValueError):
    """More was asked for than the machine or cluster has; the message gives both numbers."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What is there, what one trial takes of it, and `slots`: how many trials that lets run at once."""

    num_cpus: float
    num_gpus: float
    cpus_per_trial: float
    gpus_per_trial: float

    @property
    def slots(self) -> int:
        """Trials that can run side by side."""
        by_cpu = self.num_cpus / self.cpus_per_trial if self.cpus_per_trial else float("inf")
        by_gpu = self.num_gpus / self.gpus_per_trial if self.gpus_per_trial else float("inf")
        return int(min(by_cpu, by_gpu) + 1e-6)

    def __str__(self) -> str:
        text = f"{self.num_cpus:g} CPUs, {self.num_gpus:g} GPUs; a trial takes {self.cpus_per_trial:g} CPU"
        return f"{text} and {self.gpus_per_trial:g} GPU: {self.slots} at once"


def check_local(options: Options) -> None:
    """Refuse, before anything starts, GPUs that this machine does not have.

    Raises ResourceError with the number found.
    """
    found = torch.cuda.device_count()
    if options.num_gpus is not None and options.num_gpus > found:
        raise ResourceError(
            f"--num-gpus {options.num_gpus}: this machine has {found} GPUs that PyTorch can use. "
            "--simulate-gpus rehearses with GPUs that do not exist."
        )


class Cluster:
    """A Ray session for all studies of a command: one started here, or the running cluster at `--address`.

    It starts when it is first asked for, as a study that is recorded already needs none.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._resources: Resources | None = None

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        ray.shutdown()

    def connect(self) -> Resources:
        """Start or join Ray, once, and say what it has. Raises ResourceError where not even one trial fits."""
        if self._resources is None:
            _start(self._options)
            self._resources = _resources(self._options)
            # All workers must start together. By default they start one after the other, and the first, done with its
            # trial before the second has started, takes that one's trial: a second would then never be there for long.
            os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(self._resources.slots)
        return self._resources


def _start(options: Options) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a trial without GPUs changes nothing
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # Tune would announce an experiment of its own beside our table
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # 6 ms a report for files that nobody reads
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "1000000"  # a study resumes from its journal, not from Tune's state
    os.environ["RAY_IGNORE_UNHANDLED_ERRORS"] = "1"  # of data that are refused Ray would print the traceback too
    on_sigterm = signal.getsignal(signal.SIGTERM)
    if options.address is None:
        num_gpus = options.simulate_gpus or options.num_gpus
        ray.init(
            num_cpus=options.num_cpus,
            num_gpus=torch.cuda.device_count() if num_gpus is None else num_gpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    else:
        ray.init(address=options.address, log_to_driver=False, logging_level=logging.ERROR)
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray puts a handler of its own there, which ends the driver at once


def _resources(options: Options) -> Resources:
    found = ray.cluster_resources()
    num_cpus, num_gpus = found.get("CPU", 0), found.get("GPU", 0)
    gpus_per_trial = options.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1 if num_gpus else 0
    resources = Resources(
        num_cpus=num_cpus,
        num_gpus=num_gpus,
        cpus_per_trial=options.cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
    )
    if resources.slots < 1:
        raise ResourceError(f"no trial fits: {resources}")
    return resources
