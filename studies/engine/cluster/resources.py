"""What a machine or cluster has, what a trial takes of it, and how many trials that lets run at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.config import Refused

if TYPE_CHECKING:
    from studies.engine.options import Options

_ROUNDING = 1e-6  # of shares such as 1/3, whose sum may miss 1


class ResourceError(Refused):
    """More was asked for than the machine or cluster has; the message gives both numbers."""


@dataclass(frozen=True, kw_only=True)
class NodeResources:
    """CPU cores and GPUs that Ray may give away on one node."""

    cpus: float
    gpus: float


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What each node has, what one trial takes, and `slots`: how many trials that lets run at once."""

    nodes: Sequence[NodeResources]
    cpus_per_trial: float
    gpus_per_trial: float

    @property
    def slots(self) -> int:
        """Trials that can run side by side; a trial is on one node, and a share of a GPU on one card."""
        return sum(self._slots_of(node) for node in self.nodes)

    def _slots_of(self, node: NodeResources) -> int:
        by_cpu = node.cpus / self.cpus_per_trial if self.cpus_per_trial else float("inf")
        by_gpu = _trials_on_gpus(node.gpus, self.gpus_per_trial) if self.gpus_per_trial else float("inf")
        return int(min(by_cpu, by_gpu) + _ROUNDING)

    def __str__(self) -> str:
        cpus, gpus = (sum(getattr(node, name) for node in self.nodes) for name in ("cpus", "gpus"))
        where = "" if len(self.nodes) == 1 else f" on {len(self.nodes)} nodes"
        text = f"{cpus:g} CPUs, {gpus:g} GPUs{where}; a trial takes {self.cpus_per_trial:g} CPU"
        return f"{text} and {self.gpus_per_trial:g} GPU: {self.slots} at once"


def divided(nodes: Sequence[NodeResources], options: "Options") -> Resources:
    """What a trial takes where the options leave it open: one GPU where there are any, and one core.

    Where GPUs hold more trials than their node has cores, the cores are divided among those trials.
    Raises ResourceError where not even one trial fits.
    """
    gpus_per_trial = options.gpus_per_trial
    if gpus_per_trial is None:
        gpus_per_trial = 1.0 if any(node.gpus for node in nodes) else 0.0
    cpus_per_trial = options.cpus_per_trial
    if cpus_per_trial is None:
        shares = [_cores_of_a_trial(node, gpus_per_trial) for node in nodes]
        cpus_per_trial = min((share for share in shares if share), default=1.0)
    if not (cpus_per_trial or gpus_per_trial):
        raise ResourceError(
            "--cpus-per-trial 0: without a share of a GPU a trial must take cores, or nothing would bound how many run "
            "at once"
        )
    resources = Resources(nodes=nodes, cpus_per_trial=cpus_per_trial, gpus_per_trial=gpus_per_trial)
    if resources.slots < 1:
        raise ResourceError(f"no trial fits: {resources}")
    return resources


def _cores_of_a_trial(node: NodeResources, gpus_per_trial: float) -> float:
    """Cores that each of the trials on the node's GPUs can have, at most one; 0 where it has no GPU for any."""
    if not gpus_per_trial:
        return 1.0
    trials = _trials_on_gpus(node.gpus, gpus_per_trial)
    return min(1.0, node.cpus / trials) if trials else 0.0


def _trials_on_gpus(gpus: float, gpus_per_trial: float) -> int:
    if gpus_per_trial >= 1:
        return int(gpus / gpus_per_trial)
    return int(gpus) * int(1 / gpus_per_trial + _ROUNDING)
