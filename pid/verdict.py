"""What an estimate allows one to say: is there information at all, and which atom is the largest?"""

import numpy as np

from pid.correction import ATOM_NAMES, Correction, informations

# The verdict calls independent labels informative in at most this share of samples.
LEVEL = 0.05
# An atom is the largest if it is so in this share of the draws, whichever correction is the right one.
_SHARE_OF_DRAWS = 0.95
# Differences below this are the solver's, not the sample's, and count as ties.
_TIE_BITS = 2e-6


def p_values(raw: np.ndarray, null: np.ndarray) -> dict[str, float]:
    """One-sided p-value of each atom being above its null: (1 + null values as large) / (1 + num_permutations).

    `raw` [4], `null` [num_permutations, 4]. The null has no information at all: a small p of synergy says that labels
    are not independent, not that there is synergy beside large redundancy. For that, see the intervals.
    """
    as_large = (null >= raw - _TIE_BITS).sum(axis=0)
    return dict(zip(ATOM_NAMES, ((1 + as_large) / (1 + len(null))).tolist(), strict=True))


def independence_p_value(raw: np.ndarray, null: np.ndarray) -> float:
    """p-value of one test that labels are independent of both modalities together.

    The statistic is the largest of I(X1; Y), I(X2; Y) and I(X1, X2; Y), each in standard deviations above its mean over
    all permutations and the sample itself. Under independence these are exchangeable, so that p <= a in at most a share
    a of samples, exactly, for three informations that are tested at once.
    """
    values = informations(np.vstack((raw, null)))[:, [0, 1, 3]]
    spread = values.std(axis=0)
    standardised = np.divide(values - values.mean(axis=0), spread, out=np.zeros_like(values), where=spread > _TIE_BITS)
    largest = standardised.max(axis=1)
    return float((largest >= largest[0] - 1e-9).mean())


def dominant_atom(corrections: list[Correction]) -> str | None:
    """The atom that is the largest in 95 % of the draws by every correction, None where there is none."""
    shares = [np.bincount(part.draws.argmax(axis=1), minlength=4) / len(part.draws) for part in corrections]
    least = np.min(shares, axis=0)
    return ATOM_NAMES[int(least.argmax())] if least.max() >= _SHARE_OF_DRAWS else None
