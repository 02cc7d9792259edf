"""What an estimate of the information in features is: atoms, and all that is needed to judge them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pid.atoms import Atoms
from pid.inference import LEVEL


class Interval(NamedTuple):
    """Ends of a 95 % interval in bits."""

    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Null:
    """Raw atoms of permuted labels: their mean, and by atom their 5 %, 50 % and 95 % quantiles, in bits."""

    mean: Atoms
    quantiles: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Atoms in bits and all that is needed to judge them; mappings are by name of the atom.

    `method`: atoms of different methods must not be compared, nor those of different definitions (`definition`).
    `atoms`: raw. `corrected`: less a bias, see `pid.inference.correction` and `pid.posterior`. `adjusted`: for methods
    that draw permuted labels also stretched, so that labels which features determine have all of H(Y); else as
    `corrected`. `interval`: of 95 %. `null`: None where the method permutes no labels to find its atoms.
    `p_value`: the test that the atom is above its null, or that what it is a part of is not 0. `p_independent`: the
    test that labels are independent of both modalities, which the verdict rests on. `dominant`: the largest atom where
    that is certain enough. `at_least`: lower ends of 95 %, of R, I(X1; Y), I(X2; Y) and I(X1, X2; Y), that hold
    whatever the method misses; None where it has none. `gap_bits`: that of the raw atoms, None where the method has no
    certificate. `num_codes`: how many codes or cells x1 and x2 have, None where there are none. `num_resamples`: None
    where the method draws none. `notes`: what a reader must know beside the numbers, in sentences.
    """

    method: str
    definition: str
    atoms: Atoms
    corrected: Atoms
    adjusted: Atoms
    interval: Mapping[str, Interval]
    null: Null | None
    p_value: Mapping[str, float]
    p_independent: float
    dominant: str | None
    at_least: Mapping[str, float] | None = None
    gap_bits: float | None
    num_samples: int
    num_codes: tuple[int, int] | None
    num_classes: int
    num_permutations: int
    num_resamples: int | None
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What may be said, in plain words; it calls independent labels informative in at most 5 % of samples."""
        chance = f"p = {self.p_independent:.2g}"
        if self.p_independent > LEVEL:
            return f"not distinguishable from independent labels ({chance}, n = {self.num_samples})"
        ranges = "; ".join(
            f"{name} {interval.lower:.3f} to {interval.upper:.3f}" for name, interval in self.interval.items()
        )
        largest = f"mostly {self.dominant}" if self.dominant else "informative, but no atom is surely the largest"
        bound = f"; redundancy at least {self.at_least['redundancy']:.3f}" if self.at_least else ""
        notes = "".join(f". {note}" for note in self.notes)
        return (
            f"{largest} ({chance}, n = {self.num_samples}, {self.definition} by {self.method}; 95 % intervals in bits: "
            f"{ranges}{bound}){notes}"
        )
