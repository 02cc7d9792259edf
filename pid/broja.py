"""The exact BROJA decomposition of a joint table, with a certificate of how exact it is."""

from dataclasses import dataclass

import numpy as np

from pid.atoms import Atoms
from pid.distributions import checked_table, informations, mutual_information
from pid.interior_point import least_informative_coupling

# Probabilities below this are taken for 0. It changes no information by more than rounding does.
_NEGLIGIBLE = 1e-30
_METHOD = "interior point"


class NotConvergedError(RuntimeError):
    """The decomposition could not be certified to the tolerance that was asked for."""


@dataclass(frozen=True, kw_only=True)
class BrojaResult:
    """BROJA atoms in bits and the coupling that they were computed with.

    `gap_bits`: the true redundancy is at least that of `atoms` and exceeds it by no more than this; unique information
    and synergy shift by the same amount (synergy upwards, unique information downwards). `joint` [n1, n2, ny]:
    probabilities with the table's margins p(x1, y) and p(x2, y). `converged`: `gap_bits` is within the tolerance.
    """

    atoms: Atoms
    gap_bits: float
    joint: np.ndarray
    method: str
    iterations: int
    converged: bool


def broja(
    table: np.ndarray, *, tolerance: float = 1e-6, max_iterations: int = 200, raise_on_failure: bool = True
) -> BrojaResult:
    """Exact decomposition of a joint table [n1, n2, ny] of probabilities or counts, in bits (Bertschinger et al. 2014).

    The union information is the least I(X1, X2; Y) over all joint distributions with the table's margins of (X1, Y) and
    (X2, Y). It is found to within `tolerance` bits by an interior-point method, see `pid.interior_point`, whose step
    costs O(n1 (n2 ny)² + (n2 ny)³) time for n1 >= n2 and O(n1 n2 ny²) memory. Values that never occur do no harm.
    Raises ValueError for a table that is none, see `checked_table`, for a tolerance that is not positive and for
    negative `max_iterations`; NotConvergedError if `max_iterations` do not certify `tolerance`, unless
    `raise_on_failure` is False.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    if max_iterations < 0:
        raise ValueError(f"max_iterations must not be negative, got {max_iterations}")
    probabilities = checked_table(table)
    probabilities = checked_table(np.where(probabilities > _NEGLIGIBLE, probabilities, 0))
    occurring = np.ix_(*(probabilities.sum(axis=axes) > 0 for axes in ((1, 2), (0, 2), (0, 1))))
    compact = probabilities[occurring]
    margins = compact.sum(axis=1), compact.sum(axis=0)
    # The solver is fastest where the longer axis comes first.
    swapped = compact.shape[0] < compact.shape[1]
    optimum = least_informative_coupling(
        *(reversed(margins) if swapped else margins), tolerance=tolerance * np.log(2), max_iterations=max_iterations
    )
    coupling = optimum.joint.transpose((2, 0, 1) if swapped else (0, 2, 1))
    joint = np.zeros_like(probabilities)
    joint[occurring] = coupling
    gap_bits = float(optimum.gap / np.log(2))
    converged = gap_bits <= tolerance
    if raise_on_failure and not converged:
        raise _failure(gap_bits, tolerance, optimum.iterations, max_iterations)
    return BrojaResult(
        atoms=Atoms.from_information(
            **informations(compact)._asdict(), union=mutual_information(coupling.reshape(-1, coupling.shape[2]))
        ),
        gap_bits=gap_bits,
        joint=joint,
        method=_METHOD,
        iterations=optimum.iterations,
        converged=converged,
    )


def _failure(gap_bits: float, tolerance: float, iterations: int, max_iterations: int) -> NotConvergedError:
    exhausted = iterations == max_iterations
    advice = "raise max_iterations or tolerance" if exhausted else "rounding leaves no further one, raise tolerance"
    return NotConvergedError(
        f"union information must be certified to {tolerance:g} bits, got {gap_bits:g} after {iterations} steps; "
        f"{advice}"
    )
