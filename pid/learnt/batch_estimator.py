"""The estimator for continuous features that is trained: discriminators, whose posteriors are aligned over a batch."""

import math
from dataclasses import dataclass

import numpy as np

from pid.atoms import Atoms
from pid.features import checked_pair, class_codes, fold_numbers
from pid.learnt.discriminator import DiscriminatorOptions, FoldRows, held_out_posteriors
from pid.learnt.sinkhorn import align, table_information

# This share of the prior is mixed into each posterior, so that scaling never divides by 0. It moves no atom by more
# than about 1e-5 bit.
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """Atoms in bits, and how far to trust the networks behind them.

    `gap_bits`: a perfect alignment would raise redundancy by no more. `overconfidence`: by how many bits the
    information claimed by the posteriors p(y | x1) and p(y | x2) exceeds what held-out rows show. Where that is
    far from 0, do not trust the redundancy. `epochs` [num_folds][3]: the epochs kept for p(y | x1), p(y | x2) and
    p(y | x1, x2).
    """

    atoms: Atoms
    gap_bits: float
    overconfidence: tuple[float, float]
    epochs: tuple[tuple[int, ...], ...]
    num_samples: int


def batch(
    x1: np.ndarray,
    x2: np.ndarray,
    y: np.ndarray,
    *,
    seed: int = 0,
    device: str | None = None,
    num_folds: int = 5,
    options: DiscriminatorOptions | None = None,
    max_aligned_rows: int = 1024,
    tolerance: float = 5e-3,
    max_iterations: int = 5000,
    raise_on_failure: bool = True,
) -> BatchResult:
    """BROJA atoms, in bits, of continuous features and class labels (after Liang et al. 2023, the BATCH estimator).

    `x1` [n, d_1], `x2` [n, d_2], `y` [n] integers; `device` as torch names it. The rows are divided into `num_folds`
    folds, each class evenly. Each fold is held out once. One of the others stops and calibrates the discriminators, and
    they train on the rest. All informations are of held-out rows:

    - I(X1; Y), I(X2; Y) and I(X1, X2; Y) are H(Y) minus the cross-entropy of a discriminator. On average this is a
      lower bound, and it is below 0 where noise was learned.
    - Redundancy is that of a joint table over a batch of at most `max_aligned_rows` rows. The posteriors give its
      margins (x1, y) and (x2, y), and `pid.learnt.sinkhorn.align` the table. The other atoms follow from these four
      numbers.

    Liang et al. train a network to align: its q(x1, x2 | y) is one of the tables over the batch. `align` finds the best
    of them to `tolerance` bits. BROJA's redundancy depends on X1 and X2 by their posteriors alone, so nothing else of
    the features is needed.
    Raises ValueError for input that does not fit, and for a class with fewer rows than folds; RuntimeError if
    `max_iterations` do not align a batch to `tolerance`, unless `raise_on_failure` is False.
    """
    features_1, features_2 = checked_pair(x1, x2, y)
    codes = class_codes(y)
    if max_aligned_rows < 2:
        raise ValueError(f"max_aligned_rows must be at least 2, got {max_aligned_rows}")
    inputs = (features_1, features_2, np.concatenate((features_1, features_2), axis=1))
    folds = fold_numbers(codes, num_folds, seed)
    log_posteriors, epochs = _cross_fitted_log_posteriors(
        inputs, codes, folds, options or DiscriminatorOptions(), seed, device
    )
    prior = np.bincount(codes) / len(codes)
    information_1, information_2, total = (_held_out_information(part, codes, prior) for part in log_posteriors)
    chunks = _chunks(len(codes), max_aligned_rows, seed)
    shared = _shared(log_posteriors, prior, chunks, tolerance, max_iterations, raise_on_failure)
    return BatchResult(
        atoms=Atoms.from_information(
            information_1=information_1,
            information_2=information_2,
            total=total,
            union=information_1 + information_2 - shared.redundancy,
        ),
        gap_bits=shared.gap_bits,
        overconfidence=(shared.information_1 - information_1, shared.information_2 - information_2),
        epochs=epochs,
        num_samples=len(codes),
    )


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """Informations and redundancy by the aligned posteriors, and the gap of the alignment, in bits."""

    information_1: float
    information_2: float
    redundancy: float
    gap_bits: float


def _cross_fitted_log_posteriors(
    inputs: tuple[np.ndarray, ...],
    codes: np.ndarray,
    folds: np.ndarray,
    options: DiscriminatorOptions,
    seed: int,
    device: str | None,
) -> tuple[list[np.ndarray], tuple[tuple[int, ...], ...]]:
    """Held-out log p(y | x) [n, num_classes] for each input, and the epochs kept [num_folds][num_inputs]."""
    num_folds = int(folds.max()) + 1
    log_posteriors = [np.empty((len(codes), codes.max() + 1)) for _ in inputs]
    epochs = []
    for fold in range(num_folds):
        valid = folds == (fold + 1) % num_folds
        held_out = folds == fold
        rows = FoldRows(
            train=np.flatnonzero(~valid & ~held_out), valid=np.flatnonzero(valid), held_out=np.flatnonzero(held_out)
        )
        kept = []
        for features, posteriors in zip(inputs, log_posteriors, strict=True):
            posteriors[held_out], epoch = held_out_posteriors(
                features, codes, rows, options=options, seed=seed, device=device
            )
            kept.append(epoch)
        epochs.append(tuple(kept))
    return log_posteriors, tuple(epochs)


def _held_out_information(log_posteriors: np.ndarray, codes: np.ndarray, prior: np.ndarray) -> float:
    """H(Y) minus the cross-entropy, in bits."""
    return float((log_posteriors[np.arange(len(codes)), codes] - np.log(prior[codes])).mean() / math.log(2))


def _chunks(num_rows: int, largest: int, seed: int) -> list[np.ndarray]:
    order = np.random.default_rng([seed, num_rows]).permutation(num_rows)
    return np.array_split(order, math.ceil(num_rows / largest))


def _shared(
    log_posteriors: list[np.ndarray],
    prior: np.ndarray,
    chunks: list[np.ndarray],
    tolerance: float,
    max_iterations: int,
    raise_on_failure: bool,
) -> _Shared:
    """The mean over chunks of rows, weighted by their size."""
    values = []
    for chunk in chunks:
        margins = [_margin(log_posteriors[modality][chunk], prior) for modality in (0, 1)]
        informations = [table_information(margin) for margin in margins]
        alignment = align(*margins, tolerance=tolerance, max_iterations=max_iterations)
        if raise_on_failure and alignment.gap_bits > tolerance:
            raise RuntimeError(
                f"a batch of {len(chunk)} rows must be aligned to {tolerance:g} bits, got {alignment.gap_bits:.3g} in "
                f"{max_iterations} rounds: raise max_iterations or tolerance"
            )
        values.append((*informations, sum(informations) - alignment.information, alignment.gap_bits))
    means = np.average(values, axis=0, weights=[len(chunk) for chunk in chunks]).tolist()
    return _Shared(information_1=means[0], information_2=means[1], redundancy=means[2], gap_bits=means[3])


def _margin(log_posteriors: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """p(x, y) = p(y) p(x | y) over the rows [n, num_classes], where p(x | y) is proportional to p(y | x) over the rows.

    The mean posterior of a batch is not quite the classes' frequency, and differs between X1 and X2. So each class is
    scaled to its `prior`, on which both margins must agree.
    """
    posteriors = (1 - _LEAST_SHARE) * np.exp(log_posteriors) + _LEAST_SHARE * prior
    return prior * posteriors / posteriors.sum(axis=0)
