"""Objects that Ray Tune would pickle into its state files, which a study never reads."""

from typing import Any


class Unsaved:
    """Mix-in that is pickled as nothing: what it holds (queues, locks, threads) lives in the driver alone."""

    def __getstate__(self) -> dict[str, Any]:
        return {}
