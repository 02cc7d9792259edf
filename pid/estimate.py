"""The front door: from features and labels to atoms that may be reported, with their null, interval and verdict."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from pid.atoms import Atoms
from pid.correction import (
    ATOM_NAMES,
    Correction,
    as_atoms,
    as_vector,
    chance_adjusted,
    null_corrected,
    tie_corrected,
)
from pid.methods import METHODS, Method
from pid.resampling import estimates_of_draws, halved, permuted_labels, resampled, useful_workers
from pid.sample import Sample, as_codes, as_vectors, sample_of
from pid.sequences import Missing
from pid.verdict import LEVEL, dominant_atom, independence_p_value, p_values

_INTERVAL_QUANTILES = (0.025, 0.975)
_NULL_QUANTILES = (0.05, 0.5, 0.95)
# With fewer permutations no p-value is below 0.05, and with fewer resamples an interval is only its extremes.
_LEAST_DRAWS = 19


class Interval(NamedTuple):
    """Ends of a 95 % interval in bits."""

    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Null:
    """Raw atoms of permuted labels: their mean, and by atom their 5 %, 50 % and 95 % quantiles, in bits."""

    mean: Atoms
    quantiles: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Atoms in bits and all that is needed to judge them; mappings are by name of the atom.

    `atoms`: raw. `corrected`: the null's mean subtracted. `adjusted`: and what is left of H(Y) above the null stretched
    to all of it. `interval`: 95 %, over both and the bias at a tie of the modalities, see `pid.correction`; where these
    are far apart it is wide, because then nobody knows. `p_value`: of the atom being above its null;
    `p_independent`: of labels that are independent of both modalities, the test that the verdict rests on.
    `dominant`: the largest atom if it is certain enough. `definition`: never compare atoms of different ones.
    `gap_bits`: of the raw atoms, None where the method has no certificate. `num_codes`: bins of x1 and x2, None where
    the method takes features as they are.
    """

    method: str
    definition: str
    atoms: Atoms
    corrected: Atoms
    adjusted: Atoms
    interval: Mapping[str, Interval]
    null: Null
    p_value: Mapping[str, float]
    p_independent: float
    dominant: str | None
    gap_bits: float | None
    num_samples: int
    num_codes: tuple[int, int] | None
    num_classes: int
    num_permutations: int
    num_resamples: int

    @property
    def verdict(self) -> str:
        """What may be said, in plain words. Independent labels are called informative in at most 5 % of samples."""
        chance = f"p = {self.p_independent:.2g}"
        if self.p_independent > LEVEL:
            return f"not distinguishable from independent labels ({chance}, n = {self.num_samples})"
        ranges = "; ".join(
            f"{name} {interval.lower:.3f} to {interval.upper:.3f}" for name, interval in self.interval.items()
        )
        largest = f"mostly {self.dominant}" if self.dominant else "informative, but no atom is surely the largest"
        return f"{largest} ({chance}, n = {self.num_samples}, {self.definition}; 95 % intervals in bits: {ranges})"


def estimate(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    method: str = "broja",
    lengths_1: np.ndarray | None = None,
    lengths_2: np.ndarray | None = None,
    num_clusters: int = 20,
    missing: Missing = "refuse",
    groups: np.ndarray | None = None,
    num_permutations: int = 100,
    num_resamples: int = 100,
    seed: int = 0,
    num_workers: int | None = None,
) -> Estimate:
    """Atoms of two modalities and a label, with bias correction, intervals and a verdict.

    `x1`, `x2` [n, d] or sequences [n, t, d], of which the first `lengths_k` [n] steps are real; `y` [n] integers.
    `method`: "broja" on the table of codes, or "batch", "gaussian", "pointwise" on the features (mean of the steps).
    For "broja" features become `num_clusters` k-means clusters, numbers [n] as many quantile bins, and integers [n] are
    codes already. Clusters do not see labels, so that permutations and resamples keep them. `groups` [n]: rows of one
    group (clips of one speaker) are permuted and resampled together.
    Bootstrap resamples have rows twice, which "batch" and "pointwise" would learn by heart: they get halves of the
    rows. `num_workers`: processes, by default all available cores where it pays; it never changes the result.
    Raises ValueError for input that does not fit, under 10 samples, or fewer than 19 permutations or resamples.
    """
    chosen = _checked_method(method, num_permutations, num_resamples, num_workers)
    modalities = ((x1, lengths_1), (x2, lengths_2))
    if chosen.discrete:
        x1, x2 = [as_codes(x, lengths=t, num_clusters=num_clusters, missing=missing, seed=seed) for x, t in modalities]
    else:
        x1, x2 = [as_vectors(x, lengths=t, missing=missing) for x, t in modalities]
    if chosen.reduce:
        x1, x2 = chosen.reduce(x1), chosen.reduce(x2)
    sample = sample_of(x1, x2, y, groups)
    start = time.perf_counter()
    with threadpool_limits(1):
        raw = chosen.decompose(sample.x1, sample.x2, sample.y, seed)
    seconds = (time.perf_counter() - start) * (num_permutations + num_resamples)
    num_workers = useful_workers(num_workers, seconds)
    null, resamples = (
        estimates_of_draws(chosen, sample, raw, draw, num_draws=num_draws, seed=seed, num_workers=num_workers)
        for draw, num_draws in (
            (permuted_labels, num_permutations),
            (halved if chosen.cross_fitted else resampled, num_resamples),
        )
    )
    return _summary(method, sample, raw.atoms, raw.gap_bits, null, resamples)


def _summary(
    method: str, sample: Sample, atoms: Atoms, gap_bits: float | None, null: np.ndarray, resamples: np.ndarray
) -> Estimate:
    raw, chosen = as_vector(atoms), METHODS[method]
    shares = np.bincount(sample.y) / len(sample.y)
    entropy = float(-(shares * np.log2(shares)).sum())
    plain, adjusted = null_corrected(raw, null, resamples), chance_adjusted(raw, null, resamples, entropy)
    corrections = [plain, adjusted, tie_corrected(raw, null, resamples)]
    p_independent = independence_p_value(raw, null)
    return Estimate(
        method=method,
        definition=chosen.definition,
        atoms=atoms,
        corrected=as_atoms(plain.estimate),
        adjusted=as_atoms(adjusted.estimate),
        interval=_intervals(corrections, chosen.nonnegative),
        null=Null(mean=as_atoms(null.mean(axis=0)), quantiles=_quantiles(null)),
        p_value=p_values(raw, null),
        p_independent=p_independent,
        dominant=dominant_atom(corrections) if p_independent <= LEVEL else None,
        gap_bits=gap_bits,
        num_samples=len(sample.y),
        num_codes=(int(sample.x1.max()) + 1, int(sample.x2.max()) + 1) if chosen.discrete else None,
        num_classes=len(shares),
        num_permutations=len(null),
        num_resamples=len(resamples),
    )


def _intervals(corrections: list[Correction], nonnegative: bool) -> dict[str, Interval]:
    """From the lowest to the highest end by any correction; up to 0 at least where no atom can be below it."""
    ends = np.array([np.quantile(part.draws, _INTERVAL_QUANTILES, axis=0) for part in corrections])
    lower, upper = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
    if nonnegative:
        upper = np.maximum(upper, 0.0)
    return {name: Interval(*both) for name, *both in zip(ATOM_NAMES, lower.tolist(), upper.tolist(), strict=True)}


def _quantiles(null: np.ndarray) -> dict[str, tuple[float, float, float]]:
    rows = np.quantile(null, _NULL_QUANTILES, axis=0).T.tolist()
    return {name: (low, middle, high) for name, (low, middle, high) in zip(ATOM_NAMES, rows, strict=True)}


def _checked_method(method: str, num_permutations: int, num_resamples: int, num_workers: int | None) -> Method:
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    for name, count in (("num_permutations", num_permutations), ("num_resamples", num_resamples)):
        if count < _LEAST_DRAWS:
            raise ValueError(f"{name} must be at least {_LEAST_DRAWS}, got {count}")
    if num_workers is not None and num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, got {num_workers}")
    return METHODS[method]
