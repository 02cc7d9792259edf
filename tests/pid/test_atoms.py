import pytest
from hypothesis import given
from hypothesis import strategies as st

from pid import Atoms

BITS = st.floats(0, 5)

# Named gates: information of each input, of both, and the union information, all by hand.
GATES = {
    "xor": ((0, 0, 1, 0), Atoms(redundancy=0, unique_1=0, unique_2=0, synergy=1)),
    "redundant copy": ((1, 1, 1, 1), Atoms(redundancy=1, unique_1=0, unique_2=0, synergy=0)),
    "unique 1": ((1, 0, 1, 1), Atoms(redundancy=0, unique_1=1, unique_2=0, synergy=0)),
    "copy of both": ((1, 1, 2, 2), Atoms(redundancy=0, unique_1=1, unique_2=1, synergy=0)),
    "redundancy and xor": ((1, 1, 2, 1), Atoms(redundancy=1, unique_1=0, unique_2=0, synergy=1)),
}


@pytest.mark.parametrize(("informations", "expected"), GATES.values(), ids=GATES)
def test_gates(informations: tuple[float, ...], expected: Atoms) -> None:
    names = ("information_1", "information_2", "total", "union")
    assert Atoms.from_information(**dict(zip(names, informations, strict=True))) == expected


@given(BITS, BITS, BITS, BITS)
def test_the_atoms_add_up_to_the_informations(first: float, second: float, total: float, union: float) -> None:
    atoms = Atoms.from_information(information_1=first, information_2=second, total=total, union=union)
    assert atoms.information_1 == pytest.approx(first, abs=1e-12)
    assert atoms.information_2 == pytest.approx(second, abs=1e-12)
    assert atoms.total == pytest.approx(total, abs=1e-12)
