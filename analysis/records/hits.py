"""Which test rows each confirmed replica was right on, read from a worker's report or a record of it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.records.schema import HIT_GROUPS, HIT_REPLICAS, HIT_ROWS, HITS


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """Hits bool [R, N] of each encoder: replica r of `replicas` [R] was right on test row n.

    `groups` [N]: rows of one number belong together; None where every row stands alone. A replica that has diverged
    hits no row.
    """

    by_encoder: Mapping[str, np.ndarray]
    replicas: tuple[int, ...]
    groups: np.ndarray | None


def read_hits(report: Mapping[str, Any]) -> Hits | None:
    """The hits in a report; None where it has none: before the end, in a search, or where the population is known."""
    if HIT_ROWS not in report:
        return None
    num_rows, groups = report[HIT_ROWS], report.get(HIT_GROUPS)
    return Hits(
        by_encoder={
            name.removeprefix(HITS): unpack_hits(text, num_rows)
            for name, text in report.items()
            if name.startswith(HITS)
        },
        replicas=tuple(report[HIT_REPLICAS]),
        groups=None if groups is None else np.array(groups),
    )


def unpack_hits(text: str, num_rows: int) -> np.ndarray:
    """Hits bool [R, num_rows] from their text. Raises ValueError where it is not of so many rows a replica."""
    packed = np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8)
    num_bytes = -(-num_rows // 8)
    if len(packed) % num_bytes:
        raise ValueError(f"expected {num_bytes} bytes a replica for {num_rows} rows, got {len(packed)} bytes in all")
    return np.unpackbits(packed.reshape(-1, num_bytes), axis=1, count=num_rows).astype(bool)
