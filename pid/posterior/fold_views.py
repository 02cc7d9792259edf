"""What classifiers see of a modality: standardised columns, and of many columns those that the labels single out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pid.posterior.ridge import ridge_scores

# Of more columns than this, distances are sums of mostly noise.
_WIDE = 64
_SINGLED_OUT = 32
_COMPONENTS = 32
# Beyond this width the ridge regression sees principal components. Labels have no part in that.
_WIDEST = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldView:
    """What classifiers see when one fold is held out.

    `train` [n_train, k] and `held_out` [n_held_out, k] are inputs; `train_rows` and `held_out_rows` say which rows of
    the sample these are.
    """

    train: np.ndarray
    held_out: np.ndarray
    train_rows: np.ndarray
    held_out_rows: np.ndarray


def standardised_columns(features: np.ndarray) -> np.ndarray:
    """Columns [n, d] with mean 0 and spread 1; constant ones are left out, and a column of 0 stands for none."""
    centred = features - features[0]  # a constant column is exactly 0 from here on
    centred = centred - centred.mean(axis=0)
    spread = centred.std(axis=0)
    varying = spread > 0
    if not varying.any():
        return np.zeros((len(features), 1))
    return centred[:, varying] / spread[varying]


def narrowed(inputs: np.ndarray) -> np.ndarray:
    """The same columns [n, d], or the leading principal scores where there are more than 1,000 of them."""
    if inputs.shape[1] <= _WIDEST:
        return inputs
    scores = _principal(inputs, min(_WIDEST, len(inputs) - 1))
    return scores / scores.std()


def fold_views(inputs: np.ndarray, codes: np.ndarray, folds: np.ndarray, train: np.ndarray) -> Iterator[FoldView]:
    """One view for each fold: `inputs` [n, d] standardised, `codes` and `folds` [n]; `train` [n] says who may train.

    Wide inputs are narrowed for each fold without its labels: to the leading principal components, to the columns
    whose means or variances differ most between the classes of the training rows, and to ridge scores of all columns.
    """
    num_classes = int(codes.max()) + 1
    components = _principal(inputs, _COMPONENTS) if inputs.shape[1] > _WIDE else None
    if components is not None:
        components = components / components.std(axis=0)
    for fold in range(int(folds.max()) + 1):
        train_rows, held_out_rows = np.flatnonzero((folds != fold) & train), np.flatnonzero(folds == fold)
        if len(held_out_rows) == 0:  # where nearly each row is a class of its own, chance may leave a fold empty
            continue
        seen, unseen = inputs[train_rows], inputs[held_out_rows]
        if components is not None:
            labels = codes[train_rows]
            chosen = most_separated(seen, labels, _SINGLED_OUT)
            linear = ridge_scores(seen, labels, unseen, num_classes)
            scale = linear.left_out.std(axis=0) + 1e-12
            seen = np.hstack((seen[:, chosen], components[train_rows], linear.left_out / scale))
            unseen = np.hstack((unseen[:, chosen], components[held_out_rows], linear.held_out / scale))
        yield FoldView(train=seen, held_out=unseen, train_rows=train_rows, held_out_rows=held_out_rows)


def most_separated(columns: np.ndarray, codes: np.ndarray, number: int) -> np.ndarray:
    """Indices of the `number` columns of [n, d] whose means or variances differ most between the classes."""
    strength = np.maximum(_separation(columns, codes), _separation(columns**2, codes))
    return np.argsort(-strength, kind="stable")[:number]


def _principal(inputs: np.ndarray, num_components: int) -> np.ndarray:
    """Leading principal scores [n, k] of centred inputs, by the smaller of the two Gram matrices."""
    if inputs.shape[0] < inputs.shape[1]:
        values, vectors = np.linalg.eigh(inputs @ inputs.T)
        kept = np.argsort(-values)[:num_components]
        return vectors[:, kept] * np.sqrt(np.maximum(values[kept], 1e-12))
    _, directions = np.linalg.eigh(inputs.T @ inputs)
    return inputs @ directions[:, ::-1][:, :num_components]


def _separation(columns: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Between the classes' means and within them: the ratio of sums of squares of each column [d]."""
    counts = np.bincount(codes)
    present = np.flatnonzero(counts)
    means = np.stack([columns[codes == code].mean(axis=0) for code in present])
    between = (counts[present, None] * (means - columns.mean(axis=0)) ** 2).sum(axis=0)
    total = ((columns - columns.mean(axis=0)) ** 2).sum(axis=0)
    return between / np.maximum(total - between, 1e-12)
