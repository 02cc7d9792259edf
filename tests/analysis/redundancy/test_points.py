"""Encoders as points: each has its own modality's information, of its own version of the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import encoder_points
from analysis.records import StudyRecords
from analysis.redundancy import read_points
from analysis.redundancy.measurements import measurements
from analysis.redundancy.points import POINT_COLUMNS
from trainables.config import Refused

GRID = [0.0, 0.5, 1.0, 2.0]


def records(information: pd.DataFrame) -> StudyRecords:
    """Two versions of the data with two numbers of training rows each; every curve peaks at a λ of its own."""
    rng = np.random.default_rng(0)
    variants = ["R=2, 64 rows", "R=2, all rows", "R=6, 64 rows", "R=6, all rows"]
    rows = [
        (variant, lambda_, encoder, seed, 0.8 - 0.05 * abs(place - number) + 0.001 * rng.standard_normal(), np.nan)
        for number, variant in enumerate(variants)
        for place, lambda_ in enumerate(GRID)
        for encoder in ("text", "audio")
        for seed in range(3)
    ]
    versions = {f"R={bits}": {"type": "SyntheticData", "shared_bits": bits} for bits in (2, 6)}
    study = {
        "name": "clips",
        "modalities": ["text", "audio"],
        "variants": variants,
        "lambdas": list(GRID),
        "definition": {"variants": versions, "train_samples": [64, None], "margin": 0.005, "seeds": 4},
    }
    return StudyRecords(
        study=study,
        parent_run_id="",
        trials=pd.DataFrame(),
        scores=pd.DataFrame(rows, columns=["variant", "lambda", "encoder", "seed", "accuracy", "ceiling"]),
        alignment=pd.DataFrame(),
        information=information,
    )


@pytest.fixture
def information() -> pd.DataFrame:
    """Atoms of one of the two versions."""
    bits = {"redundancy": 0.3, "unique_1": 0.1, "unique_2": -0.02, "synergy": 0.05}
    rows = [
        ("R=6", "BROJA", "broja", atom, corrected, corrected - 0.01, corrected + 0.02, 2 * corrected)
        for atom, corrected in bits.items()
    ]
    columns = ["variant", "definition", "method", "atom", "corrected", "low", "high", "exact"]
    return pd.DataFrame(rows, columns=columns)


def test_every_encoder_of_every_variant_is_a_point(information: pd.DataFrame) -> None:
    one = records(information)
    points = encoder_points([one, replace(one, circumstances={"identity": "abc"})])
    assert list(points.columns) == POINT_COLUMNS
    assert points.groupby("study", sort=False).size().to_dict() == {"clips": 8, "clips abc": 8}
    assert set(points["pair"]) == {"text+audio"}
    first = points.iloc[:8]
    assert first["best"].to_numpy() == pytest.approx(np.repeat(GRID, 2), abs=0.15)
    assert first["shared_bits"].tolist() == [2] * 4 + [6] * 4
    assert first["train_samples"].fillna(0).tolist() == [64, 64, 0, 0] * 2
    assert (first["smallest_lambda"] == 0).all() and (first["largest_lambda"] == 2).all()


def test_an_encoder_has_the_unique_information_of_its_own_modality(information: pd.DataFrame) -> None:
    points = encoder_points([records(information)]).iloc[4:]
    text, audio = points.loc[points["encoder"] == "text"].iloc[0], points.loc[points["encoder"] == "audio"].iloc[0]
    assert (text["redundancy"], text["unique"], audio["unique"]) == pytest.approx((0.3, 0.1, -0.02))
    assert (text["share"], audio["share"]) == pytest.approx((0.3 / 0.4, 0.3 / 0.28))
    assert (text["unique_low"], text["unique_high"]) == pytest.approx((0.09, 0.12))
    assert (audio["exact_redundancy"], audio["exact_unique"]) == pytest.approx((0.6, -0.04))
    assert (text["definition"], text["method"]) == ("BROJA", "broja")


def test_what_was_not_estimated_is_missing(information: pd.DataFrame) -> None:
    points = encoder_points([records(information)]).iloc[:4]
    assert points[["redundancy", "unique_low", "share", "exact_redundancy"]].isna().all(axis=None)
    assert points["definition"].tolist() == [None] * 4
    data, rows = measurements(encoder_points([records(information)]), "redundancy")
    assert len(rows) == len(data.predictor) == 4


def test_a_modality_that_tells_nothing_has_no_share(information: pd.DataFrame) -> None:
    redundancy = information["atom"] == "redundancy"
    nothing = information.assign(corrected=information["corrected"].mask(redundancy, -0.1))
    points = encoder_points([records(nothing)]).iloc[4:]
    assert points["share"].isna().all()
    assert (points["redundancy"] == -0.1).all()


def test_a_study_without_results_has_no_points(information: pd.DataFrame) -> None:
    whole = records(information)
    before = replace(whole, scores=whole.scores.iloc[:0])
    assert encoder_points([before]).empty and encoder_points([]).empty
    assert list(encoder_points([]).columns) == POINT_COLUMNS


def test_a_side_that_the_grid_cuts_takes_the_spread_of_the_other(information: pd.DataFrame) -> None:
    points = encoder_points([records(information)]).iloc[4:].assign(best=1.0, best_low=0.0, best_high=1.5)
    data, _ = measurements(points, "redundancy")
    up = np.log(2.5 / 2.0) / 1.959964
    # Cut at 0, the interval reaches at least as far down as 0 is away, which is further than it reaches up.
    assert data.above == pytest.approx(np.full(4, up))
    assert data.below == pytest.approx(np.full(4, np.log(2.0) / 1.959964))
    data, _ = measurements(points.assign(best=0.1, best_high=1.5), "redundancy")
    assert data.below == pytest.approx(np.full(4, np.log(2.5 / 1.1) / 1.959964))
    assert len(measurements(points.assign(best_high=2.0), "redundancy")[1]) == 0


def test_a_table_that_was_written_is_read_as_it_was(information: pd.DataFrame, tmp_path: Path) -> None:
    points = encoder_points([records(information)])
    points.to_csv(tmp_path / "points.csv", index=False)
    pd.testing.assert_frame_equal(read_points(tmp_path / "points.csv"), points, check_exact=True)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("study,variant\na,b\n")
    with pytest.raises(Refused, match=r"points\.csv: expected a table of encoders .* lack encoder, pair"):
        read_points(tmp_path / "points.csv")
