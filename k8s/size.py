"""How many workers of what size a job needs, from its GPUs and what a trial takes of them."""

from dataclasses import dataclass
from math import ceil

from trainables.config import Refused

# A worker process with PyTorch, a trial's data and its replicas; and what Ray and its object store take themselves.
_MEMORY_OF_A_TRIAL, _MEMORY_OF_RAY = 2, 4
# Loading data and estimating their information are tasks of one CPU, beside the trials.
_CPUS_OF_TASKS = 1
_CPUS_WITHOUT_GPUS = 4
_SHARE_OF_OBJECT_STORE = 0.3  # Ray's default


@dataclass(frozen=True, kw_only=True)
class Size:
    """Workers of a job, and what each has; memory in GiB, `slots` trials at once on all of them."""

    workers: int
    gpus: int
    cpus: int
    memory: int
    slots: int

    @property
    def shared_memory(self) -> int:
        """GiB of a worker's memory that the object store may fill."""
        return ceil(self.memory * _SHARE_OF_OBJECT_STORE)


def size_with_gpus(
    gpus: int, gpus_per_worker: int, gpus_per_trial: float, cpus_per_trial: float, cpus: int | None, memory: int | None
) -> Size:
    """Workers with GPUs. Raises Refused where GPUs do not divide among workers, or no trial fits on one."""
    if gpus_per_worker < 1 or gpus % gpus_per_worker:
        raise Refused(f"--gpus must be a multiple of --gpus-per-worker, got {gpus} and {gpus_per_worker}")
    if gpus_per_trial <= 0:
        raise Refused("--gpus-per-trial must be above 0 in a job with GPUs, as nothing would use them")
    trials = int(gpus_per_worker / gpus_per_trial + 1e-6)
    if cpus is not None and cpus_per_trial:
        trials = min(trials, int(cpus / cpus_per_trial + 1e-6))
    if trials < 1:
        raise Refused(
            f"no trial fits on a worker of {gpus_per_worker} GPUs{'' if cpus is None else f' and {cpus} CPUs'}: "
            f"it takes {gpus_per_trial:g} GPUs and {cpus_per_trial:g} CPUs"
        )
    workers = gpus // gpus_per_worker
    return Size(
        workers=workers,
        gpus=gpus_per_worker,
        cpus=ceil(trials * cpus_per_trial) + _CPUS_OF_TASKS if cpus is None else cpus,
        memory=_memory(trials) if memory is None else memory,
        slots=workers * trials,
    )


def size_without_gpus(workers: int, cpus_per_trial: float, cpus: int | None, memory: int | None) -> Size:
    """Workers that train on CPUs. Raises Refused where there is none, or no trial fits on one."""
    cpus = _CPUS_WITHOUT_GPUS if cpus is None else cpus
    trials = int(cpus / cpus_per_trial + 1e-6) if cpus_per_trial > 0 else 0
    if workers < 1 or trials < 1:
        raise Refused(f"no trial fits: {workers} workers of {cpus} CPUs, a trial takes {cpus_per_trial:g}")
    return Size(
        workers=workers, gpus=0, cpus=cpus, memory=_memory(trials) if memory is None else memory, slots=workers * trials
    )


def _memory(trials: int) -> int:
    return _MEMORY_OF_RAY + _MEMORY_OF_A_TRIAL * trials
