"""Starting Ray on this machine, or joining a running cluster, with this code on each of its nodes."""

import logging
import socket
from collections.abc import Sequence

import ray
import torch
from ray.autoscaler.sdk import request_resources
from ray.exceptions import RayError

from studies.engine.cluster.gpu_check import gpu_fault
from studies.engine.cluster.resources import NodeResources, ResourceError
from studies.engine.cluster.shipped_code import package_folders, search_path, user_packages
from studies.engine.options import Options
from studies.engine.signals import same_handlers

_NOT_CODE = ["__pycache__", "results"]
_SECONDS_FOR_AN_ANSWER = 10.0
_TOKEN_HINT = (
    "it asks for a token. Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to the file with the cluster's token where "
    "that is not ~/.ray/auth_token."
)


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


def start(options: Options, code: Sequence[str]) -> None:
    """Start Ray as the options say, or join the cluster that they name; `code`: import paths of the user's own.

    Raises ResourceError where there is no cluster at that address, it lets nobody in, or GPUs here cannot be used.
    """
    with same_handlers():  # Ray's own for SIGTERM would end the driver at once
        if options.address is not None:
            _join(options.address, code)
            return
        num_gpus = options.simulate_gpus or (
            torch.cuda.device_count() if options.num_gpus is None else options.num_gpus
        )
        if num_gpus and not options.simulate_gpus and (fault := gpu_fault()):
            raise ResourceError(f"the GPUs of this machine cannot be used: {fault}. --num-gpus 0 trains on the CPU.")
        try:
            ray.init(
                address="local",  # else it would join whatever cluster this machine is a node of
                num_cpus=options.num_cpus,
                num_gpus=num_gpus,
                runtime_env=search_path(code),
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (OSError, RuntimeError, ValueError, RayError) as error:
            raise ResourceError(
                f"Ray cannot be started on this machine: {error}. It keeps its files and sockets in $RAY_TMPDIR, "
                "$TMPDIR or /tmp: a short path that this user may write."
            ) from error
        except Exception as error:
            if type(error) is not Exception:
                raise
            # Ray's own, which has no class, where its processes are not up after half a minute.
            raise ResourceError(
                f"Ray did not come up on this machine: {error} The same command may succeed when less runs beside it."
            ) from error


def _join(address: str, code: Sequence[str]) -> None:
    """Connect to a running cluster, and bring this process's packages to its nodes, whatever is installed there."""
    _require_listener(address)
    modules = [str(folder) for folder in (*package_folders(), *user_packages(code))]
    try:
        ray.init(
            address=address,
            runtime_env={"py_modules": modules, "excludes": _NOT_CODE},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
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


def leave() -> None:
    """Leave the cluster, and end what was started here."""
    ray.shutdown()


def live_nodes() -> list[NodeResources]:
    """What each node that is alive has."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [NodeResources(cpus=found.get("CPU", 0), gpus=found.get("GPU", 0)) for found in alive]


def ask_for_node(options: Options) -> None:
    """Have a cluster that grows add a node on which one trial fits; what is asked for is kept until `ask_for_none`."""
    asked = {"CPU": options.cpus_per_trial or 1, "GPU": options.gpus_per_trial or 0}
    request_resources(bundles=[{name: amount for name, amount in asked.items() if amount}])


def ask_for_none() -> None:
    """Take back what `ask_for_node` has asked for."""
    request_resources(bundles=[])
