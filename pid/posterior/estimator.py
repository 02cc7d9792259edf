"""Atoms of features by what classifiers make of them: held-out posteriors, cells, the exact decomposition of these."""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from pid.inference import Sample
from pid.posterior.cell_informations import CellInformations, cell_informations
from pid.posterior.cross_fitting import ALL_SETTINGS, HeldOut, Settings, held_out_posteriors_of
from pid.posterior.fold_views import narrowed, standardised_columns
from pid.posterior.pooling import log_loss
from pid.posterior.row_folds import row_folds

_NUM_FOLDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class PosteriorInformations:
    """What held-out posteriors of x1, of x2 and of both tell about the label, in bits.

    `cells`: what cells of the posteriors tell. `scored` [3]: H(Y) minus the log-loss of the pooled posteriors, a lower
    bound of I(X; Y) in expectation. `scored_half` [3]: that of classifiers with the same settings that trained on half
    of the rows. `best_family` [3]: that of the best family by itself.
    """

    cells: CellInformations
    scored: np.ndarray
    scored_half: np.ndarray
    best_family: np.ndarray


def posterior_informations(sample: Sample, seed: int) -> PosteriorInformations:
    """Train classifiers on four of five folds in turn, and count what they say of the rows of the fifth."""
    codes, num_groups = sample.y, len(sample.starts) - 1
    groups = np.repeat(np.arange(num_groups), np.diff(sample.starts))
    grouped = None if num_groups == len(codes) else groups
    generator = np.random.default_rng([seed, 1])
    folds = row_folds(codes, grouped, _NUM_FOLDS, generator)
    inputs = [narrowed(standardised_columns(part)) for part in (sample.x1, sample.x2)]
    with threadpool_limits(1):
        full = _held_out(inputs, codes, folds, seed, [ALL_SETTINGS] * 3, np.ones(len(codes), dtype=bool))
        half = _held_out(inputs, codes, folds, seed, [part.settings for part in full], _half(groups, folds, generator))
        return PosteriorInformations(
            cells=cell_informations([part.log_posteriors for part in full], codes, grouped, seed),
            scored=np.array([_scored(part.log_posteriors, codes) for part in full]),
            scored_half=np.array([_scored(part.log_posteriors, codes) for part in half]),
            best_family=np.array([max(_scored(each, codes) for each in part.by_family) for part in full]),
        )


def _held_out(
    inputs: list[np.ndarray],
    codes: np.ndarray,
    folds: np.ndarray,
    seed: int,
    settings: list[Settings],
    train: np.ndarray,
) -> list[HeldOut]:
    """Held-out posteriors of x1, x2 and both; those of x1 and x2 take part in the pool of both."""
    alone = [
        held_out_posteriors_of(part, codes, folds, seed=seed, settings=own, train=train)
        for part, own in zip(inputs, settings[:2], strict=True)
    ]
    log_prior = np.log(np.bincount(codes) / len(codes))
    both = held_out_posteriors_of(
        np.hstack(inputs),
        codes,
        folds,
        seed=seed,
        settings=settings[2],
        train=train,
        further=[part.log_posteriors - log_prior for part in alone],
    )
    return [*alone, both]


def _half(groups: np.ndarray, folds: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Which rows [n] are in half of the groups of each fold, drawn at random."""
    num_groups = int(groups.max()) + 1
    fold_of_group = np.zeros(num_groups, dtype=np.int64)
    fold_of_group[groups] = folds
    chosen = np.zeros(num_groups, dtype=bool)
    for fold in range(_NUM_FOLDS):
        members = generator.permutation(np.flatnonzero(fold_of_group == fold))
        chosen[members[: (len(members) + 1) // 2]] = True
    return chosen[groups]


def _scored(log_posteriors: np.ndarray, codes: np.ndarray) -> float:
    """H(Y) minus the log-loss, in bits."""
    shares = np.bincount(codes) / len(codes)
    return (-float((shares * np.log(shares)).sum()) - log_loss(log_posteriors, codes)) / np.log(2)
