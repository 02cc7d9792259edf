"""The front door: from features and labels to atoms that may be reported, with their null, interval and verdict."""

import numpy as np

from pid.clustered import as_codes
from pid.drawn_estimates import drawn_estimate
from pid.estimates import Estimate
from pid.inference import sample_of
from pid.methods import METHODS, POSTERIOR
from pid.posterior import posterior_estimate
from pid.sequence_description import as_columns
from pid.sequences import Missing, as_vectors

# With fewer permutations no p-value reaches 0.05, and with fewer resamples an interval is only their extremes.
_LEAST_DRAWS = 19


def estimate(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    method: str = POSTERIOR,
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
    `method`: "posterior", by what classifiers make of the features (`pid.posterior`); "broja" on the table of codes; or
    "batch", "gaussian", "pointwise" on the features. A sequence is described by statistics of its steps for
    "posterior", and by their mean for the others. For "broja" features become `num_clusters` k-means clusters, numbers
    [n] as many quantile bins, and integers [n] are codes already; "posterior" sees each code as a column.
    `groups` [n]: rows of one group (clips of one speaker) are held out, permuted and resampled together.
    `num_resamples` and `num_workers` are for the methods that draw resamples, which "posterior" does not.
    `num_workers`: processes, by default all available cores where that saves time; it never changes the result.
    Raises ValueError for input that does not fit, under 10 samples, or fewer than 19 permutations or resamples.
    """
    _check_options(method, num_permutations, num_resamples, num_workers)
    modalities = ((x1, lengths_1), (x2, lengths_2))
    if method == POSTERIOR:
        x1, x2 = [as_columns(x, lengths=t, missing=missing) for x, t in modalities]
        sample = sample_of(x1, x2, y, groups)
        return posterior_estimate(sample, num_permutations=num_permutations, seed=seed)
    chosen = METHODS[method]
    if chosen.discrete:
        x1, x2 = [as_codes(x, lengths=t, num_clusters=num_clusters, missing=missing, seed=seed) for x, t in modalities]
    else:
        x1, x2 = [as_vectors(x, lengths=t, missing=missing) for x, t in modalities]
    if chosen.reduce:
        x1, x2 = chosen.reduce(x1), chosen.reduce(x2)
    return drawn_estimate(
        method,
        sample_of(x1, x2, y, groups),
        num_permutations=num_permutations,
        num_resamples=num_resamples,
        seed=seed,
        num_workers=num_workers,
    )


def _check_options(method: str, num_permutations: int, num_resamples: int, num_workers: int | None) -> None:
    names = (POSTERIOR, *METHODS)
    if method not in names:
        raise ValueError(f"method must be one of {', '.join(names)}, got {method!r}")
    for name, count in (("num_permutations", num_permutations), ("num_resamples", num_resamples)):
        if count < _LEAST_DRAWS:
            raise ValueError(f"{name} must be at least {_LEAST_DRAWS}, got {count}")
    if num_workers is not None and num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, got {num_workers}")
