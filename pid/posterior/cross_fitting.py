"""Posteriors of every row by classifiers that have not seen its label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import config_context

from pid.posterior.classifiers import FAMILIES
from pid.posterior.fold_views import fold_views
from pid.posterior.pooling import best_setting, evidence, pooled_log_posteriors, pooling_weights
from pid.posterior.relevance import scaled_by_relevance

# A family that weighs less in the pool need not be trained again on fewer rows.
_LEAST_WEIGHT = 0.02

Settings = Mapping[str, tuple[float, ...]]
ALL_SETTINGS: Settings = {name: family.settings for name, family in FAMILIES.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Held-out log-posteriors [n, num_classes] in nats, and where they come from.

    `by_family` [num_families, n, num_classes]: those of each family alone, by its best setting. `settings`: of each
    family that counts in the pool the one chosen most often.
    """

    log_posteriors: np.ndarray
    by_family: np.ndarray
    settings: Settings


def held_out_posteriors_of(
    inputs: np.ndarray,
    codes: np.ndarray,
    folds: np.ndarray,
    *,
    seed: int,
    settings: Settings = ALL_SETTINGS,
    train: np.ndarray | None = None,
    further: Sequence[np.ndarray] = (),
) -> HeldOut:
    """Pooled posteriors of `inputs` [n, d], standardised, about `codes` [n], each row's by the other `folds` [n].

    `train` [n]: the rows that may train, by default all. `further`: held-out evidence [n, num_classes] from elsewhere
    that takes part in the pool. Settings and weights for a fold are chosen by the labels of the others,
    whose posteriors had its labels in their training: a few numbers know a little of them, classifiers nothing.
    """
    prior = np.bincount(codes) / len(codes)
    allowed = np.ones(len(codes), dtype=bool) if train is None else train
    by_setting = {name: np.empty((len(chosen), len(codes), len(prior))) for name, chosen in settings.items()}
    # Parameters are known to be in order, and small trees would spend half of their time on checks.
    with config_context(skip_parameter_validation=True):
        for view in fold_views(inputs, codes, folds, allowed):
            labels = codes[view.train_rows]
            if not inputs.any() or (labels == labels[0]).all():  # nothing to be learnt
                for posteriors in by_setting.values():
                    posteriors[:, view.held_out_rows] = prior
                continue
            scaled = scaled_by_relevance(view, labels)
            for name, posteriors in by_setting.items():
                family = FAMILIES[name]
                seen = scaled if family.by_relevance else view
                posteriors[:, view.held_out_rows] = family.fit(seen, labels, len(prior), seed, settings[name])
    evidences = [evidence(posteriors, prior) for posteriors in by_setting.values()]
    return _pooled_by_other_folds(evidences, codes, folds, prior, settings, further)


def _pooled_by_other_folds(
    evidences: Sequence[np.ndarray],
    codes: np.ndarray,
    folds: np.ndarray,
    prior: np.ndarray,
    settings: Settings,
    further: Sequence[np.ndarray],
) -> HeldOut:
    log_prior = np.log(prior)
    log_posteriors = np.empty((len(codes), len(prior)))
    by_family = np.empty_like(np.stack([part[0] for part in evidences]))
    chosen, mean_weights = [], np.zeros(len(evidences))
    for fold in range(int(folds.max()) + 1):
        others, own = folds != fold, folds == fold
        best = [best_setting(part[:, others], codes[others], log_prior) for part in evidences]
        parts = np.stack([part[index] for part, (index, _) in zip(evidences, best, strict=True)] + list(further))
        for number, (_, strength) in enumerate(best):
            by_family[number, own] = pooled_log_posteriors(
                parts[number : number + 1, own], np.array([strength]), log_prior
            )
        weights = pooling_weights(parts[:, others], codes[others], log_prior)
        log_posteriors[own] = pooled_log_posteriors(parts[:, own], weights, log_prior)
        mean_weights += weights[: len(evidences)] / (int(folds.max()) + 1)
        chosen.append([index for index, _ in best])
    most_often = [int(np.bincount(column).argmax()) for column in np.array(chosen).T]
    least = min(_LEAST_WEIGHT, mean_weights.max())
    kept = {
        name: (settings[name][index],)
        for name, index, weight in zip(settings, most_often, mean_weights.tolist(), strict=True)
        if weight >= least
    }
    return HeldOut(log_posteriors=log_posteriors, by_family=by_family, settings=kept)
