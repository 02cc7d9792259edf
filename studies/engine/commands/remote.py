"""A study through a Ray client (`--address ray://…`): a process on the cluster's head runs it, and its lines come here.

Ray Tune calls its driver for every result, which through a client would cross the network each time, and what the
driver keeps would be lost with a connection.
"""

import io
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ray
from ray import cloudpickle
from ray.exceptions import RayTaskError, TaskCancelledError, WorkerCrashedError
from ray.util.queue import Empty, Queue
from rich.console import Console

from studies.engine.cluster.session import Cluster
from studies.engine.description import require_importable
from studies.engine.options import Options
from studies.engine.outcome import Outcome, StudyFailed
from studies.engine.printing import terminal
from studies.engine.run import run_study
from studies.engine.signals import stopping_gently
from studies.engine.study import Study
from trainables.config import Refused

_SECONDS_BETWEEN_LOOKS = 0.5
_ON_THE_HEAD = {"node:__internal_head__": 0.001}


def run_there(study: Study, options: Options, cluster: Cluster, console: Console) -> Outcome:
    """Run the study on the cluster; prints, returns and raises what it does there."""
    cluster.connect(console)
    lines = Queue(actor_options={"num_cpus": 0})
    task: Any = ray.remote(num_cpus=0, max_retries=0, max_calls=1, resources=_ON_THE_HEAD)(_run)
    packed = cloudpickle.dumps(study)  # pyright: ignore[reportPrivateImportUsage]
    running = task.remote(packed, replace(options, address="auto"), sys.argv, console.width, lines)
    try:
        try:
            _print_until_done(lines, running, console)
        except KeyboardInterrupt:
            ray.cancel(running)
            _print_until_done(lines, running, console)
        return ray.get(running)
    except TaskCancelledError:
        raise KeyboardInterrupt from None
    except RayTaskError as error:
        raise error.cause from None
    except WorkerCrashedError as error:
        raise StudyFailed(
            [f"the study's process on the cluster has died, and the same command goes on: {error}"]
        ) from None


def _run(packed: bytes, options: Options, arguments: Sequence[str], width: int, lines: Queue) -> Outcome:
    study = unpacked(packed)
    sys.argv = list(arguments)  # what is recorded as the study's command
    words: Any = _Lines(lines)
    console = terminal(file=words, width=width)
    with stopping_gently(), Cluster(options) as cluster:
        return run_study(study, options, cluster, console)


def unpacked(packed: bytes) -> Study:
    """The study that another machine has pickled, with all that it names of the user's own imported here.

    Raises Refused where something of it cannot be: what the user's code imports may be missing on this machine alone.
    """
    try:
        study = cloudpickle.loads(packed)
        require_importable(study)
    except (Refused, ImportError, AttributeError) as error:
        raise Refused(f"the cluster's head ({platform.node()}) cannot import what the study names: {error}") from error
    return study


def _print_until_done(lines: Queue, running: Any, console: Console) -> None:
    is_done = False
    while not is_done:
        is_done = bool(ray.wait([running], timeout=_SECONDS_BETWEEN_LOOKS)[0])
        while True:
            try:
                console.file.write(lines.get(block=False))
            except Empty:
                break
        console.file.flush()


class _Lines(io.TextIOBase):
    """A text file whose writing end is on the cluster."""

    def __init__(self, lines: Queue) -> None:
        self._lines = lines

    def write(self, text: str) -> int:
        if text:
            self._lines.put(text)
        return len(text)
