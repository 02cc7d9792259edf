"""The four atoms of a partial information decomposition, and what they add up to."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Atoms:
    """What X1 and X2 tell about Y, in bits, as Williams and Beer (2010) divide it.

    `redundancy`: what each of them tells by itself. `unique_1`, `unique_2`: what only X1 tells, and only X2. `synergy`:
    what only both together tell. Estimates are not clipped: a bias-corrected atom may be negative.
    """

    redundancy: float
    unique_1: float
    unique_2: float
    synergy: float

    @property
    def information_1(self) -> float:
        """I(X1; Y) = R + U1."""
        return self.redundancy + self.unique_1

    @property
    def information_2(self) -> float:
        """I(X2; Y) = R + U2."""
        return self.redundancy + self.unique_2

    @property
    def total(self) -> float:
        """I(X1, X2; Y) = R + U1 + U2 + S."""
        return self.redundancy + self.unique_1 + self.unique_2 + self.synergy

    @classmethod
    def from_information(cls, *, information_1: float, information_2: float, total: float, union: float) -> "Atoms":
        """Atoms from I(X1; Y), I(X2; Y), I(X1, X2; Y) and the union information R + U1 + U2, all in bits.

        By the definition of BROJA (Bertschinger et al. 2014) the union information is the least I(X1, X2; Y) over all
        distributions that share both margins (X1, Y) and (X2, Y) with the true one.
        """
        return cls(
            redundancy=information_1 + information_2 - union,
            unique_1=union - information_2,
            unique_2=union - information_1,
            synergy=total - union,
        )
