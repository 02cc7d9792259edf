"""Corrections of raw atoms: where they are centred, what they leave alone, and where they have nothing to do."""

import numpy as np

from pid.atoms import Atoms
from pid.inference.correction import (
    as_atoms,
    as_vector,
    chance_adjusted,
    informations_of_atoms,
    null_corrected,
    tie_corrected,
)

ENTROPY = 1.5


def made_up_draws() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return np.array([0.3, 0.1, 0.2, 0.5]), draw.uniform(0, 0.1, (30, 4)), draw.uniform(0.1, 0.6, (40, 4))


def test_corrections_are_centred_where_they_say_and_spread_as_the_resamples() -> None:
    raw, null, resamples = made_up_draws()
    for part in (
        null_corrected(raw, null, resamples),
        chance_adjusted(raw, null, resamples, ENTROPY),
        tie_corrected(raw, null, resamples),
    ):
        np.testing.assert_allclose(part.draws.mean(axis=0), part.estimate, atol=1e-12)
    plain = null_corrected(raw, null, resamples)
    np.testing.assert_allclose(plain.estimate, raw - null.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(plain.draws.std(axis=0), resamples.std(axis=0), rtol=1e-12)


def test_the_adjustment_keeps_chance_at_0_and_certainty_at_the_entropy() -> None:
    _, null, resamples = made_up_draws()
    mean = null.mean(axis=0)
    np.testing.assert_allclose(chance_adjusted(mean, null, resamples, ENTROPY).estimate, 0, atol=1e-12)
    certain = as_vector(Atoms(redundancy=ENTROPY, unique_1=0, unique_2=0, synergy=0))
    adjusted = chance_adjusted(certain, null, resamples, ENTROPY).estimate
    np.testing.assert_allclose(adjusted, certain, atol=1e-12)
    # A null that already has all of the entropy leaves nothing to be stretched, and no division by 0.
    saturated = np.tile(certain, (30, 1))
    np.testing.assert_allclose(chance_adjusted(certain, saturated, resamples, ENTROPY).estimate, 0, atol=1e-12)


def test_a_tie_moves_unique_information_to_redundancy_and_changes_no_information() -> None:
    raw, null, resamples = made_up_draws()
    higher = resamples + np.array([0, 0.5, 0.5, 0])
    plain, tied = null_corrected(raw, null, resamples), tie_corrected(raw, null, higher)
    change = tied.estimate - plain.estimate
    assert change[0] > 0
    np.testing.assert_allclose(change, change[0] * np.array([1, -1, -1, 1]), atol=1e-12)
    same = [0, 1, 3]  # I(X1; Y), I(X2; Y), I(X1, X2; Y)
    np.testing.assert_allclose(
        informations_of_atoms(tied.estimate)[same], informations_of_atoms(plain.estimate)[same], atol=1e-12
    )
    # Resamples whose union information is no higher than the sample's show no tie.
    untied = tie_corrected(raw, null, np.tile(raw, (40, 1)))
    np.testing.assert_allclose(untied.estimate, plain.estimate, atol=1e-12)


def test_informations_are_the_sums_of_atoms() -> None:
    atoms = Atoms(redundancy=0.3, unique_1=0.1, unique_2=0.25, synergy=0.7)
    expected = [atoms.information_1, atoms.information_2, 0.65, atoms.total]
    np.testing.assert_allclose(informations_of_atoms(as_vector(atoms)), expected, rtol=1e-12)
    assert as_atoms(as_vector(atoms)) == atoms
