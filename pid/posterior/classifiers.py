"""Families of classifiers that differ in kind: what each makes of held-out rows, by every one of its settings.

All are functions of a `FoldView`, the training rows' classes, the number of classes and a seed, and return
[num_settings, n_held_out, num_classes]. `settings` chooses among a family's own.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.tree import ExtraTreeRegressor

from pid.posterior.fold_views import FoldView, most_separated
from pid.posterior.multinomial import multinomial_fits
from pid.posterior.ridge import ridge_scores

Classifier = Callable[[FoldView, np.ndarray, int, int, Sequence[float]], np.ndarray]

MOST_ROWS_A_TREE = 3000
"""More rows make a tree cost more, and a forest of them hardly better."""

_BLOCK_ROWS = 1024
_MOST_MULTIPLIED = 20
_NUM_TREES = 40
_MOST_NEIGHBOURS = 4000
_MOST_LANDMARKS = 300
# A forest's and the neighbours' shares count as so many rows, beside one or two that vote as the classes' frequencies.
_VOTES = 20.0
_PRIOR_NEIGHBOURS = 2.0


def logistic(view: FoldView, codes: np.ndarray, num_classes: int, seed: int, settings: Sequence[float]) -> np.ndarray:
    """Multinomial logistic regression; settings: inverse strengths C of the penalty, rising."""
    fits = multinomial_fits(view.train, codes, num_classes, settings)
    return np.stack([fit.posteriors(view.held_out) for fit in fits])


def quadratic(view: FoldView, codes: np.ndarray, num_classes: int, seed: int, settings: Sequence[float]) -> np.ndarray:
    """Logistic regression on columns and their products: exact for normal classes of any means and covariances.

    Settings: as those of `logistic`. Of more than 20 columns, those count whose means or variances differ most between
    the classes.
    """
    chosen = np.arange(view.train.shape[1])
    if len(chosen) > _MOST_MULTIPLIED:
        chosen = most_separated(view.train, codes, _MOST_MULTIPLIED)
    first, second = np.triu_indices(len(chosen))
    seen, unseen = (
        np.hstack((part[:, chosen], part[:, chosen][:, first] * part[:, chosen][:, second]))
        for part in (view.train, view.held_out)
    )
    centre, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = replace(view, train=(seen - centre) / spread, held_out=(unseen - centre) / spread)
    return logistic(scaled, codes, num_classes, seed, settings)


def forest(view: FoldView, codes: np.ndarray, num_classes: int, seed: int, settings: Sequence[float]) -> np.ndarray:
    """Extremely randomised trees; settings: the least number of rows in a leaf.

    Each tree regresses the indicators of the classes, whose squared error is Gini's impurity, and leaves out the checks
    of labels that cost a small tree more than its growth. Of many rows each tree sees a bootstrap of 3,000.
    """
    indicators = np.eye(num_classes)[codes]
    prior = indicators.mean(axis=0)
    train, held_out = (part.astype(np.float32) for part in (view.train, view.held_out))
    num_tried = math.isqrt(train.shape[1])  # columns at each cut, as is usual for classes
    found = []
    for leaf in settings:
        generator = np.random.default_rng([seed, len(codes)])
        shares = np.zeros((len(held_out), num_classes))
        for number in range(_NUM_TREES):
            rows, counts = np.arange(len(codes)), None
            if len(codes) > MOST_ROWS_A_TREE:
                drawn = generator.integers(len(codes), size=MOST_ROWS_A_TREE)
                rows, counts = np.unique(drawn, return_counts=True)
            tree = ExtraTreeRegressor(max_features=num_tried, min_samples_leaf=int(leaf), random_state=seed + number)
            tree.fit(train[rows], indicators[rows], sample_weight=counts, check_input=False)
            shares += tree.predict(held_out, check_input=False)
        found.append((shares / _NUM_TREES * _VOTES + prior) / (_VOTES + 1))
    return np.stack(found)


def nearest(view: FoldView, codes: np.ndarray, num_classes: int, seed: int, settings: Sequence[float]) -> np.ndarray:
    """Shares of classes among the nearest rows; settings: how many of them, at most half of the training rows."""
    if len(codes) > _MOST_NEIGHBOURS:
        rows = np.random.default_rng([seed, len(codes)]).permutation(len(codes))[:_MOST_NEIGHBOURS]
        train, codes = view.train[rows], codes[rows]
    else:
        train = view.train
    counts = [min(int(count), max(1, len(codes) // 2)) for count in settings]
    indicators = np.eye(num_classes)[codes]
    prior = indicators.mean(axis=0)
    squares = (train**2).sum(axis=1)
    found = np.empty((len(counts), len(view.held_out), num_classes))
    for start in range(0, len(view.held_out), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        distances = squares - 2 * view.held_out[block] @ train.T
        most = max(counts)
        near = np.argpartition(distances, most - 1, axis=1)[:, :most]
        near = np.take_along_axis(near, np.take_along_axis(distances, near, 1).argsort(axis=1), 1)
        votes = indicators[near].cumsum(axis=1)
        for index, count in enumerate(counts):
            found[index, block] = (votes[:, count - 1] + _PRIOR_NEIGHBOURS * prior) / (count + _PRIOR_NEIGHBOURS)
    return found


def kernel(view: FoldView, codes: np.ndarray, num_classes: int, seed: int, settings: Sequence[float]) -> np.ndarray:
    """Ridge regression on Gaussian kernels about some training rows, made posteriors by a logistic regression.

    Settings: the kernel's width, in medians of the distance. The logistic regression sees what the ridge regression
    says of each training row without that row (Nyström's approximation; Williams and Seeger 2001).
    """
    generator = np.random.default_rng([seed, len(codes)])
    num_landmarks = min(_MOST_LANDMARKS, max(10, len(codes) // 3))
    landmarks = view.train[generator.permutation(len(codes))[:num_landmarks]]
    parts = [_squared_distances(part, landmarks) for part in (view.train, view.held_out)]
    middle = max(float(np.median(parts[0])), 1e-12)
    found = []
    for width in settings:
        seen, unseen = (np.exp(-part / (2 * width**2 * middle)) for part in parts)
        scores = ridge_scores(seen, codes, unseen, num_classes)
        (fit,) = multinomial_fits(5 * scores.left_out, codes, num_classes, [10.0])
        found.append(fit.posteriors(5 * scores.held_out))
    return np.stack(found)


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a family is fitted, its settings, and whether it sees columns as they are or scaled by their relevance."""

    fit: Classifier
    settings: tuple[float, ...]
    by_relevance: bool = False


FAMILIES = {
    "logistic": Family(fit=logistic, settings=(0.003, 0.03, 0.3, 3.0)),
    "logistic by relevance": Family(fit=logistic, settings=(0.03, 0.3, 3.0), by_relevance=True),
    "quadratic": Family(fit=quadratic, settings=(0.003, 0.03, 0.3)),
    "forest": Family(fit=forest, settings=(4,)),
    "nearest": Family(fit=nearest, settings=(5, 15, 50, 150)),
    "kernel": Family(fit=kernel, settings=(0.5, 1.0)),
    "kernel by relevance": Family(fit=kernel, settings=(1.0,), by_relevance=True),
}
"""By name; forests and nearest rows are shares of votes, the others fits, so their errors differ in kind."""


def _squared_distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.maximum((rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T, 0.0)
