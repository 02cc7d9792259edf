"""The front door: truth at large n, silence about noise, and results of nothing but the data and the seed."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from pid.atoms import Atoms
from pid.distributions import named_distributions
from pid.estimates import Estimate, Null
from pid.estimation import estimate
from pid.exact import broja
from pid.inference import ATOM_NAMES, as_vector
from pid.joint_tables import joint_table
from pid.jointly_gaussian import gaussian
from pid.learnt import BatchResult
from pid.lsmi import pointwise
from pid.methods import METHODS, Decomposition

FEW: dict[str, Any] = {"num_permutations": 19, "num_resamples": 19, "num_workers": 1}
BROJA: dict[str, Any] = {**FEW, "method": "broja"}


def null_of(result: Estimate) -> Null:
    assert result.null is not None
    return result.null


def rows_of(table: np.ndarray, num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes and labels of `num_rows` rows drawn from a joint table [n1, n2, ny]."""
    cells = np.random.default_rng(seed).choice(table.size, size=num_rows, p=table.ravel() / table.sum())
    x1, x2, y = np.unravel_index(cells, table.shape)
    return x1, x2, y


def independent(num_rows: int, num_codes: int, num_classes: int, seed: int = 0) -> Sequence[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, size, num_rows) for size in (num_codes, num_codes, num_classes)]


def features_of(y: np.ndarray, num_columns: int, shift: float, seed: int) -> np.ndarray:
    """Gaussian features whose first column moves with the class."""
    features = np.random.default_rng(seed).standard_normal((len(y), num_columns))
    features[:, 0] += shift * y
    return features


@pytest.mark.parametrize("name", ["XOR", "AND", "UNQ1", "RDN", "SUM", "PWUNQ"])
def test_large_samples_of_known_tables_come_near_their_atoms(name: str) -> None:
    known = named_distributions()[name]
    result = estimate(*rows_of(known.table, 4000), **BROJA)
    # Frequencies of 4,000 rows are off by 1/√4000 ≈ 0.016 at most, relative to which these atoms change by about 1.
    np.testing.assert_allclose(as_vector(result.atoms), as_vector(known.atoms), atol=0.05)
    for atom in ATOM_NAMES:
        # 19 resamples give no sharp end; the nearest end is never farther off than the sampling error.
        assert result.interval[atom].lower - 0.02 <= getattr(known.atoms, atom) <= result.interval[atom].upper + 0.02
    largest = [atom for atom in ATOM_NAMES if getattr(known.atoms, atom) > 0.9 * max(as_vector(known.atoms))]
    assert result.dominant == (largest[0] if len(largest) == 1 else None)
    assert (f"mostly {result.dominant}" if result.dominant else "no atom is surely the largest") in result.verdict


def test_a_few_independent_samples_are_no_finding_of_synergy() -> None:
    x1, x2, y = independent(138, 20, 2)
    result = estimate(x1, x2, y, method="broja", num_permutations=60, num_resamples=30, num_workers=1)
    assert result.atoms.synergy > 0.4  # what a plain estimate would report
    # The null has a standard deviation of 0.05 bit, and the sample is one draw from it.
    assert abs(result.corrected.synergy) < 0.2
    assert result.interval["synergy"].lower < 0 < result.interval["synergy"].upper
    assert result.dominant is None
    assert result.verdict.startswith("not distinguishable from independent labels")


def test_a_large_synergy_is_found_where_the_table_is_sparse() -> None:
    draw = np.random.default_rng(0)
    x1, x2 = draw.integers(0, 20, (2, 2000))
    result = estimate(x1, x2, (x1 ^ x2) & 1, **BROJA)
    assert result.dominant == "synergy"
    # Labels are determined: the raw bit is true, the null takes a part of it away, and the adjustment gives it back.
    assert result.atoms.synergy == pytest.approx(1, abs=0.02)
    assert result.corrected.synergy < 0.95
    assert result.adjusted.synergy == pytest.approx(1, abs=0.02)
    assert result.interval["synergy"].lower < 1 < result.interval["synergy"].upper + 0.02


def test_p_values_of_independent_labels_are_uniform_and_their_corrected_atoms_centred() -> None:
    results = [estimate(*independent(60, 3, 2, seed), **{**BROJA, "seed": seed}) for seed in range(40)]
    claims = sum(not result.verdict.startswith("not distinguishable") for result in results)
    # Of 40 verdicts 2 are wrong on average at the level 0.05; more than 6 are with probability 0.003.
    assert claims <= 6
    levels = np.array([result.p_independent for result in results])
    # Uniform on 1/20, ..., 20/20: the mean of 40 is 0.525 with the standard deviation 0.288/√40 = 0.046.
    assert abs(levels.mean() - 0.525) < 4 * 0.046
    corrected = np.array([as_vector(result.corrected) for result in results])
    error = corrected.std(axis=0) / np.sqrt(len(results))
    assert (np.abs(corrected.mean(axis=0)) < 4 * error).all()
    # Without a correction, 2n ln 2 times I(X1, X2; Y) in bits is about χ² with (9 - 1)(2 - 1) = 8 degrees of freedom.
    # Its mean is 8, and the mean of 40 has the standard deviation 4/√40.
    raw_total = 2 * 60 * np.log(2) * np.mean([result.atoms.total for result in results])
    assert abs(raw_total - 8) < 4 * 4 / np.sqrt(40)


def test_everything_repeats_and_the_number_of_workers_changes_nothing() -> None:
    x1, x2, y = independent(200, 5, 3)
    x1 = (x1 + y) % 5
    options = {"method": "broja", "num_permutations": 19, "num_resamples": 19, "seed": 5}
    alone = estimate(x1, x2, y, num_workers=1, **options)
    assert estimate(x1, x2, y, num_workers=1, **options) == alone
    assert estimate(x1, x2, y, num_workers=2, **options) == alone
    other = estimate(x1, x2, y, num_workers=1, **{**options, "seed": 6})
    assert other.atoms == alone.atoms
    assert other.null != alone.null
    assert other.interval != alone.interval


def test_the_order_of_rows_changes_nothing() -> None:
    x1, x2, y = rows_of(named_distributions()["AND"].table, 300)
    order = np.random.default_rng(1).permutation(300)
    groups = np.arange(300) // 10
    for options in ({}, {"groups": groups}):
        shuffled = {name: values[order] for name, values in options.items()}
        assert estimate(x1[order], x2[order], y[order], **shuffled, **BROJA) == estimate(x1, x2, y, **options, **BROJA)


def test_swapping_the_modalities_swaps_unique_information() -> None:
    x1, x2, y = rows_of(named_distributions()["UNQ1"].table, 500)
    result, swapped = estimate(x1, x2, y, **BROJA), estimate(x2, x1, y, **BROJA)
    # The solver is exact to 1e-6 bits each time.
    np.testing.assert_allclose(as_vector(swapped.atoms)[[0, 2, 1, 3]], as_vector(result.atoms), atol=2e-6)
    assert (result.dominant, swapped.dominant) == ("unique_1", "unique_2")


def test_raw_atoms_are_those_of_the_table() -> None:
    x1, x2, y = rows_of(named_distributions()["RDNXOR"].table, 100)
    result = estimate(x1 * 3 - 50, x2, y + 7, **BROJA)
    expected = broja(joint_table(x1, x2, y)).atoms
    np.testing.assert_allclose(as_vector(result.atoms), as_vector(expected), atol=2e-6)
    assert (result.num_codes, result.num_classes, result.num_samples) == ((4, 4), 4, 100)
    assert result.gap_bits is not None
    assert result.gap_bits <= 1e-6
    corrected = as_vector(result.atoms) - as_vector(null_of(result).mean)
    np.testing.assert_allclose(as_vector(result.corrected), corrected, atol=1e-12)


def test_features_and_sequences_give_what_their_clusters_give() -> None:
    y = np.arange(200) % 2
    x1, x2 = features_of(y, 4, 6.0, seed=1), np.random.default_rng(2).standard_normal((200, 3))
    plain = estimate(x1, x2, y, num_clusters=3, **BROJA)
    assert plain.num_codes == (3, 3)
    assert plain.dominant == "unique_1"
    # Behind one real step there is padding of any value.
    sequences = np.stack((x1, np.full_like(x1, np.nan)), axis=1)
    lengths = np.ones(200, dtype=int)
    assert estimate(sequences, x2, y, lengths_1=lengths, num_clusters=3, **BROJA) == plain
    with pytest.raises(ValueError, match="200 of their 200 rows"):
        estimate(sequences, x2, y, num_clusters=3, **BROJA)
    x1[5, 0] = np.nan
    column = estimate(x1[:, 0], x2, y, num_clusters=3, missing="impute", **BROJA)
    assert column.num_codes == (3, 3)
    assert column.dominant == "unique_1"


def test_the_gaussian_method_takes_features_and_names_its_definition() -> None:
    y = np.arange(150) % 2
    x1, x2 = features_of(y, 2, 4.0, seed=1), features_of(y, 2, 0.0, seed=2)
    result = estimate(x1, x2, y, method="gaussian", **FEW)
    assert result.atoms == gaussian(x1, x2, y).atoms
    assert (result.definition, result.num_codes) == ("Gaussian ~PID", None)
    assert "Gaussian ~PID" in result.verdict
    assert result.dominant == "unique_1"
    with pytest.raises(ValueError, match="got a column of integers, which are codes"):
        estimate(y, x2, y, method="gaussian", **FEW)


def test_draws_that_share_the_reduction_of_features_come_to_what_each_would_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    y = np.arange(150) % 3
    x1, x2 = features_of(y, 4, 1.0, seed=1), features_of(y, 3, 0.5, seed=2)
    x2 = np.column_stack((x2, x2[:, 0] - x2[:, 1]))
    shared = estimate(x1, x2, y, method="gaussian", **FEW)

    def from_the_start(x1: np.ndarray, x2: np.ndarray, y: np.ndarray, *_: object, near: object = None) -> Decomposition:
        return Decomposition(atoms=gaussian(x1, x2, y).atoms, gap_bits=None)

    monkeypatch.setitem(METHODS, "gaussian", replace(METHODS["gaussian"], decompose=from_the_start, reduce=None))
    alone = estimate(x1, x2, y, method="gaussian", **FEW)
    # Each atom is certified to 1e-7 bits; an end of an interval is a sum of four of them and of a mean.
    np.testing.assert_allclose(as_vector(null_of(shared).mean), as_vector(null_of(alone).mean), atol=2e-7)
    for name in ATOM_NAMES:
        assert shared.interval[name] == pytest.approx(alone.interval[name], abs=1e-6)


def test_draws_that_start_near_the_sample_come_to_what_each_would_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    x1, x2, y = rows_of(named_distributions()["AND"].table, 2000)
    near = estimate(x1, x2, y, **BROJA)
    assert estimate(x1, x2, y, **{**BROJA, "num_workers": 2}) == near
    steps = []

    def from_the_start(x1: np.ndarray, x2: np.ndarray, y: np.ndarray, *_: object, near: Any = None) -> Decomposition:
        result = broja(joint_table(x1, x2, y))
        if near is not None:
            steps.append((result.iterations, broja(joint_table(x1, x2, y), near=near.result).iterations))
        return Decomposition(atoms=result.atoms, gap_bits=result.gap_bits, result=result)

    monkeypatch.setitem(METHODS, "broja", replace(METHODS["broja"], decompose=from_the_start))
    alone = estimate(x1, x2, y, **BROJA)
    permuted, resamples = np.array(steps[:19]), np.array(steps[19:])
    assert (permuted[:, 0] == permuted[:, 1]).all()
    assert resamples[:, 1].sum() < 0.9 * resamples[:, 0].sum()
    # Each atom is certified to 1e-6 bits; an end of an interval is a sum of four of them and of a mean.
    np.testing.assert_allclose(as_vector(null_of(near).mean), as_vector(null_of(alone).mean), atol=2e-6)
    for name in ATOM_NAMES:
        assert near.interval[name] == pytest.approx(alone.interval[name], abs=1e-5)


def test_the_pointwise_method_is_its_estimator_with_the_same_seed() -> None:
    y = np.arange(60) % 2
    x1, x2 = features_of(y, 2, 4.0, seed=1), features_of(y, 2, 0.0, seed=2)
    assert METHODS["pointwise"].decompose(x1, x2, y, 3).atoms == pointwise(x1, x2, y, seed=3).atoms
    assert METHODS["pointwise"].definition == "LSMI"


def test_the_batch_method_is_its_estimator_with_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    atoms = Atoms(redundancy=0.1, unique_1=0.2, unique_2=0.3, synergy=0.4)

    def recorded(*inputs: np.ndarray, seed: int, raise_on_failure: bool) -> BatchResult:
        seen.append((*inputs, seed, raise_on_failure))
        return BatchResult(atoms=atoms, gap_bits=0.5, overconfidence=(0.0, 0.0), epochs=(), num_samples=3)

    monkeypatch.setattr(import_module("pid.learnt"), "batch", recorded)
    x1, x2, y = np.ones((3, 2)), np.zeros((3, 2)), np.arange(3)
    result = METHODS["batch"].decompose(x1, x2, y, 7)
    assert (result.atoms, result.gap_bits) == (atoms, 0.5)
    assert [id(each) for each in seen[0][:3]] == [id(x1), id(x2), id(y)]
    assert seen[0][3] == 7
    # A draw that is less exact than asked for does not end the estimate; the sample's own decomposition does.
    METHODS["batch"].decompose(x1, x2, y, 7, near=result)
    assert [raised for *_, raised in seen] == [True, False]
    # Training on rows that are held out as well would find information in noise.
    assert METHODS["batch"].cross_fitted
    assert METHODS["pointwise"].cross_fitted


def grouped(
    num_groups: int = 12, size: int = 15, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Groups with codes and labels of their own, none of which has to do with the others."""
    draw = np.random.default_rng(seed)
    groups = np.repeat(np.arange(num_groups), size)
    codes_1, codes_2, labels = (draw.integers(0, high, num_groups)[groups] for high in (6, 6, 2))
    return codes_1, codes_2, labels, groups


def test_rows_of_one_group_are_not_taken_for_independent_ones() -> None:
    x1, x2, y, groups = grouped()
    # Twelve independent draws, each seen 15 times: as 180 rows they would be overwhelming evidence.
    assert estimate(x1, x2, y, **BROJA).p_independent == 0.05
    assert estimate(x1, x2, y, groups=groups, **BROJA).p_independent > 0.05


def test_the_verdict_names_what_the_numbers_allow() -> None:
    result: Estimate = estimate(*rows_of(named_distributions()["XOR"].table, 200), **BROJA)
    assert result.verdict.startswith("mostly synergy (p = 0.05, n = 200, BROJA by broja")
    assert f"synergy {result.interval['synergy'].lower:.3f} to" in result.verdict
    assert "not distinguishable" in replace(result, p_independent=0.06).verdict


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.arange(40) % 2 + 0.5}, "integer type, got float64"),
        ({"y": np.ones(40, dtype=int)}, "at least two classes"),
        ({"y": np.arange(39) % 2}, "same rows, got 40, 40 and 39"),
        ({"x1": np.ones((39, 2))}, "same rows, got 39, 40 and 40"),
        ({"x1": np.ones((40, 2, 2, 2))}, "got shape"),
        ({"x1": np.full((40, 2), np.nan)}, "40 of their 40 rows"),
        ({"lengths_2": np.ones(40, dtype=int)}, "lengths"),
        ({"x1": np.ones((40, 3, 2)), "lengths_1": np.full(40, 4)}, "from 1 to 3, got 4 to 4"),
        ({"method": "magic"}, "must be one of posterior, broja, batch, gaussian, pointwise, got 'magic'"),
        ({"missing": "ignore"}, "missing must be one of"),
        ({"num_permutations": 18}, "at least 19, got 18"),
        ({"num_resamples": 0}, "at least 19, got 0"),
        ({"num_workers": 0}, "at least 1, got 0"),
        ({"groups": np.zeros(39)}, "groups must be .40., one for each row"),
        ({"groups": np.arange(40) // 5}, "at least 10 groups, got 8"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    draw = np.random.default_rng(0)
    fitting = {"x1": draw.standard_normal((40, 2)), "x2": draw.standard_normal((40, 2)), "y": np.arange(40) % 2}
    with pytest.raises(ValueError, match=message):
        estimate(**{**BROJA, **fitting, **changes})


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 samples, got 9"):
        estimate(*independent(9, 2, 2), **BROJA)


def test_the_gaussian_method_refuses_before_it_starts_what_its_resamples_could_not_decompose() -> None:
    draw = np.random.default_rng(0)
    x1, x2 = draw.standard_normal((2, 60, 20))
    with pytest.raises(ValueError, match="takes n >= 84 for 41 dimensions of x1, x2 and y, got n = 60"):
        estimate(x1, x2, np.arange(60) % 2, method="gaussian", **FEW)
