"""Which test rows each confirmed replica was right on, all rounds of a variant together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.records.hits import read_hits
from analysis.records.run_contents import RecordedRun
from analysis.records.schema import LAMBDA, VARIANT, encoder_names


@dataclass(frozen=True, kw_only=True, eq=False)
class RowHits:
    """Hits bool [L, S, N] by variant and encoder, over all λ of the scores and the encoder's seeds, both increasing.

    False where a seed was not run at a λ. `groups`: by variant, [N], for test rows that belong together. Variants whose
    rows are not kept, as where the population is known, are in neither.
    """

    hits: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)


def confirmed_hits(runs: Iterable[RecordedRun], scores: pd.DataFrame, modalities: Sequence[str]) -> RowHits:
    """The hits that the runs of finished confirmations hold; `scores`: the table made of the same runs."""
    modality_of = {name: modality for modality, name in encoder_names(modalities).items()}
    grid = np.unique(scores["lambda"].to_numpy(dtype=float))
    seeds = {key: np.unique(rows["seed"]) for key, rows in scores.groupby(["variant", "encoder"])}
    hits: dict[tuple[str, str], np.ndarray] = {}
    groups: dict[str, np.ndarray] = {}
    for run in runs:
        found = read_hits(run.hits or {})
        if found is None:
            continue
        variant, place = run.tags[VARIANT], np.searchsorted(grid, float(run.parameters[LAMBDA]))
        if found.groups is not None:
            groups[variant] = found.groups
        for encoder, of_replicas in found.by_encoder.items():
            key = variant, modality_of[encoder]
            if key not in hits:
                hits[key] = np.zeros((len(grid), len(seeds[key]), of_replicas.shape[1]), dtype=bool)
            hits[key][place, np.searchsorted(seeds[key], found.replicas)] = of_replicas
    return RowHits(hits=hits, groups=groups)
