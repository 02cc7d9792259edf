"""λ* as a function of a predictor that rises or falls and levels off, fitted to uncertain and censored measurements.

On the scale log(1 + λ*) the law is a + b (1 - exp(-x / c)): three numbers, which is what a dozen studies can bear; a
straight line for large c, a step for small, a constant for b = 0; and it levels off, as it must, for beyond some λ
alignment crowds out the task whatever is shared. Encoders of other data scatter about it normally. λ* below 0 reads 0.

The measurements are integrated over: λ* over its own likelihood, censored at the ends of its grid; the predictor over
its distribution given its estimate among the studies (the structural errors-in-variables likelihood: Carroll et al.
2006, Measurement Error in Nonlinear Models, ch. 8), which undoes the flattening that its errors cause. Priors are flat
over half a grid beyond what a grid can show.

Each resample of the clusters gives a posterior, of which one law is drawn (bagged: Huggins and Miller 2023). The
encoders of one cluster count as one study, and a resample has twice as many clusters as there are, so that the two
sources of spread, resampling and posterior, add up to that of the estimate rather than to twice it.
Reference for the sampler: ter Braak (2006), A Markov chain Monte Carlo version of differential evolution.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.arrays import Array
from analysis.redundancy.measurements import Measurements

# Of parameters [M, 4], for the chains of these numbers [M].
LogPosterior = Callable[[Array, NDArray[np.intp]], Array]

STEPS = 400
_FORECASTS_A_LAW = 20
# Range of the curvature (range of the predictor over c): nearly a straight line to nearly a step.
CURVATURES = (0.1, 10.0)
LEAST_SCATTER = 0.02
# The likelihood is tabulated: means in steps of half the least scatter, and scatter in steps of a sixth of itself.
_MEAN_STEP = LEAST_SCATTER / 2
_SCATTER_RATIO = 1.15
_NODES = np.sqrt(3.0) * np.array([-1.0, 0.0, 1.0])  # Gauss-Hermite of three points, exact for a cubic
_NODE_WEIGHTS = np.array([1.0, 4.0, 1.0]) / 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class SaturatingLaws:
    """B laws, equally likely: log(1 + λ*) at both ends of the predictor's range, curvature between, and scatter."""

    smallest: float
    largest: float
    parameters: Array  # [B, 4]: at the smallest, at the largest, log curvature, scatter

    def along(self, predictor: Array) -> Array:
        """log(1 + λ*) [B, M] of every law at values [M] of the predictor; level beyond the range; may be below 0."""
        return _curve(self.parameters[:, None], self._unit(predictor))

    def forecasts(self, predictor: float, deviation: float) -> Array:
        """Draws of log(1 + λ*) of an encoder of new data, at a predictor that errs by a standard deviation."""
        rng = np.random.default_rng(0)
        law = np.repeat(self.parameters, _FORECASTS_A_LAW, axis=0)
        values = predictor + deviation * rng.standard_normal(len(law))
        return _curve(law, self._unit(values)) + law[:, 3] * rng.standard_normal(len(law))

    def _unit(self, predictor: Array) -> Array:
        return np.clip((predictor - self.smallest) / (self.largest - self.smallest), 0.0, 1.0)

    @property
    def scatter(self) -> Array:
        """Standard deviation [B] of log(1 + λ*) between encoders of different data about the law."""
        return self.parameters[:, 3]


def fit_saturating(data: Measurements, counts: Array, rng: np.random.Generator) -> SaturatingLaws:
    """One law for each row of counts [B, C], which say how much each cluster weighs; B ≥ 8."""
    smallest, largest = float(data.predictor.min()), float(data.predictor.max())
    nodes, node_weights = _likely_predictors(data)
    nodes = np.clip((nodes - smallest) / (largest - smallest), 0.0, 1.0)
    weights = (counts / data.cluster_sizes)[:, data.cluster]
    lower, upper = _bounds(data)
    table = _LikelihoodTable.of(data, float(lower[0]), float(upper[0]), float(upper[3]))

    def log_posterior(parameters: Array, of: NDArray[np.intp]) -> Array:
        inside = ((parameters >= lower) & (parameters <= upper)).all(axis=1)
        safe = np.clip(parameters, lower, upper)
        means = _curve(safe[:, None, None], nodes)
        likelihood = table.at(means, safe[:, 3]) @ node_weights
        return np.where(inside, (weights[of] * np.log(np.maximum(likelihood, 1e-300))).sum(axis=1), -np.inf)

    start = lower + (upper - lower) * rng.random((len(counts), len(lower)))
    return SaturatingLaws(
        smallest=smallest, largest=largest, parameters=_evolved(start, log_posterior, upper - lower, rng)
    )


def _curve(parameters: Array, unit: Array) -> Array:
    """Values of curves [..., 4] at positions 0 … 1, whose shape fits that of the curves."""
    at_smallest, at_largest, curvature = parameters[..., 0], parameters[..., 1], np.exp(parameters[..., 2])
    return at_smallest + (at_largest - at_smallest) * np.expm1(-curvature * unit) / np.expm1(-curvature)


def _bounds(data: Measurements) -> tuple[Array, Array]:
    """Where the priors are flat."""
    top = float(data.last.max())
    low, high = np.log(CURVATURES)
    return np.array([-top / 2, -top / 2, low, LEAST_SCATTER]), np.array([1.5 * top, 1.5 * top, high, top])


def _likely_predictors(data: Measurements) -> tuple[Array, Array]:
    """Values [N, K] of each predictor, weighted [K], that stand for its distribution given its estimate."""
    if not data.deviation.any():
        return data.predictor[:, None], np.ones(1)
    centre, deviation = data.calibrated()
    return centre[:, None] + deviation[:, None] * _NODES, _NODE_WEIGHTS


@dataclass(frozen=True, kw_only=True, eq=False)
class _LikelihoodTable:
    """Likelihood of each measurement by mean and scatter, looked up in place of being computed a million times."""

    smallest: float
    values: Array  # [N, means, scatters]

    @classmethod
    def of(cls, data: Measurements, smallest: float, largest: float, most_scatter: float) -> "_LikelihoodTable":
        means = np.arange(smallest, largest + 2 * _MEAN_STEP, _MEAN_STEP)
        num_ratios = int(np.ceil(np.log(most_scatter / LEAST_SCATTER) / np.log(_SCATTER_RATIO)))
        scatters = LEAST_SCATTER * np.power(_SCATTER_RATIO, np.arange(num_ratios + 1, dtype=float))
        return cls(smallest=smallest, values=_likelihood(data, means[:, None], scatters))

    def at(self, means: Array, scatter: Array) -> Array:
        """Likelihood [B, N, K] for means [B, N, K] and scatters [B]: between means, at the nearest scatter."""
        encoder = np.arange(len(self.values))[:, None]
        column = np.rint(np.log(scatter / LEAST_SCATTER) / np.log(_SCATTER_RATIO)).astype(int)[:, None, None]
        place = (means - self.smallest) / _MEAN_STEP
        row = place.astype(int)
        share = place - row
        return (1 - share) * self.values[encoder, row, column] + share * self.values[encoder, row + 1, column]


def _likelihood(data: Measurements, means: Array, scatter: Array) -> Array:
    """Likelihood [N, M, S] of each measured optimum where true ones scatter [S] about means [M, 1].

    The measurement is a normal curve in two halves, which meet at the optimum; beyond the ends of the grid it stays
    as it was there.
    """
    optimum, below, above, first, last = (
        values[:, None, None] for values in (data.optimum, data.below, data.above, data.first, data.last)
    )
    total = np.exp(-0.5 * np.square((optimum - first) / below)) * ndtr((first - means) / scatter)
    total += np.exp(-0.5 * np.square((last - optimum) / above)) * ndtr((means - last) / scatter)
    for deviation, start, end in ((below, first, optimum), (above, optimum, last)):
        total += _half(optimum, deviation, start, end, means, scatter)
    return total


def _half(centre: Array, deviation: Array, start: Array, end: Array, means: Array, scatter: Array) -> Array:
    """Integral from start to end of exp(-(y - centre)² / 2 deviation²) times the normal density about `means`."""
    precision = 1 / scatter**2 + 1 / deviation**2
    middle = (means / scatter**2 + centre / deviation**2) / precision
    root = np.sqrt(precision)
    height = np.exp(-0.5 * np.square(centre - means) / (scatter**2 + deviation**2)) / (scatter * root)
    return height * (ndtr((end - middle) * root) - ndtr((start - middle) * root))


def _evolved(start: Array, log_posterior: LogPosterior, widths: Array, rng: np.random.Generator) -> Array:
    """The chains after `STEPS` rounds: halves take turns, each stepping by differences between members of the other."""
    chains, halves = start.copy(), np.array_split(np.arange(len(start)), 2)
    heights = log_posterior(chains, np.arange(len(chains)))
    usual = 2.38 / np.sqrt(2 * chains.shape[1])
    for step in range(STEPS):
        scale = 1.0 if step % 10 == 9 else usual  # now and then a whole difference, from one mode to another
        for moving, others in (halves, halves[::-1]):
            one, other = rng.choice(others, size=(2, len(moving)))
            jitter = 1e-4 * widths * rng.standard_normal((len(moving), len(widths)))
            proposed = chains[moving] + scale * (chains[one] - chains[other]) + jitter
            height = log_posterior(proposed, moving)
            taken = np.log(rng.random(len(moving))) < height - heights[moving]
            chains[moving[taken]], heights[moving[taken]] = proposed[taken], height[taken]
    return chains
