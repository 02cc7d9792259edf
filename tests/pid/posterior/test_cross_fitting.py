"""Held-out posteriors: no row's label has a part in them, and each family sees what it is there for."""

import numpy as np
import pytest
from sklearn.tree import ExtraTreeClassifier

from pid.posterior.classifiers import FAMILIES
from pid.posterior.cross_fitting import held_out_posteriors_of
from pid.posterior.fold_views import fold_views, narrowed, standardised_columns
from pid.posterior.pooling import log_loss


def rows(kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, 400 rows: apart in their means, or in their spread, or by the sign of a product."""
    draw = np.random.default_rng(seed)
    y = np.arange(400) % 2
    x = draw.standard_normal((400, 3))
    if kind == "means":
        x[:, 0] += 2 * y
    elif kind == "spread":
        x[:, 0] *= np.where(y, 4, 1)
    else:
        x[:, 1] = np.abs(x[:, 1]) * np.sign(x[:, 0]) * (2 * y - 1)
    return standardised_columns(x), y


@pytest.mark.parametrize("num_columns", [3, 80])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_labels_of_a_fold_have_no_part_in_what_its_classifiers_say(family: str, num_columns: int) -> None:
    draw = np.random.default_rng(1)
    x = standardised_columns(draw.standard_normal((150, num_columns)))
    codes, folds = draw.integers(0, 3, 150), np.arange(150) % 5
    x[:, 0] += codes
    permuted = codes.copy()
    own = np.flatnonzero(folds == 2)
    permuted[own] = draw.permutation(codes[own])
    assert (permuted != codes).any()
    one_setting = {family: FAMILIES[family].settings[-1:]}
    log_prior = np.log(np.bincount(codes) / 150)
    first, second = (
        held_out_posteriors_of(x, labels, folds, seed=0, settings=one_setting).by_family[0] - log_prior
        for labels in (codes, permuted)
    )
    # One strength for all rows of a fold may differ, as it is chosen by posteriors of other rows that saw these labels.
    by_first, by_second = (part[own, 0] - part[own, 1] for part in (first, second))
    assert np.abs(by_first).max() > 0.1
    ratios = by_first / by_second
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("logistic", "means"),
        ("logistic by relevance", "means"),
        ("quadratic", "spread"),
        ("forest", "product"),
        ("nearest", "spread"),
        ("kernel", "product"),
        ("kernel by relevance", "means"),
    ],
)
def test_each_family_sees_its_own_kind_of_difference(family: str, kind: str) -> None:
    x, codes = rows(kind)
    settings = {family: FAMILIES[family].settings}
    found = held_out_posteriors_of(x, codes, np.arange(400) // 2 % 5, seed=0, settings=settings)
    np.testing.assert_allclose(np.exp(found.log_posteriors).sum(axis=1), 1)
    # log 2 = .693 nats is what knowing nothing costs; all three kinds can be told to .45 or better.
    assert log_loss(found.log_posteriors, codes) < 0.6


def test_rows_that_may_not_train_do_not() -> None:
    x, codes = rows("means")
    train = np.arange(400) < 200
    for view in fold_views(x, codes, np.arange(400) // 2 % 5, train):
        assert train[view.train_rows].all()
        assert not np.intersect1d(view.train_rows, view.held_out_rows).size
        np.testing.assert_array_equal(view.train, x[view.train_rows])


def test_columns_are_standardised_and_very_many_become_few() -> None:
    x = np.random.default_rng(2).standard_normal((30, 4)) * [1, 10, 1e-3, 0] + 5
    columns = standardised_columns(x)
    assert columns.shape == (30, 3)
    np.testing.assert_allclose([columns.mean(axis=0), columns.std(axis=0)], [[0] * 3, [1] * 3], atol=1e-9)
    assert standardised_columns(np.ones((5, 2))).tolist() == [[0.0]] * 5
    wide = standardised_columns(np.random.default_rng(3).standard_normal((20, 1200)))
    scores = narrowed(wide)
    # Principal scores of all directions keep every distance, up to the common scale.
    distances = [np.linalg.norm(part[:, None] - part, axis=2) for part in (wide, scores)]
    ratio = distances[0][~np.eye(20, dtype=bool)] / distances[1][~np.eye(20, dtype=bool)]
    assert ratio == pytest.approx(np.full(len(ratio), ratio[0]), rel=1e-6)


def test_trees_on_indicators_are_the_trees_of_a_classifier() -> None:
    x, codes = rows("product")
    (view, *_) = fold_views(x, codes, np.arange(400) // 2 % 5, np.ones(400, dtype=bool))
    labels = codes[view.train_rows]
    (found,) = FAMILIES["forest"].fit(view, labels, 2, 7, (4,))
    trees = [
        ExtraTreeClassifier(min_samples_leaf=4, max_features="sqrt", random_state=7 + number).fit(view.train, labels)
        for number in range(40)
    ]
    shares = np.mean([tree.predict_proba(view.held_out) for tree in trees], axis=0)
    # Twenty votes, and one as the classes' frequencies. A tie of two cuts may fall either way by rounding.
    np.testing.assert_allclose(found, (20 * shares + np.bincount(labels) / len(labels)) / 21, atol=0.05)
    assert np.abs(found - (20 * shares + np.bincount(labels) / len(labels)) / 21).mean() < 1e-3
