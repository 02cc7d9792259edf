"""A smooth curve through mean scores over λ, with draws of the curve that carry all of its uncertainty.

A Gaussian process over log(1 + λ/λ₁), λ₁ the smallest above 0: grids of λ are denser near 0, where
curves bend most, and this axis spaces them about evenly, is linear near 0, and makes the unit of λ
irrelevant. How flexible the curve is was not chosen by hand: it is averaged over roughness, length and
amplitude, weighted by the restricted likelihood (REML: only contrasts enter, so a level has a flat prior). A
rough curve (exponential covariance at the grid's points, straight lines between them) cannot ring beside a
sharp drop; a smooth one (Matérn 3/2) finds peaks between the points.

Each draw takes a new noise covariance from the seeds' posterior, perturbs the means with it, and refits: a
parametric bootstrap over seeds, made conditional on the data by Matheron's rule.
Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, sections 2.7, 4.2, 5.4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.arrays import Array
from analysis.optimum.noise import SeedNoise, helmert

LENGTHS = (0.25, 0.5, 1.0, 2.0)  # of the unit axis: from about two grid steps to a straight line
AMPLITUDES = (1.0, 2.0, 4.0, 8.0)  # of the range of the means; smaller ones shrink true gains
POINTS_ON_AXIS = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class SmoothCurve:
    """The fit at G values of λ, the grid's among them. A draw's level is free; only its differences count."""

    lambdas: Array  # [G]
    values: Array  # [G], score units
    draws: Array  # [N, G], score units


def unit_positions(lambdas: Array) -> Array:
    """Place increasing λ [L] on the axis of the fit: log(1 + λ/λ₁), rescaled to 0 … 1."""
    warped = np.log1p(lambdas / _smallest_positive(lambdas))
    return (warped - warped[0]) / (warped[-1] - warped[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prior:
    """A Gaussian process before the data: linear in K independent standard normal numbers."""

    root: Array  # [G, K], of the curve
    of_contrasts: Array  # [P, K], of the contrasts of the grid's means


def smooth_curve(
    lambdas: Array, means: Array, noise: SeedNoise, rng: np.random.Generator, num_draws: int
) -> SmoothCurve:
    """Fit the curve to means [L], not all equal, at increasing λ [L], given the seeds' scatter."""
    fine_lambdas, positions, at_grid = _fine_axis(lambdas)
    contrasts = helmert(len(lambdas))
    observed = contrasts @ means
    priors = _priors(positions, contrasts, at_grid, float(np.ptp(means)))
    noise_of_means = noise.covariance() / noise.num_seeds
    fits = [_posterior_mean(prior, observed, noise_of_means) for prior in priors]
    evidence = np.array([log_evidence for _, log_evidence in fits])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    values = weights @ np.stack([values for values, _ in fits])
    values += np.mean(means - values[at_grid])

    roots = noise.draw_roots(rng, num_draws) / np.sqrt(noise.num_seeds)
    chosen = rng.choice(len(priors), size=num_draws, p=weights)
    draws = np.empty((num_draws, len(positions)))
    for index in np.unique(chosen):
        members = chosen == index
        draws[members] = _posterior_draws(priors[index], observed, roots[members], rng)
    return SmoothCurve(lambdas=fine_lambdas, values=values, draws=draws)


def _fine_axis(lambdas: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """λ [G] and positions [G] at and between the grid's points, and the index [L] of those."""
    positions = unit_positions(lambdas)
    counts = np.ceil(np.diff(positions) * POINTS_ON_AXIS).astype(int)
    pieces = [
        np.linspace(left, right, count, endpoint=False)
        for left, right, count in zip(positions[:-1], positions[1:], counts, strict=True)
    ]
    fine = np.concatenate([*pieces, positions[-1:]])
    at_grid = np.concatenate([[0], np.cumsum(counts)])
    unit = _smallest_positive(lambdas)
    low, high = np.log1p(lambdas[0] / unit), np.log1p(lambdas[-1] / unit)
    fine_lambdas = unit * np.expm1(low + fine * (high - low))
    fine_lambdas[at_grid] = lambdas  # exactly, where there and back again would differ in the last digit
    return fine_lambdas, fine, at_grid


def _smallest_positive(lambdas: Array) -> float:
    return float(lambdas[lambdas > 0][0])


def _priors(positions: Array, contrasts: Array, at_grid: NDArray[np.intp], spread: float) -> list[_Prior]:
    """One process for each roughness, length and amplitude."""
    grid = positions[at_grid]
    between = np.stack([np.interp(positions, grid, unit) for unit in np.eye(len(grid))], axis=1)
    roots = []
    for length in LENGTHS:
        rough = np.exp(-np.abs(grid[:, None] - grid) / length)
        roots.append(between @ np.linalg.cholesky(rough))
        scaled = np.sqrt(3.0) * np.abs(positions[:, None] - positions) / length
        # The last term keeps the matrix positive definite to rounding.
        smooth = (1.0 + scaled) * np.exp(-scaled) + 1e-9 * np.eye(len(positions))
        roots.append(np.linalg.cholesky(smooth))
    return [
        _Prior(root=spread * amplitude * root, of_contrasts=spread * amplitude * contrasts @ root[at_grid])
        for root in roots
        for amplitude in AMPLITUDES
    ]


def _posterior_mean(prior: _Prior, observed: Array, noise: Array) -> tuple[Array, float]:
    """Curve [G] up to a level, and the log restricted likelihood of the prior."""
    root = np.linalg.cholesky(prior.of_contrasts @ prior.of_contrasts.T + noise)
    whitened = np.linalg.solve(root, observed)
    evidence = -0.5 * whitened @ whitened - np.log(np.diag(root)).sum()
    return prior.root @ (prior.of_contrasts.T @ np.linalg.solve(root.T, whitened)), float(evidence)


def _posterior_draws(prior: _Prior, observed: Array, noise_roots: Array, rng: np.random.Generator) -> Array:
    """Curves [N, G] up to a level: prior curves, corrected by what they and the noise leave unexplained."""
    numbers = rng.standard_normal((len(noise_roots), prior.root.shape[1]))
    perturbation = noise_roots @ rng.standard_normal((len(noise_roots), len(observed), 1))
    unexplained = (observed - numbers @ prior.of_contrasts.T)[..., None] - perturbation
    covariance = prior.of_contrasts @ prior.of_contrasts.T + noise_roots @ np.swapaxes(noise_roots, -1, -2)
    corrected = numbers + np.linalg.solve(covariance, unexplained)[..., 0] @ prior.of_contrasts
    return corrected @ prior.root.T
