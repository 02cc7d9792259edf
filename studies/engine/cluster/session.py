"""The Ray session of a command's studies: one started here or a running cluster, begun when it is first asked for."""

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from rich.console import Console

from analysis.environment import environment, same_environment
from analysis.home import usable_home
from studies.engine.cluster.resources import ResourceError, Resources, divided
from studies.engine.description import user_sources
from studies.engine.options import Options
from studies.engine.printing import under_way
from studies.engine.study import Study

_SECONDS_BETWEEN_LOOKS = 5.0
_RAYS_OWN = ("RAY_", "PYTHONBREAKPOINT")  # variables that it sets for itself and leaves there
_RAY_SETTINGS = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a trial without GPUs changes nothing
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of data that are refused Ray would print the traceback too
}


class Cluster:
    """A Ray session for all studies of a command: one started here, or the running cluster at `--address`.

    `code`: import paths of the user's own code, which is brought to every worker. It starts when it is first asked for,
    as a study that is recorded already needs none. A session that somebody else has begun is used and left as it is.
    """

    def __init__(self, options: Options, code: Iterable[str] = ()) -> None:
        self._options = options
        self._code = sorted(set(code))
        self._resources: Resources | None = None
        self._held = ExitStack()
        self._is_member = _is_connected()  # of a cluster that somebody else has connected to and will leave

    def __enter__(self) -> "Cluster":
        self._held.enter_context(usable_home())
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()

    @property
    def is_local(self) -> bool:
        """Whether all of it is on this machine, started by this process."""
        return self._options.address is None

    @property
    def is_client(self) -> bool:
        """Whether it is reached through a Ray client."""
        return self._options.is_client

    @property
    def grows(self) -> bool:
        """Whether it adds nodes for trials that wait."""
        return self._options.wait_minutes > 0

    def load(self, console: Console) -> None:
        """Import Ray and PyTorch, which takes seconds, and say so."""
        if "studies.engine.cluster.joining" not in sys.modules:
            with under_way(console, "loading Ray and PyTorch"):
                import studies.engine.cluster.joining  # noqa: F401

    def connect(self, console: Console) -> Resources:
        """Start or join Ray, once, and say what it has.

        Raises ResourceError where not even one trial fits, after `--wait-minutes` on a cluster that may grow.
        """
        if self._resources is None:
            if not self._is_member:
                with under_way(console, "starting Ray on this machine" if self.is_local else "joining Ray's cluster"):
                    self._begin()
            self._resources = self._await_room(console)
        return self._resources

    def _begin(self) -> None:
        from studies.engine.cluster import joining  # late: brings Ray and PyTorch, which take seconds to import

        self._held.enter_context(same_environment(*_RAYS_OWN))
        self._held.enter_context(environment(_RAY_SETTINGS))
        joining.start(self._options, self._code)
        self._held.callback(joining.leave)

    def _await_room(self, console: Console) -> Resources:
        from studies.engine.cluster import joining

        deadline = time.monotonic() + 60 * self._options.wait_minutes
        has_asked = False
        try:
            while True:
                try:
                    return divided(joining.live_nodes(), self._options)
                except ResourceError as error:
                    if time.monotonic() >= deadline:
                        raise
                    if not has_asked:
                        console.print(f"{error}; waiting for a node")
                        joining.ask_for_node(self._options)
                        has_asked = True
                    time.sleep(_SECONDS_BETWEEN_LOOKS)
        finally:
            if has_asked:
                joining.ask_for_none()


def cluster_for(studies: Sequence[Study], options: Options) -> Cluster:
    """A Ray session for the studies, whose workers have the user's code of all of them; not yet started."""
    return Cluster(options, user_sources(studies))


def _is_connected() -> bool:
    """Whether somebody in this process has connected to Ray: nobody has who has not imported it."""
    ray = sys.modules.get("ray")
    return ray is not None and ray.is_initialized()
