"""The law: planted laws are found with intervals that hold, noise is called too weak, and nothing depends on order."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis import RedundancyLaw, law_summary
from analysis.redundancy import NoLawError
from pid.atoms import Atoms
from trainables.config import Refused

LARGEST_LAMBDA = 4.0

Plant = Callable[..., pd.DataFrame]
Law = Callable[[np.ndarray], np.ndarray]


def test_a_planted_law_is_found(planted_points: Plant, planted_law: Law) -> None:
    law = RedundancyLaw.fit(planted_points(num_clusters=12, noise=0.03, scatter=0.03), resamples=100)
    truth = np.expm1(planted_law(law.curve["predictor"].to_numpy()))
    # A scatter of 0.03 over 12 studies leaves about 0.01 of log(1 + λ), more at the ends; λ is up to 2.4 times that.
    assert law.curve["saturating"].to_numpy() == pytest.approx(truth, abs=0.1)
    assert law.curve["isotonic"].to_numpy() == pytest.approx(truth, abs=0.25)
    assert law.rank_correlation.value > 0.7
    assert law.errors.saturating < law.errors.median / 3
    forecast = law.predict(Atoms(redundancy=0.4, unique_1=0.1, unique_2=0.0, synergy=0.0), modality=1)
    assert forecast.within_range and forecast.verdict == "forecast"
    assert forecast.value == pytest.approx(np.expm1(planted_law(np.array(0.4))), abs=0.1)


def test_the_order_of_the_points_does_not_matter(planted_points: Plant) -> None:
    points = planted_points(num_clusters=5)
    shuffled = points.sample(frac=1, random_state=0)
    one, other = (RedundancyLaw.fit(table, resamples=40) for table in (points, shuffled))
    assert one.rank_correlation == other.rank_correlation
    assert one.errors == other.errors
    pd.testing.assert_frame_equal(one.curve, other.curve)


def test_units_of_the_predictor_carry_through(planted_points: Plant) -> None:
    points = planted_points(num_clusters=5)
    names = ["redundancy", "redundancy_low", "redundancy_high"]
    in_milli = points.assign(**{name: 1000 * points[name] for name in names})
    one, other = (RedundancyLaw.fit(table, resamples=40) for table in (points, in_milli))
    assert other.predict_at(700.0, 20.0).interval == pytest.approx(one.predict_at(0.7, 0.02).interval, rel=1e-6)


def test_a_falling_law_is_followed_downwards(planted_points: Plant) -> None:
    law = RedundancyLaw.fit(
        planted_points(lambda redundancy: 1.2 - 0.7 * redundancy, num_clusters=6, noise=0.05), resamples=60
    )
    assert law.rank_correlation.interval[1] < 0
    assert law.curve["isotonic"].is_monotonic_decreasing
    assert law.predict_at(0.1).value > law.predict_at(1.3).value + 0.5
    assert "λ* falls" in law_summary(law)[-1]


def test_noise_is_too_weak_to_tell(planted_points: Plant) -> None:
    # Seed 0 is one of the few in a hundred that chance makes look like a law; `test_association` holds their rate.
    law = RedundancyLaw.fit(planted_points(lambda _: np.array(0.7), num_clusters=6, seed=1), resamples=40)
    assert not law.is_told
    assert law.predict_at(0.7).verdict == "law too weak to tell"
    assert "too weak" in law_summary(law)[-1]


def test_four_studies_are_too_few_to_tell_however_well_they_agree(planted_points: Plant) -> None:
    law = RedundancyLaw.fit(planted_points(num_clusters=4, noise=0.02, scatter=0.0), resamples=100)
    assert law.rank_correlation.p_value > 0.05  # of the 24 orders of four studies, two are as extreme as any
    assert "too weak" in law_summary(law)[-1]


def test_a_predictor_beyond_the_studies_is_said_to_be_outside(planted_points: Plant) -> None:
    law = RedundancyLaw.fit(planted_points(num_clusters=5), resamples=40)
    for predictor in (-1.0, 6.0):
        forecast = law.predict_at(predictor)
        assert not forecast.within_range
        assert forecast.verdict.startswith("outside the studies' range")


def test_an_optimum_beyond_the_grid_is_not_taken_for_one_at_its_end(planted_points: Plant) -> None:
    """All optima lie at λ = 4; where grids end at 1, what is seen is 1, and the law must not say so."""

    def level(_: np.ndarray) -> np.ndarray:
        return np.array(np.log1p(4.0))

    seen = planted_points(level, num_clusters=4, noise=0.05, scatter=0.0).assign(largest_lambda=100.0)
    censored = seen.assign(best=1.0, best_low=0.95, best_high=1.0, largest_lambda=1.0)
    mixed = pd.concat([seen, censored.assign(study="short " + censored["study"])])
    law = RedundancyLaw.fit(mixed, resamples=60)
    assert law.predict_at(0.7).value == pytest.approx(4.0, rel=0.15)
    # Of the censored alone nobody knows how far beyond the end their optima lie, but the interval must reach there.
    assert RedundancyLaw.fit(censored, resamples=60).predict_at(0.7).interval[1] > 1.2


def test_an_encoder_of_which_every_lambda_could_be_best_is_left_out(planted_points: Plant) -> None:
    points = planted_points(num_clusters=5)
    silent = points.iloc[:2].assign(study="silent", best_low=0.0, best_high=LARGEST_LAMBDA)
    unknown = points.iloc[:1].assign(study="one seed", best_low=np.nan, best_high=np.nan)
    law = RedundancyLaw.fit(pd.concat([points, silent, unknown]), resamples=40)
    assert law.num_left_out == 3
    pd.testing.assert_frame_equal(law.curve, RedundancyLaw.fit(points, resamples=40).curve)


def test_share_is_of_the_encoders_own_modality(planted_points: Plant) -> None:
    points = planted_points()
    unique = 0.3
    points = points.assign(
        share=points["redundancy"] / (points["redundancy"] + unique),
        unique=unique,
        unique_low=unique,
        unique_high=unique,
    )
    law = RedundancyLaw.fit(points.loc[points["redundancy"] > 0.1], "share", resamples=60)
    atoms = Atoms(redundancy=0.6, unique_1=0.2, unique_2=0.6, synergy=0.0)
    for modality, share in ((1, 0.75), (2, 0.5)):
        found, expected = law.predict(atoms, modality=modality), law.predict_at(share)
        assert (found.value, *found.interval) == pytest.approx((expected.value, *expected.interval))
    with pytest.raises(Refused, match="modality 1 tells nothing"):
        law.predict(Atoms(redundancy=0.1, unique_1=-0.1, unique_2=0.0, synergy=0.0), modality=1)


def test_definitions_are_not_mixed(planted_points: Plant) -> None:
    points = planted_points(num_clusters=3)
    mixed = points.assign(definition=np.where(points["encoder"] == "audio", "BROJA", "LSMI"))
    with pytest.raises(NoLawError, match="BROJA and LSMI"):
        RedundancyLaw.fit(mixed)
    by_two_methods = points.assign(method=np.where(points["encoder"] == "audio", "broja", "posterior"))
    with pytest.raises(NoLawError, match="methods of estimation must not be mixed in one law, got broja and posterior"):
        RedundancyLaw.fit(by_two_methods)
    law = RedundancyLaw.fit(points, resamples=40)
    with pytest.raises(Refused, match="BROJA defines them, got those of LSMI"):
        law.predict(Atoms(redundancy=1, unique_1=0, unique_2=0, synergy=0), modality=1, definition="LSMI")


def test_shared_bits_need_no_decomposition(planted_points: Plant) -> None:
    points = planted_points(num_clusters=5).drop(columns=["redundancy_low", "redundancy_high"])
    points = points.assign(shared_bits=np.round(5 * points["redundancy"]), definition=None)
    law = RedundancyLaw.fit(points, "shared_bits", resamples=40)
    assert law.definition is None and law.rank_correlation.value > 0
    with pytest.raises(ValueError, match="use predict_at"):
        law.predict(Atoms(redundancy=1, unique_1=0, unique_2=0, synergy=0), modality=1)


def test_an_encoder_counts_once(planted_points: Plant) -> None:
    points = planted_points(num_clusters=4)
    with pytest.raises(ValueError, match="some are there twice"):
        RedundancyLaw.fit(pd.concat([points, points.iloc[:1]]))


@pytest.mark.parametrize(
    ("change", "predictor", "message"),
    [
        ({}, "synergy", "predictor must be one of redundancy, share, shared_bits, exact_redundancy, got 'synergy'"),
        ({"redundancy": 1.0}, "redundancy", "studies that differ in redundancy, all have 1"),
        ({"best_low": 0.0, "best_high": LARGEST_LAMBDA}, "redundancy", "at least 3 studies or variants .* got 0"),
    ],
)
def test_points_that_cannot_bear_a_law_are_refused(
    planted_points: Plant, change: dict, predictor: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RedundancyLaw.fit(planted_points().assign(**change), predictor)


def test_two_studies_make_no_law(planted_points: Plant) -> None:
    with pytest.raises(NoLawError, match=r"at least 3 studies or variants .* got 2"):
        RedundancyLaw.fit(planted_points(num_clusters=2))


def test_the_summary_says_what_the_law_rests_on(planted_points: Plant) -> None:
    law = RedundancyLaw.fit(planted_points(num_clusters=6, noise=0.03, scatter=0.03), resamples=60)
    sentences = law_summary(law)
    assert sentences[0].startswith(
        "λ* against the estimated redundancy in bits (BROJA by posterior): 12 encoders of 6 data sets"
    )
    assert f"{law.rank_correlation.value:+.2f}" in sentences[1]
    assert f"{law.errors.saturating:.2f}" in sentences[3] and f"{law.errors.median:.2f}" in sentences[3]
    assert "λ* rises" in sentences[-1]
