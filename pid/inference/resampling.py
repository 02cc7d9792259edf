"""Estimates of permuted labels and of resampled rows, on as many cores as asked, with the same result on any number.

All draws use the codes or features of the sample, which were made without labels. Where a draw's table is near that of
the sample, the solver also starts from the sample's path (see `pid.exact.path`). This is so for resamples of many
rows, not for permuted labels.
"""

from collections.abc import Callable
from dataclasses import replace

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from pid.inference.correction import as_vector
from pid.inference.sample import Sample, rows_in_place_of, rows_of_groups
from pid.methods import Decomposition, Method

# Each worker imports for about three seconds first: work that takes less than this is as fast on one core.
_WORTH_SHARING_SECONDS = 10.0


Draw = Callable[[Sample, np.random.Generator], Sample]


def permuted_labels(sample: Sample, generator: np.random.Generator) -> Sample:
    """The same rows, where each group has the labels of another one, so that labels do not depend on the features.

    Labels of a group that is smaller are repeated, those of a larger one cut. Where all groups are of one size, each
    class keeps its number of rows.
    """
    others = generator.permutation(len(sample.starts) - 1)
    return replace(sample, y=sample.y[rows_in_place_of(sample.starts, others)])


def resampled(sample: Sample, generator: np.random.Generator) -> Sample:
    """As many groups as the sample has, drawn from it with replacement (the bootstrap)."""
    num_groups = len(sample.starts) - 1
    return _taken(sample, generator.integers(num_groups, size=num_groups))


def halved(sample: Sample, generator: np.random.Generator) -> Sample:
    """Half of the groups, drawn without replacement: no row twice, for estimators that hold rows out.

    Where the estimate of n rows differs from the truth with variance σ²/n, that of m of them differs from it with
    variance σ²(1/m - 1/n). For m = n/2 both are equal.
    """
    num_groups = len(sample.starts) - 1
    return _taken(sample, generator.permutation(num_groups)[: (num_groups + 1) // 2])


def estimates_of_draws(
    method: Method,
    sample: Sample,
    raw: Decomposition,
    draw: Draw,
    *,
    num_draws: int,
    seed: int,
    num_workers: int,
) -> np.ndarray:
    """Raw atoms [num_draws, 4] of `num_draws` draws from the sample, `raw` being its own decomposition.

    Draw i depends on `seed`, the kind of draw and i alone, and every estimate is computed by one thread.
    """
    run = joblib.delayed(_estimate_of_draw)
    with joblib.parallel_config("loky", n_jobs=num_workers, inner_max_num_threads=1), threadpool_limits(1):
        rows = joblib.Parallel()(run(method, sample, raw, draw, seed, index) for index in range(num_draws))
    return np.array(rows)


def useful_workers(num_workers: int | None, seconds: float) -> int:
    """`num_workers`; or, where None, all available cores, but one where the work takes few `seconds` on one core."""
    if num_workers is not None:
        return num_workers
    return joblib.cpu_count() if seconds > _WORTH_SHARING_SECONDS else 1


def _estimate_of_draw(
    method: Method, sample: Sample, raw: Decomposition, draw: Draw, seed: int, index: int
) -> np.ndarray:
    name = int.from_bytes(draw.__name__.encode(), "little")
    drawn = draw(sample, np.random.default_rng([seed, name, index]))
    return as_vector(method.decompose(drawn.x1, drawn.x2, drawn.y, seed, near=raw).atoms)


def _taken(sample: Sample, chosen: np.ndarray) -> Sample:
    rows = rows_of_groups(sample.starts, chosen)
    sizes = np.diff(sample.starts)[chosen]
    starts = np.concatenate(([0], sizes.cumsum()))
    return Sample(x1=sample.x1[rows], x2=sample.x2[rows], y=sample.y[rows], starts=starts)
