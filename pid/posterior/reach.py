"""How far the truth of the features may be from the atoms of cells: chance, and what classifiers have not learnt yet.

Cells tell no more than features do, and less where classifiers miss something. What they miss is not in the sample. Two
things speak of it. Where it falls as 1/√n, classifiers that train on half of the rows miss √2 times as much, so what
they lose is √2 - 1 of what is missed. And where families of classifiers see different things, pooling gains, and a
better classifier would gain as much again. Where a problem is too hard for all families, both are silent: an interval
then holds what such classifiers can find, and `at_least` still holds.

Counted cells also tell what is chance. What one modality so tells may seem redundant, or unique, and is missing from
synergy.
"""

import numpy as np
from scipy.stats import norm

from pid.inference import ATOM_NAMES, information_weights
from pid.posterior.cell_informations import CellInformations
from pid.posterior.estimator import PosteriorInformations

_OF_THE_HALF = 1 + np.sqrt(2)
# Standard deviations: 1.96 of the rows', and a little for the draw of the folds.
_SPREADS = 2.1
_SPREADS_ONE_SIDED = 1.645
# So many bits times (num_classes - 1) / n may be chance: 95 % of χ² of so many degrees of freedom, over 2 n log 2.
_UNSEEN = 3.0


def missed_informations(found: PosteriorInformations, num_classes: int) -> np.ndarray:
    """How many bits of I(X1; Y), I(X2; Y) and I(X1, X2; Y) classifiers may have missed [3]."""
    learning = np.maximum(found.scored - found.scored_half, 0.0)
    pooling = np.maximum(found.scored - found.best_family, 0.0)
    return _OF_THE_HALF * learning + pooling + _UNSEEN * (num_classes - 1) / len(found.cells.of_rows)


def reached_intervals(
    found: PosteriorInformations, starts: np.ndarray, codes: np.ndarray
) -> dict[str, tuple[float, float]]:
    """95 % intervals in bits by name of the atom; `starts` of groups as `Sample` has them, `codes` [n] classes.

    If X1 tells d_1 bits more than was seen and X2 tells d_2, redundancy grows by at most about max(d_1, d_2), the
    unique part of X1 by d_1, or it shrinks by d_2, and synergy grows by d_12 or shrinks by max(d_1, d_2). A tie of the
    modalities makes redundancy and synergy come out too low, and unique information too high. What cells of one
    modality tell by chance makes redundancy or unique information come out too high, and synergy too low.
    """
    shares = np.bincount(codes) / len(codes)
    entropy = -float((shares * np.log2(shares)).sum())
    atoms = found.cells.values @ information_weights()
    spread = _SPREADS * _standard_errors(found.cells.of_rows @ information_weights(), starts)
    first, second, both = missed_informations(found, len(shares))
    either = max(first, second)
    tie = _bias_of_a_tie(found.cells, starts)
    slack = _UNSEEN * (len(shares) - 1) / len(codes)
    chance_1, chance_2 = (max(part, slack) for part in found.cells.chance)
    chance = max(chance_1, chance_2)
    lower = atoms - spread - [chance, max(second, chance_1) + tie, max(first, chance_2) + tie, max(either, slack)]
    upper = np.clip(atoms + spread + [either + tie, first, second, both + tie + chance], 0.0, entropy + slack)
    return {name: (low, high) for name, low, high in zip(ATOM_NAMES, lower.tolist(), upper.tolist(), strict=True)}


def _bias_of_a_tie(cells: CellInformations, starts: np.ndarray) -> float:
    """How far the union information may be too high because it is at least the larger of two noisy informations.

    If d = I(X1; Y) - I(X2; Y) errs by σ, then E[max(d, 0)] exceeds max(d, 0) by at most σ times the normal density at
    d / σ.
    """
    error = float(_standard_errors((cells.of_rows[:, 0] - cells.of_rows[:, 1])[:, None], starts)[0])
    difference = float(cells.values[0] - cells.values[1])
    return 0.0 if error == 0 else float(error * norm.pdf(difference / error))


def lower_ends(found: PosteriorInformations, starts: np.ndarray) -> dict[str, float]:
    """One-sided 95 % lower ends, in bits, of redundancy and of the informations, whatever classifiers miss.

    A held-out log-loss is a lower bound in expectation, and cells of held-out posteriors are a garbling of the
    features. Both only lose redundancy and information.
    """
    told = found.cells.values[[0, 1, 3]]
    claimed_too_much = np.maximum(told - found.scored, 0.0)
    errors = _standard_errors(found.cells.of_rows, starts)[[0, 1, 3]]
    by_atom = found.cells.of_rows @ information_weights()
    redundancy = float((found.cells.values @ information_weights())[0] - claimed_too_much[:2].max())
    ends = np.minimum(told, found.scored) - _SPREADS_ONE_SIDED * errors
    return {
        "redundancy": max(0.0, redundancy - _SPREADS_ONE_SIDED * float(_standard_errors(by_atom, starts)[0])),
        **dict(zip(("information_1", "information_2", "total"), np.maximum(ends, 0.0).tolist(), strict=True)),
    }


def _standard_errors(of_rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Standard errors [k] of the means of [n, k], where the rows of a group belong together."""
    centred = of_rows - of_rows.mean(axis=0)
    sums = np.add.reduceat(centred, starts[:-1], axis=0)
    num_groups = len(sums)
    return np.sqrt((sums**2).sum(axis=0) * num_groups / (num_groups - 1)) / len(of_rows)
