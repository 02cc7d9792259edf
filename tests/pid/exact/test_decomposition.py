"""The exact decomposition: known atoms, what may not change them, what may only lower them, and its certificate."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from pid.atoms import Atoms
from pid.distributions import NamedDistribution, named_distributions
from pid.exact import BrojaResult, NotConvergedError, broja
from pid.joint_tables import informations, mutual_information

NAMED = named_distributions()
# What each of two results may be off by, at the default tolerance.
TWO_GAPS = 2e-6
# Differences of sums of some hundred terms below 10 bits.
ROUNDING = 1e-12

some_tables = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)


def values(atoms: Atoms) -> np.ndarray:
    return np.array([atoms.redundancy, atoms.unique_1, atoms.unique_2, atoms.synergy])


def union(result: BrojaResult) -> float:
    return result.atoms.redundancy + result.atoms.unique_1 + result.atoms.unique_2


def garbled(table: np.ndarray, draw: np.random.Generator, size: int) -> np.ndarray:
    """The table with x1 replaced by a random function of it with noise."""
    channel = draw.dirichlet(np.full(size, 0.5), table.shape[0])
    return np.einsum("ijy,ik->kjy", table, channel)


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """Dense, sparse, skewed, near-deterministic, count and almost independent tables of up to 6 × 5 × 4."""
    shape = tuple(draw(st.integers(1, size)) for size in (6, 5, 4))
    generator = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(["dense", "sparse", "skewed", "near-deterministic", "counts", "independent"]))
    table = generator.dirichlet(np.ones(np.prod(shape))).reshape(shape)
    if kind == "sparse":
        table *= generator.random(shape) < 0.4
    elif kind == "skewed":
        table = 10 ** generator.uniform(-12, 0, shape)
    elif kind == "near-deterministic":
        table[np.arange(shape[2]) != generator.integers(0, shape[2], shape[:2])[:, :, None]] *= 1e-9
    elif kind == "counts":
        table = generator.multinomial(60, table.ravel()).reshape(shape).astype(float)
    elif kind == "independent":
        shares = [generator.dirichlet(np.ones(size)) for size in shape]
        table = generator.multinomial(2000, np.einsum("i,j,k", *shares).ravel()).reshape(shape).astype(float)
    table[0, 0, 0] += 1e-3
    return table


def exchanges(shape: tuple[int, int, int]) -> np.ndarray:
    """Changes [k, n1, n2, ny] that keep both margins, and that every other such change is a sum of."""
    moves = []
    for i, j, y in np.ndindex(shape[0] - 1, shape[1] - 1, shape[2]):
        move = np.zeros(shape)
        move[0, 0, y] = move[i + 1, j + 1, y] = 1
        move[0, j + 1, y] = move[i + 1, 0, y] = -1
        moves.append(move)
    return np.array(moves)


def independent_given_label(table: np.ndarray) -> np.ndarray:
    return table.sum(axis=1)[:, None, :] * table.sum(axis=0) / table.sum(axis=(0, 1))


def information_of(joint: np.ndarray) -> float:
    return mutual_information(joint.reshape(-1, joint.shape[2]))


def minimum_by_nested_search(table: np.ndarray) -> float:
    """The union information of a 2 × 2 × 2 table, which has one free number for each label."""
    moves, start = exchanges((2, 2, 2)), independent_given_label(table)
    bounds = [(-min(start[0, 0, y], start[1, 1, y]), min(start[0, 1, y], start[1, 0, y])) for y in (0, 1)]

    def least(joint: np.ndarray, y: int) -> float:
        if y == 2:
            return information_of(np.maximum(joint, 0))
        return minimize_scalar(
            lambda amount: least(joint + amount * moves[y], y + 1),
            bounds=bounds[y],
            method="bounded",
            options={"xatol": 1e-11},
        ).fun

    return least(start, 0)


def low_information_by_general_solver(table: np.ndarray) -> float:
    """I(X1, X2; Y) of a coupling that sequential quadratic programming found; it may have stopped above the least."""
    moves, start = exchanges(table.shape), independent_given_label(table)

    def objective(amounts: np.ndarray) -> tuple[float, np.ndarray]:
        joint = np.maximum(start + np.tensordot(amounts, moves, 1), 1e-300)
        logarithms = np.log(joint / joint.sum(axis=2, keepdims=True))
        return float((joint * logarithms).sum()), np.tensordot(moves, logarithms, 3)

    entries = moves.reshape(len(moves), -1).T
    not_negative = {"type": "ineq", "fun": lambda amounts: start.ravel() + entries @ amounts, "jac": lambda _: entries}
    found = minimize(
        objective, np.zeros(len(moves)), jac=True, method="SLSQP", constraints=not_negative, options={"ftol": 1e-14}
    )
    return information_of(np.maximum(start + np.tensordot(found.x, moves, 1), 0))


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
def test_named_distributions_have_their_atoms(named: NamedDistribution) -> None:
    result = broja(named.table)
    assert (result.method, result.converged) == ("interior point", True)
    assert result.gap_bits <= 1e-6
    assert values(result.atoms) == pytest.approx(values(named.atoms), abs=1e-6)


@pytest.mark.parametrize(("first", "second"), [*combinations(("XOR", "AND", "UNQ1", "PWUNQ"), 2)])
def test_atoms_of_independent_systems_add_up(first: str, second: str) -> None:
    # Bertschinger et al. 2014, lemma 19.
    result = broja(np.kron(NAMED[first].table, NAMED[second].table))
    assert values(result.atoms) == pytest.approx(values(NAMED[first].atoms) + values(NAMED[second].atoms), abs=1e-6)


@some_tables
@given(tables(), seeds)
def test_a_noisy_copy_of_one_input_is_all_redundant(table: np.ndarray, seed: int) -> None:
    # Where Y - X1 - X2 is a Markov chain, I(X1; Y) is the union information, and X2 has nothing of its own.
    channel = np.random.default_rng(seed).dirichlet(np.ones(3), len(table))
    result = broja(table.sum(axis=1)[:, None, :] * channel[:, :, None])
    atoms = result.atoms
    assert atoms.redundancy == pytest.approx(atoms.information_2, abs=1e-6)
    assert [atoms.unique_2, atoms.synergy] == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("noise", [0, 1e-14, 1e-9, 1e-4])
def test_two_copies_of_one_almost_certain_input_are_redundant(noise: float) -> None:
    draw = np.random.default_rng(0)
    labels = np.eye(4)[draw.integers(0, 4, 40)] + noise * draw.random((40, 4))
    table = np.zeros((40, 40, 4))
    table[np.arange(40), np.arange(40)] = labels / labels.sum(axis=1, keepdims=True)
    atoms = broja(table).atoms
    assert atoms.redundancy == pytest.approx(informations(table).total, abs=1e-6)
    assert [atoms.unique_1, atoms.unique_2, atoms.synergy] == pytest.approx([0, 0, 0], abs=1e-6)


@some_tables
@given(tables())
def test_atoms_add_up_to_the_informations_and_the_coupling_has_the_margins(table: np.ndarray) -> None:
    result = broja(table)
    probabilities, found = table / table.sum(), informations(table)
    assert result.atoms.information_1 == pytest.approx(found.information_1, abs=ROUNDING)
    assert result.atoms.information_2 == pytest.approx(found.information_2, abs=ROUNDING)
    assert result.atoms.total == pytest.approx(found.total, abs=ROUNDING)
    assert result.joint.shape == table.shape
    assert result.joint.min() >= 0
    np.testing.assert_allclose(result.joint.sum(axis=1), probabilities.sum(axis=1), rtol=0, atol=1e-15)
    np.testing.assert_allclose(result.joint.sum(axis=0), probabilities.sum(axis=0), rtol=0, atol=1e-15)
    assert union(result) == pytest.approx(information_of(result.joint), abs=ROUNDING)


@some_tables
@given(tables())
def test_no_atom_is_negative_beyond_the_gap(table: np.ndarray) -> None:
    result = broja(table)
    assert result.gap_bits <= 1e-6
    # Any coupling bounds unique information from above; the optimum would bound the other two.
    assert min(result.atoms.unique_1, result.atoms.unique_2) >= -ROUNDING
    assert min(result.atoms.redundancy, result.atoms.synergy) >= -result.gap_bits - ROUNDING


@some_tables
@given(tables(), seeds)
def test_names_order_and_units_of_the_values_do_not_matter(table: np.ndarray, seed: int) -> None:
    expected = values(broja(table).atoms)
    draw = np.random.default_rng(seed)
    relabelled = table[np.ix_(*(draw.permutation(size) for size in table.shape))]
    assert values(broja(relabelled).atoms) == pytest.approx(expected, abs=TWO_GAPS)
    assert values(broja(1234 * table).atoms) == pytest.approx(expected, abs=TWO_GAPS)
    assert values(broja(table.swapaxes(0, 1)).atoms) == pytest.approx(expected[[0, 2, 1, 3]], abs=TWO_GAPS)


@some_tables
@given(tables(), st.floats(0.01, 0.99))
def test_values_that_tell_the_same_can_be_merged_and_empty_ones_left_out(table: np.ndarray, share: float) -> None:
    expected = values(broja(table).atoms)
    split = np.concatenate((table[:-1], share * table[-1:], (1 - share) * table[-1:]))
    assert values(broja(split).atoms) == pytest.approx(expected, abs=TWO_GAPS)
    padded = np.pad(table, ((0, 1), (2, 0), (1, 1)))
    result = broja(padded)
    assert values(result.atoms) == pytest.approx(expected, abs=TWO_GAPS)
    assert (result.joint[padded.sum(axis=1)[:, None, :] * padded.sum(axis=0) == 0] == 0).all()


@some_tables
@given(tables(), seeds)
def test_noise_on_one_input_lowers_what_it_tells_and_raises_what_only_the_other_does(
    table: np.ndarray, seed: int
) -> None:
    before = broja(table).atoms
    after = broja(garbled(table, np.random.default_rng(seed), size=3)).atoms
    assert after.redundancy <= before.redundancy + TWO_GAPS
    assert after.unique_1 <= before.unique_1 + TWO_GAPS
    assert after.unique_2 >= before.unique_2 - TWO_GAPS


@some_tables
@given(tables(), st.floats(0, 1))
def test_a_coarser_label_or_noise_on_it_can_only_lower_what_the_inputs_tell_without_synergy(
    table: np.ndarray, share: float
) -> None:
    # The best coupling for the label is one for what is made of it, and tells no more of that.
    before = union(broja(table))
    assert union(broja(np.add.reduceat(table, [0, *range(2, table.shape[2])], axis=2))) <= before + TWO_GAPS
    spread = share * table + (1 - share) * table.mean(axis=2, keepdims=True)
    assert union(broja(spread)) <= before + TWO_GAPS


def test_noise_that_hides_an_input_takes_its_redundancy() -> None:
    table = np.random.default_rng(0).dirichlet(np.ones(60)).reshape(5, 4, 3)
    hidden = np.full((5, 4, 3), 1 / 5) * table.sum(axis=0)
    before, after = broja(table).atoms, broja(hidden).atoms
    assert before.redundancy > 0.01
    assert values(after) == pytest.approx([0, 0, before.information_2, 0], abs=1e-6)


@settings(deadline=None, max_examples=10)
@given(seeds)
def test_equals_a_search_of_all_couplings(seed: int) -> None:
    table = np.random.default_rng(seed).dirichlet(np.full(8, 0.7)).reshape(2, 2, 2)
    result = broja(table, tolerance=1e-9)
    # The search ends within 1e-11 of the border, where the slope of the information is log2 1e-11 = -37 at the most.
    assert union(result) == pytest.approx(minimum_by_nested_search(table), abs=3e-9)


@settings(deadline=None, max_examples=10)
@given(seed=seeds, size_1=st.integers(2, 3), num_classes=st.integers(2, 3))
def test_a_general_solver_finds_no_coupling_below_the_certificate(seed: int, size_1: int, num_classes: int) -> None:
    table = np.random.default_rng(seed).dirichlet(np.ones(size_1 * 3 * num_classes)).reshape(size_1, 3, num_classes)
    result = broja(table, tolerance=1e-7)
    # Its constraints hold to 1e-12 or so.
    assert low_information_by_general_solver(table) >= union(result) - result.gap_bits - 1e-10


@pytest.mark.parametrize("max_iterations", range(8))
def test_the_certificate_holds_wherever_the_method_stops(max_iterations: int) -> None:
    table = np.random.default_rng(1).dirichlet(np.full(300, 0.3)).reshape(10, 10, 3)
    best = broja(table, tolerance=1e-10)
    early = broja(table, max_iterations=max_iterations, raise_on_failure=False)
    excess = union(early) - union(best)
    assert -1e-10 <= excess <= early.gap_bits + 1e-10
    assert early.gap_bits > 1e-6
    assert not early.converged
    assert early.iterations == max_iterations
    # It would be worth little if it were far from the truth: it is within a factor of three, and 2e-3 bits, of it.
    assert early.gap_bits <= 3 * excess + 2e-3


# Of tables that random search found to be the hardest, all by hand-sized numbers.
HARD = {
    # Counts of three independent bits. Hardly anything is told, so couplings that differ much are hardly worse than the
    # best, and steps follow a nearly singular matrix. A line search on the equations' residual stalled at 3e-6, 1e-4
    # and 4e-5 bits here.
    "flat optimum, small counts": [[[13, 179], [1, 31]], [[96, 1328], [14, 192]]],
    "flat optimum, a rare corner": [[[1730, 593], [108, 28]], [[116, 31], [6, 1]]],
    "flat optimum, frequent corners": [[[34, 25], [142, 141]], [[128, 125], [657, 693]]],
    # The same with forced zeros: masses can go ten times as far as slacks in one step, and the two take turns.
    "flat optimum, few of one value": [
        [[7674, 614, 606, 7731], [1108, 91, 90, 1013], [60, 4, 8, 60], [1149, 83, 69, 1145]],
        [[182, 10, 13, 153], [24, 1, 4, 22], [2, 0, 0, 0], [26, 2, 5, 23]],
    ],
    # Multipliers must change by the logarithms of these ratios, for which exp(x) is not 1 + x: Newton's steps as they
    # are send exponents to -170 (of which they come back by a constant a step) and end at 0.3 and 7e-5 bits.
    "rare labels": [[[1e-8, 3e-8], [0.6, 7e-9]], [[0.5, 1.0], [7e-8, 6e-8]]],
    "rare values and labels": [
        [[9e-8, 8e-4, 1e-8, 0.95], [2e-7, 8e-4, 1.5e-8, 0.04], [5e-10, 2e-6, 1e-11, 4e-4]],
        [[3e-7, 2e-4, 4e-8, 5e-3], [1e-7, 7e-5, 1e-8, 1.4e-3], [2e-10, 3e-8, 1e-11, 2e-6]],
    ],
    "one certain event": [
        [[1.0, 3e-13], [0.1, 5e-19]],
        [[3e-14, 5e-18], [4e-17, 2e-6]],
        [[2e-8, 4e-15], [1e-4, 2e-7]],
        [[4e-16, 2e-5], [3e-11, 0.01]],
        [[2e-10, 2e-9], [1e-3, 3e-12]],
    ],
}


@pytest.mark.parametrize("table", HARD.values(), ids=HARD)
def test_the_hardest_tables_are_certified_in_few_steps(table: list) -> None:
    result = broja(np.array(table))
    assert result.gap_bits <= 1e-6
    assert result.iterations <= 15
    assert broja(np.array(table), tolerance=1e-9).gap_bits <= 1e-9


def test_the_tolerance_is_kept() -> None:
    table = np.random.default_rng(2).dirichlet(np.ones(400)).reshape(10, 10, 4)
    tolerances = (1e-2, 1e-4, 1e-6, 1e-9, 1e-12)
    results = [broja(table, tolerance=tolerance) for tolerance in tolerances]
    for result, tolerance in zip(results, tolerances, strict=True):
        assert result.gap_bits <= tolerance
    # Less is asked, so less is done.
    iterations = [result.iterations for result in results]
    assert iterations == sorted(set(iterations))


def test_not_converging_raises_and_says_what_was_reached() -> None:
    table = np.random.default_rng(3).dirichlet(np.ones(400)).reshape(10, 10, 4)
    with pytest.raises(NotConvergedError, match=r"certified to 1e-06 bits, got 0\.0\d+ after 1 steps"):
        broja(table, max_iterations=1)


def test_rounding_that_leaves_no_step_is_told_from_too_few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise np.linalg.LinAlgError

    monkeypatch.setattr("pid.exact.interior_point.NormalEquations", fail)
    with pytest.raises(NotConvergedError, match="after 0 steps; rounding leaves no further one, raise tolerance"):
        broja(NAMED["AND"].table)


def test_the_largest_tables_that_are_promised_are_certified() -> None:
    table = np.random.default_rng(4).dirichlet(np.ones(64 * 64 * 10)).reshape(64, 64, 10)
    result = broja(table)
    assert result.gap_bits <= 1e-6
    assert result.iterations < 40


def test_the_same_table_gives_the_same_result() -> None:
    table = np.random.default_rng(5).dirichlet(np.ones(120)).reshape(6, 5, 4)
    first, second = broja(table), broja(table)
    assert first.atoms == second.atoms
    assert np.array_equal(first.joint, second.joint)


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 1), (1, 1, 5)])
def test_nothing_is_told_where_nothing_varies(shape: tuple[int, int, int]) -> None:
    table = np.random.default_rng(6).random(shape)
    assert values(broja(table).atoms) == pytest.approx(np.zeros(4), abs=ROUNDING)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (np.ones((2, 2)), {}, "table must be"),
        (-np.ones((2, 2, 2)), {}, "table must not be negative"),
        (np.full((2, 2, 2), np.nan), {}, "table must be finite"),
        (np.zeros((2, 2, 2)), {}, "table must have a positive entry"),
        (np.ones((2, 2, 2)), {"tolerance": 0.0}, "tolerance must be positive, got 0"),
        (np.ones((2, 2, 2)), {"tolerance": float("nan")}, "tolerance must be positive, got nan"),
        (np.ones((2, 2, 2)), {"max_iterations": -1}, "max_iterations must not be negative, got -1"),
    ],
)
def test_bad_input_is_refused(table: np.ndarray, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        broja(table, **options)
