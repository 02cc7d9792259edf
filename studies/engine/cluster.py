"""Connecting to Ray: a session started here, or a running cluster, with this code on each of its nodes."""

import logging
import os
import signal
import socket
import time

import ray
import torch
from ray.autoscaler.sdk import request_resources
from ray.exceptions import RayError
from rich.console import Console

from studies.engine.code import package_folders
from studies.engine.options import Options
from studies.engine.resources import NodeResources, ResourceError, Resources, divided

_NOT_CODE = ["__pycache__", "results"]
_SECONDS_BETWEEN_LOOKS = 5.0
_SECONDS_FOR_AN_ANSWER = 10.0
_TOKEN_HINT = (
    "it asks for a token. Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to the file with the cluster's token where "
    "that is not ~/.ray/auth_token."
)
# How many trials an autoscaler is asked to make room for: more than any cluster's next step, few enough to be cheap.
_MOST_PENDING_TRIALS = 200


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
        self._is_member = ray.is_initialized()  # of a cluster that somebody else has connected to and will leave

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *error: object) -> None:
        if not self._is_member:
            ray.shutdown()

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine, started by this process."""
        return self._options.address is None

    @property
    def is_client(self) -> bool:
        """Whether it is reached through a Ray client."""
        return self._options.is_client

    def connect(self, console: Console) -> Resources:
        """Start or join Ray, once, and say what it has.

        Raises ResourceError where not even one trial fits, after `--wait-minutes` on a cluster that may grow.
        """
        if self._resources is None:
            _prepare_ray()
            if not self._is_member:
                _start(self._options)
            self._resources = self._await_room(console)
            # All workers must start together. By default they start one after the other, and the first, done with its
            # trial before the second has started, takes that one's trial: a second would then never be there for long.
            # A cluster that grows does so for trials that wait.
            grows = self._options.wait_minutes > 0
            pending = max(self._resources.slots, _MOST_PENDING_TRIALS if grows else 0)
            os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(pending)
        return self._resources

    def _await_room(self, console: Console) -> Resources:
        deadline = time.monotonic() + 60 * self._options.wait_minutes
        has_asked = False
        try:
            while True:
                try:
                    return divided(_nodes(), self._options)
                except ResourceError as error:
                    if time.monotonic() >= deadline:
                        raise
                    if not has_asked:
                        console.print(f"{error}; waiting for a node", highlight=False)
                        request_resources(bundles=[_bundle(self._options)])
                        has_asked = True
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            if has_asked:
                request_resources(bundles=[])  # what is asked for is kept free until it is taken back


def _prepare_ray() -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a trial without GPUs changes nothing
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"  # Tune would announce an experiment of its own beside our table
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"  # 6 ms a report for files that nobody reads
    os.environ["TUNE_PRINT_ALL_TRIAL_ERRORS"] = "0"  # the recorder says what became of a trial
    os.environ["TUNE_GLOBAL_CHECKPOINT_S"] = "1000000"  # a study resumes from its journal, not from Tune's state
    os.environ["RAY_IGNORE_UNHANDLED_ERRORS"] = "1"  # of data that are refused Ray would print the traceback too


def _start(options: Options) -> None:
    on_sigterm = signal.getsignal(signal.SIGTERM)
    if options.address is None:
        num_gpus = options.simulate_gpus or options.num_gpus
        ray.init(
            address="local",  # else it would join whatever cluster this machine is a node of
            num_cpus=options.num_cpus,
            num_gpus=torch.cuda.device_count() if num_gpus is None else num_gpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    else:
        _join(options.address)
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray puts a handler of its own there, which ends the driver at once


def _join(address: str) -> None:
    """Connect to a running cluster, and bring this process's packages to its nodes, whatever is installed there."""
    _require_listener(address)
    code = {"py_modules": [str(folder) for folder in package_folders()], "excludes": _NOT_CODE}
    try:
        ray.init(address=address, runtime_env=code, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RayError, RuntimeError) as error:
        reason = str(error.__cause__ or error)
        hint = _TOKEN_HINT if "token" in reason.lower() else "Is it running, and does this machine reach it?"
        raise ResourceError(f"no Ray cluster can be joined at {address}: {hint} ({reason.splitlines()[-1]})") from error


def _require_listener(address: str) -> None:
    """Refuse an address at which nothing answers: Ray would try for ten minutes. Raises ResourceError."""
    host, separator, port = address.removeprefix("ray://").rpartition(":")
    if not separator:  # `auto`, for which Ray looks on this machine
        return
    try:
        socket.create_connection((host, int(port)), _SECONDS_FOR_AN_ANSWER).close()
    except (OSError, ValueError) as error:
        raise ResourceError(f"no Ray cluster can be joined at {address}: {error}") from None


def _nodes() -> list[NodeResources]:
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [NodeResources(cpus=found.get("CPU", 0), gpus=found.get("GPU", 0)) for found in alive]


def _bundle(options: Options) -> dict[str, float]:
    """What the smallest node must have for one trial."""
    asked = {"CPU": options.cpus_per_trial or 1, "GPU": options.gpus_per_trial or 0}
    return {name: amount for name, amount in asked.items() if amount}
