"""How scores scatter from seed to seed over a grid of λ, learnt from very few seeds.

Each seed brings its own level (an easy draw of the data, a lucky initialisation), which pairing removes. What
is left may grow with λ and may be alike at neighbouring λ. With S seeds the sample covariance of L values of λ
has rank S - 1, so it is shrunk: an inverse-Wishart prior is centred on a structured target, and both the
target (growing, constant or falling with λ; independent, or alike at neighbouring λ) and the amount of
shrinkage are weighted by the marginal likelihood of the data themselves. Few seeds cannot show it all: where
each seed answers to λ at a rate of its own and hardly anything else scatters, the estimate is too small.

Reference: Smyth (2004), Linear models and empirical Bayes methods, Stat. Appl. Genet. Mol. Biol. 3(1), for
variances; here for a whole covariance.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import gammaln

from analysis.arrays import Array

# Weight of the prior, in seeds; the largest is as good as full pooling for the seeds a study can pay for.
PRIOR_SEEDS = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])
# Reach of the correlation over λ, in lengths of the (unit) axis; 0 is independence.
CORRELATION_LENGTHS = (0.0, 0.5)
# Standard deviation at the last λ, in terms of that at the first; at little redundancy the synthetic study's was 15.
GROWTHS = (0.25, 1.0, 4.0, 16.0)


def helmert(size: int) -> Array:
    """Orthonormal contrasts [size - 1, size]: rows sum to zero, so a level common to all drops out."""
    rows = np.tril(np.ones((size - 1, size)))
    order = np.arange(1, size)
    rows[order - 1, order] = -order
    return rows / np.sqrt(order * (order + 1))[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeedNoise:
    """Covariance over λ of one seed's score, up to the seed's own level, as an estimate with its uncertainty.

    Leading axes `...` are independent data sets; P = L - 1 contrasts, T targets, K prior weights.
    """

    targets: Array  # [T, P, P], trace P
    scales: Array  # [..., T], variance that multiplies each target
    weights: Array  # [..., T, K], posterior probability of each pair of target and prior weight
    deviations: Array  # [..., P, S], contrasts of each seed less their mean

    @property
    def num_seeds(self) -> int:
        """Number of seeds, S."""
        return self.deviations.shape[-1]

    def covariance(self) -> Array:
        """Posterior mean [..., P, P] in Helmert contrasts, score units squared."""
        of_target, of_sample = self._shares()
        sample = self.deviations @ np.swapaxes(self.deviations, -1, -2)
        return np.tensordot(of_target, self.targets, axes=1) + of_sample[..., None, None] * sample

    def difference_variance(self) -> Array:
        """Variance [..., L, L] of the difference between two λ within one seed; 0 on the diagonal."""
        contrasts = helmert(self.targets.shape[-1] + 1)
        over_grid = contrasts.T @ self.covariance() @ contrasts
        diagonal = np.diagonal(over_grid, axis1=-2, axis2=-1)
        return np.maximum(diagonal[..., :, None] + diagonal[..., None, :] - 2 * over_grid, 0.0)

    def draw_roots(self, rng: np.random.Generator, count: int) -> Array:
        """Draws A [count, P, P] such that A A' is a covariance from the posterior. No leading axes."""
        size, degrees = self.targets.shape[-1], self.num_seeds - 1
        pair = rng.choice(self.weights.size, size=count, p=self.weights.ravel())
        target, prior = np.divmod(pair, len(PRIOR_SEEDS))
        prior_seeds = PRIOR_SEEDS[prior]
        # The targets' scale was itself estimated, from size · degrees squared deviations.
        scale = self.scales[target] * size * degrees / rng.chisquare(size * degrees, size=count)
        centre = (prior_seeds * scale)[:, None, None] * self.targets[target]
        centre = centre + self.deviations @ self.deviations.T
        freedom = prior_seeds + size + 1 + degrees
        return np.linalg.cholesky(centre) @ np.swapaxes(np.linalg.inv(_bartlett(rng, freedom, size)), -1, -2)

    def _shares(self) -> tuple[Array, Array]:
        """What multiplies each target [..., T] and the sample's scatter [...] in the posterior mean."""
        seeds = PRIOR_SEEDS + self.num_seeds - 1
        of_target = (self.weights * (PRIOR_SEEDS / seeds)).sum(-1) * self.scales
        return of_target, (self.weights / seeds).sum((-1, -2))


def fit_noise(scores: Array, positions: Array, floor: float) -> SeedNoise:
    """Fit the scatter of scores [..., L, S], S ≥ 2, over seeds; positions [L] lie on the unit axis.

    The floor, a variance above 0, stands in for a scatter of exactly zero, to which no ratio exists.
    """
    num_lambdas, num_seeds = scores.shape[-2:]
    if num_seeds < 2:
        raise ValueError(f"the scatter over seeds needs at least 2 seeds, got {num_seeds}")
    contrasts = helmert(num_lambdas)
    projected = contrasts @ scores
    deviations = projected - projected.mean(-1, keepdims=True)
    targets = np.stack([_target(contrasts, positions, *shape) for shape in product(CORRELATION_LENGTHS, GROWTHS)])
    fits = [_target_evidence(deviations, target, floor) for target in targets]
    scales = np.stack([scale for scale, _ in fits], axis=-1)
    evidence = np.stack([log_evidence for _, log_evidence in fits], axis=-2)
    weights = np.exp(evidence - evidence.max((-1, -2), keepdims=True))
    weights /= weights.sum((-1, -2), keepdims=True)
    return SeedNoise(targets=targets, scales=scales, weights=weights, deviations=deviations)


def _target(contrasts: Array, positions: Array, length: float, growth: float) -> Array:
    """Covariance of the contrasts, of trace P: scores independent, or less alike with distance."""
    distance = np.abs(positions[:, None] - positions)
    correlation = np.eye(len(positions)) if length == 0 else np.exp(-distance / length)
    deviation = growth**positions
    over_grid = deviation[:, None] * correlation * deviation
    target = contrasts @ over_grid @ contrasts.T
    return target * len(target) / np.trace(target)


def _target_evidence(deviations: Array, target: Array, floor: float) -> tuple[Array, Array]:
    """Scale [...] and log marginal likelihood [..., K] of the deviations' scatter under one target."""
    size, degrees = deviations.shape[-2], deviations.shape[-1] - 1
    whitened = np.linalg.solve(np.linalg.cholesky(target), deviations)
    transposed = np.swapaxes(whitened, -1, -2)
    # Both products have the same eigenvalues but for zeros, which add nothing below; the smaller one takes less time.
    gram = whitened @ transposed if size <= degrees else transposed @ whitened
    spectrum = np.maximum(np.linalg.eigvalsh(gram), 0.0)
    scale = np.maximum(spectrum.sum(-1) / (size * degrees), floor)
    log_target = np.linalg.slogdet(target)[1]
    evidence = []
    for prior_seeds in PRIOR_SEEDS:
        freedom = prior_seeds + size + 1
        prior_scale = prior_seeds * scale
        log_prior = size * np.log(prior_scale) + log_target
        log_posterior = log_prior + np.log1p(spectrum / prior_scale[..., None]).sum(-1)
        halves = (freedom - np.arange(size)) / 2
        constant = (gammaln(halves + degrees / 2) - gammaln(halves)).sum()
        evidence.append(constant + freedom / 2 * log_prior - (freedom + degrees) / 2 * log_posterior)
    return scale, np.stack(evidence, axis=-1)


def _bartlett(rng: np.random.Generator, freedom: Array, size: int) -> Array:
    """Lower triangular roots [count, size, size] of Wishart(freedom, identity) matrices (Bartlett 1933)."""
    below = np.tril(rng.standard_normal((len(freedom), size, size)), -1)
    diagonal = np.sqrt(rng.chisquare(freedom[:, None] - np.arange(size)))
    return below + diagonal[:, :, None] * np.eye(size)
