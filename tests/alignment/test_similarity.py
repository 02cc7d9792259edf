"""Measures of similarity: hand-derived values, naive forms, and the transformations they must and must not notice."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment import debiased_cka, linear_cka, mutual_knn, svcca

MEASURES = [linear_cka, debiased_cka, svcca, mutual_knn]

every_measure = pytest.mark.parametrize("measure", MEASURES)


def related_pair(num_rows: int = 200, d_a: int = 6, d_b: int = 9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two inputs that share three directions of unequal strength and differ in the rest."""
    draw = np.random.default_rng(seed)
    shared = draw.standard_normal((num_rows, 3)) * [3.0, 2.0, 1.0]
    a = shared @ draw.standard_normal((3, d_a)) + draw.standard_normal((num_rows, d_a))
    b = shared @ draw.standard_normal((3, d_b)) + draw.standard_normal((num_rows, d_b))
    return a, b


def rotation(width: int, seed: int = 1) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((width, width)))[0]


def invertible(width: int, seed: int = 2) -> np.ndarray:
    """A map that stretches its axes by factors from 0.2 to 5, between two rotations."""
    return rotation(width, seed) @ np.diag(np.geomspace(0.2, 5.0, width)) @ rotation(width, seed + 1)


def centred_orthonormal(num_rows: int, num_columns: int, seed: int = 0) -> np.ndarray:
    columns = np.random.default_rng(seed).standard_normal((num_rows, num_columns))
    return np.linalg.qr(columns - columns.mean(axis=0))[0]


def naive_cka(a: np.ndarray, b: np.ndarray) -> float:
    """The n × n form of the paper's eq. 6-7."""
    centring = np.eye(len(a)) - 1 / len(a)

    def hsic(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.trace(x @ x.T @ centring @ y @ y.T @ centring)) / (len(a) - 1) ** 2

    return hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b))


def naive_debiased_cka(a: np.ndarray, b: np.ndarray) -> float:
    """Song et al. 2012, eq. 5, as it stands there: kernels without their diagonals, which are not centred."""
    num_rows, ones = len(a), np.ones(len(a))

    def unbiased_hsic(x: np.ndarray, y: np.ndarray) -> float:
        k, l = (z @ z.T * (1 - np.eye(num_rows)) for z in (x, y))  # noqa: E741 (the paper's letters)
        total = np.trace(k @ l) + (ones @ k @ ones) * (ones @ l @ ones) / ((num_rows - 1) * (num_rows - 2))
        return float(total - 2 / (num_rows - 2) * (ones @ k @ l @ ones)) / (num_rows * (num_rows - 3))

    return unbiased_hsic(a, b) / np.sqrt(unbiased_hsic(a, a) * unbiased_hsic(b, b))


def naive_mutual_knn(a: np.ndarray, b: np.ndarray, k: int) -> float:
    """The paper's eq. 8-10: agreement of the two neighbour indicators over the square root of their own."""

    def indicators(x: np.ndarray) -> np.ndarray:
        directions = x / np.linalg.norm(x, axis=1, keepdims=True)
        cosines = directions @ directions.T
        np.fill_diagonal(cosines, -np.inf)
        ranks = (-cosines).argsort(axis=1).argsort(axis=1)
        return (ranks < k).astype(float)

    near_a, near_b = indicators(a), indicators(b)
    return float((near_a * near_b).sum() / np.sqrt((near_a**2).sum() * (near_b**2).sum()))


def standardised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / x.std(axis=0)


def naive_svcca(a: np.ndarray, b: np.ndarray, num_components: int) -> float:
    """The steps of the paper's sec. 2.2 for inputs of full rank."""
    u_a, u_b = (np.linalg.svd(standardised(x), full_matrices=False)[0][:, :num_components] for x in (a, b))
    return float(np.linalg.svd(u_a.T @ u_b, compute_uv=False).mean())


def svcca_of_centred(a: np.ndarray, b: np.ndarray, num_components: int) -> float:
    u_a, u_b = (np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0][:, :num_components] for x in (a, b))
    return float(np.linalg.svd(u_a.T @ u_b, compute_uv=False).mean())


def unit_rows(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@settings(deadline=None, max_examples=30)
@given(num_rows=st.integers(3, 40), d_a=st.integers(1, 8), d_b=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
def test_cka_equals_its_naive_form(num_rows: int, d_a: int, d_b: int, seed: int) -> None:
    a, b = related_pair(num_rows, d_a, d_b, seed)
    assert linear_cka(a, b) == pytest.approx(naive_cka(a, b), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(num_rows=st.integers(5, 40), d_a=st.integers(1, 8), d_b=st.integers(1, 8), seed=st.integers(0, 2**32 - 1))
def test_debiased_cka_equals_its_naive_form(num_rows: int, d_a: int, d_b: int, seed: int) -> None:
    a, b = related_pair(num_rows, d_a, d_b, seed)
    # Terms that nearly cancel are each at most about 1 in terms of the result, but for a few rows in a line.
    assert debiased_cka(a, b) == pytest.approx(naive_debiased_cka(a, b), abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(num_rows=st.integers(3, 60), seed=st.integers(0, 2**32 - 1), data=st.data())
def test_mutual_knn_equals_its_naive_form(num_rows: int, seed: int, data: st.DataObject) -> None:
    a, b = related_pair(num_rows, seed=seed)
    k = data.draw(st.integers(1, num_rows - 1))
    assert mutual_knn(a, b, k) == pytest.approx(naive_mutual_knn(a, b, k), rel=1e-12)


@settings(deadline=None, max_examples=30)
@given(num_rows=st.integers(12, 60), num_components=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_svcca_equals_its_naive_form(num_rows: int, num_components: int, seed: int) -> None:
    a, b = related_pair(num_rows, seed=seed)
    # Rounding turns a leading direction by ε over the gap to the next singular value, which may be near 1e-6 by chance.
    assert svcca(a, b, num_components) == pytest.approx(naive_svcca(a, b, num_components), rel=1e-9)


def test_svcca_standardises_unit_rows_whose_features_vary_unequally() -> None:
    # A projection head's output at length 1, far from isotropic: centring alone gives another value.
    a, b = (unit_rows(x) for x in related_pair(d_a=16, d_b=16))
    centred_only = svcca_of_centred(a, b, 10)
    assert svcca(a, b) == pytest.approx(naive_svcca(a, b, 10), rel=1e-12)
    assert abs(svcca(a, b) - centred_only) > 0.005


@pytest.mark.parametrize("scale", [0.1, 1.0, 50.0])
def test_svcca_of_two_correlated_features_derived_by_hand(scale: float) -> None:
    # Of standardised features with correlation 0.6 the leading direction is their sum, (1.6, 0.8) / √3.2 in u's terms,
    # whatever the scale of one of them: it has the correlation 2 / √5 with the first.
    u = centred_orthonormal(50, 2)
    a = np.column_stack((scale * u[:, 0], 0.6 * u[:, 0] + 0.8 * u[:, 1]))
    assert svcca(a, u[:, :1], num_components=1) == pytest.approx(2 / np.sqrt(5), rel=1e-12)


def test_values_derived_by_hand() -> None:
    # b's first column has correlation 0.6 with a's first, and its second none with any: canonical correlations 0.6, 0.
    u = centred_orthonormal(50, 4)
    a, b = u[:, :2], np.column_stack((0.6 * u[:, 0] + 0.8 * u[:, 2], u[:, 3]))
    assert svcca(a, b) == pytest.approx(0.6 / 2, rel=1e-12)
    # |a'b|² = 0.36, and |a'a| = |b'b| = √2.
    assert linear_cka(a, b) == pytest.approx(0.36 / 2, rel=1e-12)


def test_mutual_knn_counts_shared_neighbours_on_a_circle() -> None:
    def on_circle(*degrees: float) -> np.ndarray:
        return np.stack((np.cos(np.radians(degrees)), np.sin(np.radians(degrees))), axis=1)

    # Nearest of 0, 1, 2, 3: in a 1, 0, 3, 2; in b 1, 0, 0, 1. They agree in the first two rows.
    assert mutual_knn(on_circle(0, 1, 90, 92), on_circle(0, 1, -60, 62), k=1) == 0.5


@every_measure
def test_an_input_is_wholly_similar_to_itself(measure: Callable[..., float]) -> None:
    a, _ = related_pair()
    assert measure(a, a) == pytest.approx(1.0, rel=1e-12)


@every_measure
def test_measures_are_symmetric_and_lie_between_their_ends(measure: Callable[..., float]) -> None:
    a, b = related_pair()
    assert 0.0 < measure(a, b) < 1.0
    assert measure(b, a) == pytest.approx(measure(a, b), rel=1e-12)


@every_measure
def test_shared_structure_raises_them_above_unrelated_inputs(measure: Callable[..., float]) -> None:
    a, b = related_pair()
    shuffled = b[np.random.default_rng(5).permutation(len(b))]
    assert measure(a, b) > 1.5 * measure(a, shuffled)


@every_measure
def test_rotation_scale_and_the_order_of_rows_do_not_matter(measure: Callable[..., float]) -> None:
    # SVCCA ignores a rotation because its 10 components are all that the 6 and 9 features have.
    a, b = related_pair()
    order = np.random.default_rng(3).permutation(len(a))
    for other_a, other_b in ((a @ rotation(6), b @ rotation(9)), (1e-3 * a, 1e3 * b), (a[order], b[order])):
        assert measure(other_a, other_b) == pytest.approx(measure(a, b), rel=1e-10)


@pytest.mark.parametrize(
    ("measure", "must_not_matter"), [(linear_cka, False), (debiased_cka, False), (svcca, True), (mutual_knn, False)]
)
def test_only_svcca_ignores_an_invertible_map_when_it_keeps_every_component(
    measure: Callable[..., float], must_not_matter: bool
) -> None:
    a, b = related_pair()
    difference = abs(measure(a @ invertible(6), b) - measure(a, b))
    assert (difference < 1e-10) if must_not_matter else (difference > 1e-3)


@pytest.mark.parametrize("change", [rotation, invertible])
def test_svcca_of_the_leading_components_notices_a_mixing_of_features(
    change: Callable[[int], np.ndarray],
) -> None:
    a, b = related_pair()
    assert abs(svcca(a @ change(6), b, num_components=2) - svcca(a, b, num_components=2)) > 1e-3


@pytest.mark.parametrize("num_components", [1, 2, 10])
def test_svcca_ignores_the_scale_and_the_sign_of_each_feature(num_components: int) -> None:
    a, b = related_pair()
    factors = np.array([1e-200, -3.0, 1e-3, 1.0, 1e3, -1e150])
    expected = svcca(a, b, num_components)
    assert svcca(factors * a, b, num_components) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, mutual_knn])
def test_cka_and_mutual_knn_notice_the_scale_of_each_feature(measure: Callable[..., float]) -> None:
    a, b = related_pair()
    assert abs(measure(np.geomspace(0.1, 10.0, 6) * a, b) - measure(a, b)) > 1e-3


@pytest.mark.parametrize(
    ("measure", "must_not_matter"), [(linear_cka, True), (debiased_cka, True), (svcca, True), (mutual_knn, False)]
)
def test_only_mutual_knn_notices_a_shift_of_the_origin(measure: Callable[..., float], must_not_matter: bool) -> None:
    a, b = related_pair()
    difference = abs(measure(a + 7.0, b) - measure(a, b))
    assert (difference < 1e-10) if must_not_matter else (difference > 1e-3)


@pytest.mark.parametrize(
    ("measure", "must_not_matter"), [(linear_cka, False), (debiased_cka, False), (svcca, False), (mutual_knn, True)]
)
def test_only_mutual_knn_ignores_the_length_of_each_row(measure: Callable[..., float], must_not_matter: bool) -> None:
    a, b = related_pair()
    lengths = np.random.default_rng(4).uniform(0.1, 10.0, (len(a), 1))
    difference = abs(measure(lengths * a, b) - measure(a, b))
    assert (difference == 0) if must_not_matter else (difference > 1e-3)


@every_measure
def test_constant_columns_are_no_variation(measure: Callable[..., float]) -> None:
    a, b = related_pair()
    column = np.full((len(a), 1), 0.0 if measure is mutual_knn else 0.1)  # a cosine is not centred
    assert measure(np.hstack((a, column)), b) == pytest.approx(measure(a, b), rel=1e-12)


@pytest.mark.parametrize("scale", [0.0, 1.0, -1e30])
@pytest.mark.parametrize("measure", [linear_cka, debiased_cka, svcca])
def test_a_collapsed_input_shares_no_variation(measure: Callable[..., float], scale: float) -> None:
    _, b = related_pair()
    # Sums of 200 equal numbers round, so that a mean need not be the number itself.
    collapsed = np.tile(scale * np.random.default_rng(0).standard_normal(6), (len(b), 1))
    assert scale == 0 or (collapsed.mean(axis=0) != collapsed[0]).any()
    assert measure(collapsed, b) == 0.0
    assert measure(b, collapsed) == 0.0
    assert measure(collapsed, collapsed) == 0.0


def test_debiased_cka_of_rows_that_are_all_as_far_from_one_another_is_0() -> None:
    # Off its diagonal such a kernel is one number: no pair of rows differs from any other.
    one_hot = np.eye(30)
    assert debiased_cka(one_hot, one_hot) == debiased_cka(one_hot, related_pair(30)[0]) == 0.0
    assert linear_cka(one_hot, one_hot) == pytest.approx(1.0, rel=1e-12)


def test_debiased_cka_finds_what_many_features_and_few_rows_hide() -> None:
    # Unrelated inputs of width 64 at 36 rows.
    draw = np.random.default_rng(0)
    pairs = draw.standard_normal((100, 2, 36, 64))
    assert np.mean([linear_cka(a, b) for a, b in pairs]) == pytest.approx(0.64, abs=0.01)
    deviation = np.sqrt(2 / (36 * 33))
    assert abs(np.mean([debiased_cka(a, b) for a, b in pairs])) < 4 * deviation / np.sqrt(len(pairs))


def test_debiased_cka_of_three_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 rows, got 3"):
        debiased_cka(np.eye(3), np.eye(3))


def test_two_collapsed_inputs_agree_on_every_tie() -> None:
    assert mutual_knn(np.ones((30, 2)), np.full((30, 5), 0.3)) == 1.0


def test_svcca_takes_no_more_components_than_the_rank() -> None:
    a, b = related_pair()
    doubled = np.hstack((a, a, a[:, :1] - 2 * a[:, 1:2]))
    for num_components in (6, 7, 13, 1000):
        assert svcca(doubled, b, num_components) == pytest.approx(svcca(a, b, num_components), rel=1e-10)


def test_svcca_does_not_take_rounding_for_components() -> None:
    # A float32 layer widens 6 features to 40: 34 directions of its output are rounding, larger here for an offset.
    generator = torch.Generator().manual_seed(0)
    narrow, unrelated = torch.randn(500, 6, generator=generator), torch.randn(500, 40, generator=generator)
    wide = narrow @ torch.randn(6, 40, generator=generator) + 5.0
    expected = svcca(narrow, unrelated, num_components=40)
    assert svcca(wide, unrelated, num_components=40) == pytest.approx(expected, abs=1e-5)
    # The same values in float64 may mean every digit, and are taken at their word.
    assert abs(svcca(wide.double(), unrelated, num_components=40) - expected) > 0.01


def test_svcca_does_not_take_the_rounding_of_a_constant_for_a_feature() -> None:
    # Saturated units: their outputs are one number but for float32's last digit, which standardising would blow up.
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(500, 6, generator=generator), torch.randn(500, 5, generator=generator)
    last_digits = 1.0 + torch.finfo(torch.float32).eps * torch.randint(-1, 2, (500, 4), generator=generator)
    assert last_digits.std(dim=0).min() > 0
    with_saturated = torch.cat((a, last_digits), dim=1)
    assert svcca(with_saturated, b) == pytest.approx(svcca(a, b), rel=1e-10)
    assert svcca(last_digits, b) == 0.0
    # A feature that varies by a little more than its rounding does not hide the components of the others.
    barely = torch.cat((a, 1.0 + 2e-6 * torch.randn(500, 1, generator=generator)), dim=1)
    assert svcca(barely, a, num_components=7) == pytest.approx(1.0, rel=1e-10)


def test_svcca_with_one_component_is_a_correlation_of_principal_components() -> None:
    a, b = related_pair()

    def first_component(x: np.ndarray) -> np.ndarray:
        features = standardised(x)
        return features @ np.linalg.eigh(features.T @ features)[1][:, -1]

    expected = abs(np.corrcoef(first_component(a), first_component(b))[0, 1])
    assert svcca(a, b, num_components=1) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@every_measure
def test_scale_neither_overflows_nor_vanishes(measure: Callable[..., float], scale: float) -> None:
    a, b = related_pair()
    assert measure(a * scale, b) == pytest.approx(measure(a, b), rel=1e-10)


@every_measure
def test_more_features_than_rows(measure: Callable[..., float]) -> None:
    a, b = related_pair(num_rows=20, d_a=300, d_b=50)
    assert 0.0 < measure(a, b) <= 1.0 + 1e-12


@every_measure
def test_arrays_tensors_and_every_type_of_number_are_taken(measure: Callable[..., float]) -> None:
    a, b = (np.round(4 * x) for x in related_pair())
    expected = measure(a, b)
    assert type(expected) is float
    for other in (a.astype(np.int64), a.astype(np.float16), torch.from_numpy(a).bfloat16().requires_grad_()):
        assert measure(other, torch.from_numpy(b).float()) == pytest.approx(expected, rel=1e-12)


@every_measure
def test_the_layout_in_memory_does_not_matter(measure: Callable[..., float]) -> None:
    a, b = related_pair()
    columns_first, every_second = np.asfortranarray(a), np.repeat(b, 2, axis=0)[::2]
    assert measure(columns_first, every_second) == pytest.approx(measure(a, b), rel=1e-12)
    assert measure(torch.from_numpy(a.T.copy()).T, b) == pytest.approx(measure(a, b), rel=1e-12)


@every_measure
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones((5, 2)), np.ones((6, 2))),
        (np.ones((1, 2)), np.ones((1, 2))),
        (np.ones(5), np.ones((5, 1))),
        (np.ones((5, 0)), np.ones((5, 1))),
        (np.ones((2, 5, 2)), np.ones((2, 5, 2))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(measure: Callable[..., float], a: np.ndarray, b: np.ndarray) -> None:
    with pytest.raises(ValueError, match="got"):
        measure(a, b)


@every_measure
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_and_counted(measure: Callable[..., float], value: float) -> None:
    a, b = related_pair()
    b[[3, 8], 1] = value
    with pytest.raises(ValueError, match="b must be finite, got NaN or infinity in 2 of its 200 rows"):
        measure(a, b)


@pytest.mark.parametrize(
    ("measure", "options"), [(svcca, {"num_components": 0}), (mutual_knn, {"k": 0}), (mutual_knn, {"k": 200})]
)
def test_counts_that_do_not_fit_are_refused(measure: Callable[..., float], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="got"):
        measure(*related_pair(), **options)
