"""Estimates that are judged by draws: atoms of permuted labels are their null, and those of resamples their spread."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from pid.atoms import Atoms
from pid.estimates import Estimate, Interval, Null
from pid.inference import (
    ATOM_NAMES,
    LEVEL,
    Correction,
    Sample,
    as_atoms,
    as_vector,
    chance_adjusted,
    dominant_atom,
    estimates_of_draws,
    halved,
    independence_p_value,
    null_corrected,
    p_values,
    permuted_labels,
    resampled,
    tie_corrected,
    useful_workers,
)
from pid.methods import METHODS

_INTERVAL_QUANTILES = (0.025, 0.975)
_NULL_QUANTILES = (0.05, 0.5, 0.95)


def drawn_estimate(
    method: str, sample: Sample, *, num_permutations: int, num_resamples: int, seed: int, num_workers: int | None
) -> Estimate:
    """Atoms of a sample of codes or features by one of `METHODS`, with null, interval and verdict.

    The interval is over both corrections of `pid.inference.correction` and one for ties of the modalities. It is wide
    where they are far apart, because nothing tells which of them is right. A bootstrap resample has some rows twice.
    Methods that hold rows out would find them again in training, so they get half of the rows instead. Arguments are
    those of `pid.estimate`.
    """
    chosen = METHODS[method]
    if chosen.check_resamples:
        chosen.check_resamples(sample.x1, sample.x2, sample.y)
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
    """From the lowest to the highest end by any correction; the upper end at least 0 where no atom can be below it."""
    ends = np.array([np.quantile(part.draws, _INTERVAL_QUANTILES, axis=0) for part in corrections])
    lower, upper = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
    if nonnegative:
        upper = np.maximum(upper, 0.0)
    return {name: Interval(*both) for name, *both in zip(ATOM_NAMES, lower.tolist(), upper.tolist(), strict=True)}


def _quantiles(null: np.ndarray) -> dict[str, tuple[float, float, float]]:
    rows = np.quantile(null, _NULL_QUANTILES, axis=0).T.tolist()
    return {name: (low, middle, high) for name, (low, middle, high) in zip(ATOM_NAMES, rows, strict=True)}
