"""What may be said of an estimate: is there information at all, and which atom is the largest?"""

import numpy as np

from pid.inference.correction import ATOM_NAMES, Correction, informations_of_atoms

# The verdict calls independent labels informative in at most this share of samples.
LEVEL = 0.05
# An atom is called the largest where it is so in this share of the draws, by each of the corrections.
_SHARE_OF_DRAWS = 0.95
# Smaller differences come from the solver's tolerance, not from the sample, and count as ties.
_TIE_BITS = 2e-6


def p_values(raw: np.ndarray, null: np.ndarray) -> dict[str, float]:
    """One-sided p-value of each atom being above its null: (1 + null values as large) / (1 + num_permutations).

    `raw` [4], `null` [num_permutations, 4]. In the null the labels are independent of everything. So a small p of
    synergy says that they are not independent, not that there is synergy beside large redundancy. The intervals say
    that.
    """
    as_large = (null >= raw - _TIE_BITS).sum(axis=0)
    return dict(zip(ATOM_NAMES, ((1 + as_large) / (1 + len(null))).tolist(), strict=True))


def independence_p_value(raw: np.ndarray, null: np.ndarray) -> float:
    """p-value of one test that labels are independent of both modalities together.

    `raw` [4], `null` [num_permutations, 4]. The statistic is the largest of I(X1; Y), I(X2; Y), I(X1, X2; Y), each in
    standard deviations above its mean over the sample and all permutations. Where labels are independent, these are
    exchangeable. So p <= a in at most a share a of samples, although three informations are tested at once.
    """
    return largest_standardised(informations_of_atoms(np.vstack((raw, null)))[:, [0, 1, 3]], _TIE_BITS)


def largest_standardised(values: np.ndarray, least_spread: float = 1e-12) -> float:
    """p-value of several statistics tested as one: `values` [1 + num_permutations, k], the sample's in the first row.

    Each column is standardised over all rows, and the largest in a row is what is compared. Columns that spread by no
    more than `least_spread` do not count.
    """
    spread = values.std(axis=0)
    standardised = np.divide(
        values - values.mean(axis=0), spread, out=np.zeros_like(values), where=spread > least_spread
    )
    largest = standardised.max(axis=1)
    return float((largest >= largest[0] - 1e-9).mean())


def dominant_atom(corrections: list[Correction]) -> str | None:
    """The name of the atom that is the largest in 95 % of the draws by every correction, None where there is none."""
    shares = [np.bincount(part.draws.argmax(axis=1), minlength=4) / len(part.draws) for part in corrections]
    least = np.min(shares, axis=0)
    return ATOM_NAMES[int(least.argmax())] if least.max() >= _SHARE_OF_DRAWS else None
