"""Print a study as a RayJob, for kubectl to apply.

    python -m k8s.job mosei_va --gpus 8 --gpus-per-trial 0.25 | kubectl apply -f -

Options that are not the job's own are the study's: they are checked here as the study checks them.
"""

import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from k8s.chosen import Chosen, choose
from k8s.names import LARGEST_NUMBER, LONGEST_LABEL, NAME_EXPECTED, is_image, is_subdomain
from k8s.ray_job import IMAGE, PULL_SECRET, Manifest, as_yaml, ray_job
from k8s.size import Size, size_with_gpus, size_without_gpus
from studies.engine.options import Options
from studies.engine.printing import any_encoding, labelled, terminal
from trainables.config import Refused

EXIT_REFUSED = 2
OBJECT_STORE, VOLUME = "s3://studies/runs", "/results/runs"


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """Which study, and on how large a cluster. All other options are the study's own."""

    study: Annotated[str, tyro.conf.Positional]
    """Name of a study's script in studies/, as mosei_va."""
    gpus: int = 0
    """GPUs of the whole job; 0 trains on CPUs."""
    gpus_per_worker: int = 1
    """GPUs of one worker; at most what a machine has."""
    workers: int = 1
    """Workers of a job without GPUs."""
    cpus_per_worker: int | None = None
    """CPU cores of one worker; where not given, what its trials need, and 4 without GPUs."""
    memory_per_worker: int | None = None
    """GiB of one worker; where not given, 4 and 2 for each trial that runs on it."""
    hours: float = 24
    """Longest time that an attempt of the job may take, waiting included; the same job goes on from there."""
    retries: int = 3
    """How often a job that failed begins anew, with a new cluster, where it was."""
    image: str = f"{IMAGE}:0.2.0"
    """The project's image, as your registry has it."""
    pull_secret: str = PULL_SECRET
    """Secret of your registry; without one of this name the image is pulled without."""
    volumes: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Data and results on the volumes of components/storage-pvc instead of in the object store."""
    queue: str | None = None
    """Kueue's queue to wait in."""


def plan(arguments: list[str]) -> tuple[Manifest, Chosen, Size]:
    """The job that the command line asks for. Raises Refused, saying why, for one that could not run."""
    options, others = tyro.cli(
        JobOptions, prog="k8s.job", description=__doc__, args=arguments, return_unknown_args=True
    )
    _check(options)
    if options.retries and "--fresh" in others:
        raise Refused("--fresh would start over at every retry: add --retries 0")
    chosen = choose(options.study, others, VOLUME if options.volumes else OBJECT_STORE)
    size = _size(options, chosen.options)
    job = ray_job(
        chosen,
        size,
        image=options.image,
        pull_secret=options.pull_secret,
        volumes=options.volumes,
        queue=options.queue,
        hours=options.hours,
        retries=options.retries,
    )
    return job, chosen, size


@any_encoding()
def main() -> None:
    """Print the job to standard output, and what it needs to standard error; leave with 2 where it is refused."""
    console = terminal(stderr=True)
    try:
        job, chosen, size = plan(sys.argv[1:])
    except Refused as error:
        console.print(labelled("refused", str(error), "red"))
        sys.exit(EXIT_REFUSED)
    print(as_yaml(job), end="")
    console.print(
        f"{job['metadata']['name']}: {size.workers} workers of {size.cpus} CPUs, {size.memory} GiB, {size.gpus} GPUs; "
        f"{size.slots} trials at once",
    )
    for package in chosen.own_code:
        console.print(
            labelled("needs your code", f"{package}, which --image must have where Python finds it", "yellow")
        )
    if not chosen.options.rehearse:
        for missing in chosen.missing_data:
            console.print(labelled("needs its data", missing, "yellow"))


def _check(options: JobOptions) -> None:
    """Refuse what Kubernetes would not take, or not as it is meant. Raises Refused."""
    for name in ("workers", "gpus_per_worker", "cpus_per_worker", "memory_per_worker"):
        _require_between(name, getattr(options, name), 1)
    _require_between("gpus", options.gpus, 0)
    _require_between("retries", options.retries, 0)
    _require_between("hours", options.hours, 1 / 3600, LARGEST_NUMBER / 3600)
    if not is_image(options.image):
        raise Refused(f"--image: expected a name such as registry.example/team/{IMAGE}:0.2.0, got {options.image!r}")
    if not is_subdomain(options.pull_secret):
        raise Refused(f"--pull-secret: {NAME_EXPECTED}, got {options.pull_secret!r}")
    if options.queue is not None and not (is_subdomain(options.queue) and len(options.queue) <= LONGEST_LABEL):
        raise Refused(f"--queue: {NAME_EXPECTED} of at most {LONGEST_LABEL}, as it is a label, got {options.queue!r}")


def _require_between(name: str, value: float | None, least: float, most: float = LARGEST_NUMBER) -> None:
    if value is not None and not least <= value <= most:
        raise Refused(f"--{name.replace('_', '-')}: expected {least:g} to {most:g}, got {value}")


def _size(options: JobOptions, study: Options) -> Size:
    cpus_per_trial = 1 if study.cpus_per_trial is None else study.cpus_per_trial
    if not options.gpus:
        if study.gpus_per_trial:
            raise Refused("--gpus-per-trial needs --gpus, the number of the whole job")
        return size_without_gpus(options.workers, cpus_per_trial, options.cpus_per_worker, options.memory_per_worker)
    return size_with_gpus(
        options.gpus,
        options.gpus_per_worker,
        1 if study.gpus_per_trial is None else study.gpus_per_trial,
        cpus_per_trial,
        options.cpus_per_worker,
        options.memory_per_worker,
    )


if __name__ == "__main__":
    main()
