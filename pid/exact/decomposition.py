"""The BROJA decomposition of a joint table, with a bound on how far it is from the exact one."""

from dataclasses import dataclass

import numpy as np

from pid.atoms import Atoms
from pid.exact.interior_point import least_informative_coupling
from pid.exact.path import Path
from pid.joint_tables import checked_table, informations, mutual_information

# Probabilities below this count as 0, which changes no information by more than rounding does.
_NEGLIGIBLE = 1e-30
_METHOD = "interior point"


class NotConvergedError(RuntimeError):
    """The decomposition could not be certified to the tolerance asked for."""


@dataclass(frozen=True, kw_only=True)
class BrojaResult:
    """BROJA atoms in bits and the coupling that they were computed with.

    `gap_bits`: the true redundancy is at least that of `atoms` and exceeds it by no more than this. The true synergy
    then exceeds its atom by the same amount, and each true unique information is as much below its atom.
    `joint` [n1, n2, ny]: probabilities with the table's margins p(x1, y) and p(x2, y). `converged`: `gap_bits` is
    within the tolerance. `path`: how the optimum was found, over the values that occur.
    """

    atoms: Atoms
    gap_bits: float
    joint: np.ndarray
    method: str
    iterations: int
    converged: bool
    path: Path


def broja(
    table: np.ndarray,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 200,
    raise_on_failure: bool = True,
    near: BrojaResult | None = None,
) -> BrojaResult:
    """BROJA atoms, in bits, of a joint table [n1, n2, ny] of probabilities or counts (Bertschinger et al. 2014).

    The union information is the least I(X1, X2; Y) over all joint distributions with the table's margins of (X1, Y) and
    (X2, Y). An interior-point method finds it to within `tolerance` bits, see `pid.exact.interior_point`. A step takes
    O(n1 (n2 ny)² + (n2 ny)³) time, where n1 >= n2, and O(n1 n2 ny²) memory. Values that never occur do no harm.
    `near`: the result of a similar table; a sample's result is near to those of its resamples. It may save steps. It
    changes atoms by no more than the tolerance leaves open.
    Raises ValueError for a table that `checked_table` refuses, a tolerance that is not positive, and negative
    `max_iterations`. Raises NotConvergedError if `max_iterations` do not certify `tolerance`, unless `raise_on_failure`
    is False.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, got {tolerance}")
    if max_iterations < 0:
        raise ValueError(f"max_iterations must not be negative, got {max_iterations}")
    probabilities = checked_table(table)
    probabilities = checked_table(np.where(probabilities > _NEGLIGIBLE, probabilities, 0))
    values = _occurring(probabilities)
    occurring = np.ix_(*values)
    compact = probabilities[occurring]
    margins = compact.sum(axis=1), compact.sum(axis=0)
    # The solver is fastest where the longer axis comes first.
    swapped = compact.shape[0] < compact.shape[1]
    path = None if near is None else _path_over(values, near)
    optimum = least_informative_coupling(
        *(reversed(margins) if swapped else margins),
        tolerance=tolerance * np.log(2),
        max_iterations=max_iterations,
        near=path.swapped() if path and swapped else path,
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
        path=optimum.path.swapped() if swapped else optimum.path,
    )


def _occurring(probabilities: np.ndarray) -> list[np.ndarray]:
    """Indices of the values of X1, X2 and Y that occur in a joint table."""
    return [np.flatnonzero(probabilities.sum(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]


def _path_over(values: list[np.ndarray], near: BrojaResult) -> Path | None:
    """The path of a result over these values of X1, X2 and Y, None where some of them do not occur there."""
    known = _occurring(near.joint)
    if all(np.array_equal(some, others) for some, others in zip(values, known, strict=True)):
        return near.path
    if not all(np.isin(some, others).all() for some, others in zip(values, known, strict=True)):
        return None
    places = [np.searchsorted(others, some) for some, others in zip(values, known, strict=True)]
    return near.path.restricted(*places)


def _failure(gap_bits: float, tolerance: float, iterations: int, max_iterations: int) -> NotConvergedError:
    exhausted = iterations == max_iterations
    advice = "raise max_iterations or tolerance" if exhausted else "rounding leaves no further one, raise tolerance"
    return NotConvergedError(
        f"union information must be certified to {tolerance:g} bits, got {gap_bits:g} after {iterations} steps; "
        f"{advice}"
    )
