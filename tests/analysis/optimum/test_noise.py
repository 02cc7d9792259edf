"""The covariance of seeds over λ: known truths, invariances, and the gain from pooling."""

import numpy as np
import pytest
from scipy import special, stats

from analysis.optimum.noise import CORRELATION_LENGTHS, GROWTHS, PRIOR_SEEDS, fit_noise, helmert

POSITIONS = np.linspace(0, 1, 6)
FLOOR = 1e-20


def test_helmert_contrasts_are_orthonormal_and_drop_the_level() -> None:
    rows = helmert(6)
    np.testing.assert_allclose(rows @ rows.T, np.eye(5), atol=1e-15)
    np.testing.assert_allclose(rows @ np.ones(6), 0, atol=1e-15)


def test_levels_of_seeds_and_of_lambdas_do_not_enter() -> None:
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((6, 4))
    shifted = scores + 10 * rng.standard_normal(4) + 10 * rng.standard_normal((6, 1))
    expected = fit_noise(scores, POSITIONS, FLOOR).difference_variance()
    np.testing.assert_allclose(
        fit_noise(shifted, POSITIONS, FLOOR).difference_variance(), expected, rtol=1e-9, atol=1e-12
    )


def test_variance_follows_the_square_of_the_unit() -> None:
    scores = np.random.default_rng(1).standard_normal((6, 4))
    variance = fit_noise(scores, POSITIONS, FLOOR).difference_variance()
    scaled = fit_noise(3 * scores, POSITIONS, FLOOR).difference_variance()
    np.testing.assert_allclose(scaled, 9 * variance, rtol=1e-9)
    assert (np.diagonal(variance) == 0).all()
    assert (variance[~np.eye(6, dtype=bool)] > 0).all()


@pytest.mark.parametrize("growth", [1.0, 6.0])
def test_many_seeds_recover_the_true_variances(growth: float) -> None:
    rng = np.random.default_rng(2)
    deviation = np.linspace(1, growth, 6)
    correlation = np.exp(-np.abs(POSITIONS[:, None] - POSITIONS) / 0.2)
    covariance = deviation[:, None] * correlation * deviation
    scores = np.linalg.cholesky(covariance) @ rng.standard_normal((6, 1000))
    diagonal = np.diagonal(covariance)
    expected = diagonal[:, None] + diagonal - 2 * covariance
    found = fit_noise(scores, POSITIONS, FLOOR).difference_variance()
    # A sample variance of 1,000 has a relative standard error of 4.5 %; four of those.
    np.testing.assert_allclose(found, expected, rtol=0.18)


def test_pooling_steadies_the_variance_of_few_seeds() -> None:
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((400, 6, 4))
    pooled = fit_noise(scores, POSITIONS, FLOOR).difference_variance()[:, 0, 5]
    alone = (scores[:, 5] - scores[:, 0]).var(axis=-1, ddof=1)
    # The sample variance has 3 degrees of freedom; 15 residuals share the pooled one. That first and last
    # differ in kind (growing, correlated noise) cannot be excluded with 4 seeds: the estimate errs upwards.
    assert np.log(pooled).var() < 0.4 * np.log(alone).var()
    assert 2.0 < np.median(pooled) < 4.0


def test_a_seed_that_disagrees_at_one_end_widens_that_end() -> None:
    rng = np.random.default_rng(4)
    scores = rng.standard_normal((6, 10)) * np.array([1, 1, 1, 1, 1, 8])[:, None]
    variance = fit_noise(scores, POSITIONS, FLOOR).difference_variance()
    assert variance[0, 5] > 5 * variance[0, 1]


def test_weights_of_two_lambdas_are_the_closed_form() -> None:
    """With one contrast, the scatter is beta prime under every prior weight (a ratio of chi-squares)."""
    scores = np.random.default_rng(5).standard_normal((2, 5))
    noise = fit_noise(scores, np.array([0.0, 1.0]), FLOOR)
    difference = (scores[0] - scores[1]) / np.sqrt(2)
    scatter = ((difference - difference.mean()) ** 2).sum()
    prior_scale = PRIOR_SEEDS * scatter / 4
    density = stats.betaprime.pdf(scatter / prior_scale, 2, (PRIOR_SEEDS + 2) / 2) / prior_scale
    num_targets = len(CORRELATION_LENGTHS) * len(GROWTHS)
    expected = np.tile(density / density.sum() / num_targets, (num_targets, 1))
    np.testing.assert_allclose(noise.weights, expected, rtol=1e-9)
    np.testing.assert_allclose(noise.covariance(), [[scatter / 4]], rtol=1e-9)


@pytest.mark.parametrize("num_seeds", [2, 3, 6, 7, 40])
def test_weights_are_those_of_the_determinants(num_seeds: int) -> None:
    """Fewer seeds than contrasts, as many, and more: the marginal likelihood of a Wishart scatter, written out."""
    scores = np.random.default_rng(num_seeds).standard_normal((6, num_seeds))
    noise = fit_noise(scores, POSITIONS, FLOOR)
    scatter, degrees = noise.deviations @ noise.deviations.T, num_seeds - 1
    evidence = np.array(
        [
            [
                freedom / 2 * np.linalg.slogdet(weight * scale * target)[1]
                - (freedom + degrees) / 2 * np.linalg.slogdet(weight * scale * target + scatter)[1]
                + special.multigammaln((freedom + degrees) / 2, 5)
                - special.multigammaln(freedom / 2, 5)
                for weight, freedom in zip(PRIOR_SEEDS, PRIOR_SEEDS + 6, strict=True)
            ]
            for target, scale in zip(noise.targets, noise.scales, strict=True)
        ]
    )
    expected = np.exp(evidence - evidence.max())
    np.testing.assert_allclose(noise.weights, expected / expected.sum(), rtol=1e-7)


def test_leading_axes_are_independent_data_sets() -> None:
    scores = np.random.default_rng(6).standard_normal((3, 6, 4))
    together = fit_noise(scores, POSITIONS, FLOOR).covariance()
    for one, expected in zip(scores, together, strict=True):
        np.testing.assert_allclose(fit_noise(one, POSITIONS, FLOOR).covariance(), expected, rtol=1e-9)


def test_draws_close_in_on_the_estimate_as_seeds_are_added() -> None:
    rng = np.random.default_rng(7)
    spread = {}
    for num_seeds in (3, 300):
        noise = fit_noise(rng.standard_normal((6, num_seeds)), POSITIONS, FLOOR)
        roots = noise.draw_roots(rng, 500)
        draws = roots @ np.swapaxes(roots, -1, -2)
        spread[num_seeds] = np.log(np.trace(draws, axis1=1, axis2=2) / np.trace(noise.covariance())).std()
    assert spread[300] < 0.1 < spread[3]


def test_agreement_without_scatter_is_the_floor() -> None:
    scores = np.arange(6.0)[:, None] + np.zeros(3)
    variance = fit_noise(scores, POSITIONS, floor=1e-6).difference_variance()
    assert np.isfinite(variance).all()
    assert 0 < variance[0, 1] < 1e-5


def test_one_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        fit_noise(np.zeros((6, 1)), POSITIONS, FLOOR)
