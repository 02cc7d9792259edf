"""What the test split says of a trial's replicas, and how a worker reports it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.packed_hits import pack_hits


@dataclass(frozen=True, kw_only=True, eq=False)
class Tested:
    """Results of the replicas of these numbers on the test split, by metric.

    `scores` [R] are of each of the `replicas`, `alignment` [M] of each of the `measured` ones. NaN for a replica that
    has diverged from the start. `hits`: bool [R, N] by encoder, which of the N rows were right, none where a replica
    has diverged; without an encoder where the population is known. `groups` int [N]: rows of one number depend on
    one another; None where none do.
    """

    replicas: Sequence[int]
    scores: Mapping[str, np.ndarray]
    measured: Sequence[int]
    alignment: Mapping[str, np.ndarray]
    hits: Mapping[str, np.ndarray]
    groups: np.ndarray | None

    def report(self) -> dict[str, Any]:
        """Each metric's mean under its name, each replica's value under the name and `/seed_<number>`, and the hits.

        Hits are packed: `hits/<encoder>` with `hit_rows`, `hit_replicas` and, where rows have groups, `hit_groups`.
        """
        found: dict[str, Any] = {}
        for name, replicas, values in self._metrics():
            found[name] = float(np.mean(values))
            for replica, value in zip(replicas, values, strict=True):
                found[f"{name}/seed_{replica}"] = float(value)
        return found | self._hits()

    def _hits(self) -> dict[str, Any]:
        if not self.hits:
            return {}
        found: dict[str, Any] = {f"hits/{name}": pack_hits(hits) for name, hits in self.hits.items()}
        found |= {"hit_rows": next(iter(self.hits.values())).shape[1], "hit_replicas": list(self.replicas)}
        return found if self.groups is None else found | {"hit_groups": self.groups.tolist()}

    def _metrics(self) -> Iterator[tuple[str, Sequence[int], np.ndarray]]:
        for name, values in self.scores.items():
            yield f"test/{name}", self.replicas, values
        for name, values in self.alignment.items():
            yield name, self.measured, values
