"""What a worker packs is what a reader unpacks, and hits are the rows that the scores are means of."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment import InfoNce
from analysis.records import read_hits, unpack_hits
from analysis.records.schema import recorded_metrics
from trainables.config import Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data.splits import Split, Splits
from trainables.packed_hits import pack_hits
from trainables.placement import PlacedSplits
from trainables.training import Training

NUM_ROWS = 21

TRIAL = TrialConfig(
    data=SyntheticData(shared_bits=0),
    encoder_1=Mlp(width=4, depth=1),
    encoder_2=Mlp(width=4, depth=1),
    lambda_=0.5,
    hyperparameters=Hyperparameters(learning_rate=1e-2),
    objective=InfoNce(),
    max_epochs=1,
    batch_size=8,
    replicas=(3, 9),
)


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_hits_are_read_back(num_rows: int, num_replicas: int, seed: int) -> None:
    hits = np.random.default_rng(seed).random((num_replicas, num_rows)) < 0.7
    np.testing.assert_array_equal(unpack_hits(pack_hits(hits), num_rows), hits)


def test_packed_hits_are_those_that_records_hold() -> None:
    """Written out, so that nobody changes the form without meaning to: 10100000 01|000000 is 160, 64."""
    hits = np.zeros((1, 10), dtype=bool)
    hits[0, [0, 2, 9]] = True
    assert pack_hits(hits) == "oEA="
    assert unpack_hits("oEA=", 10).tolist() == hits.tolist()


@pytest.mark.parametrize(("text", "num_rows"), [("oEA=", 17), ("oE!A", 10)])
def test_hits_of_another_number_of_rows_or_damaged_ones_are_an_error(text: str, num_rows: int) -> None:
    with pytest.raises(ValueError):
        unpack_hits(text, num_rows)


def splits() -> Splits:
    draw = np.random.default_rng(0)
    parts = [
        Split(
            x1=draw.standard_normal((NUM_ROWS, 3)).astype(np.float32),
            x2=draw.standard_normal((NUM_ROWS, 4)).astype(np.float32),
            y=draw.integers(2, size=NUM_ROWS),
            groups=np.arange(NUM_ROWS) // 4,
        )
        for _ in range(3)
    ]
    return Splits(train=parts[0], valid=parts[1], test=parts[2], modalities=("first", "the 2nd"), num_classes=2)


def report_of(data: Splits, *, diverged: int | None = None) -> dict:
    """What is reported after an epoch, as a journal holds it; the replica at place `diverged` has weights of NaN."""
    training = Training(TRIAL, PlacedSplits(data))
    if diverged is not None:
        state = training.state_dict()
        for flat in state["flats"]:
            flat[diverged] = np.nan
        training.load_state_dict(state)
    training.run_epoch()
    training.validate()
    return json.loads(json.dumps(training.test().report()))


def test_scores_are_the_share_of_the_hits() -> None:
    report = report_of(splits())
    found = read_hits(report)
    assert found is not None and list(found.by_encoder) == ["first", "the 2nd"] and found.replicas == (3, 9)
    for encoder, hits in found.by_encoder.items():
        assert hits.shape == (2, NUM_ROWS)
        for replica, of_rows in zip(found.replicas, hits, strict=True):
            # A score is a mean in float32.
            assert of_rows.mean() == pytest.approx(report[f"test/accuracy/{encoder}/seed_{replica}"], rel=1e-6)
    assert 0 < found.by_encoder["first"].mean() < 1
    assert found.groups is not None and found.groups.tolist() == (np.arange(NUM_ROWS) // 4).tolist()
    assert not any("hit" in name for name in recorded_metrics(report))  # they are no metrics


def test_rows_without_groups_stand_alone() -> None:
    data = splits()
    found = read_hits(report_of(replace(data, test=replace(data.test, groups=None))))
    assert found is not None and found.groups is None


def test_a_replica_that_has_diverged_hits_nothing() -> None:
    found = read_hits(report_of(splits(), diverged=1))
    assert found is not None
    for hits in found.by_encoder.values():
        assert hits[0].any() and not hits[1].any()


def test_there_are_no_hits_where_the_population_is_known() -> None:
    """A score is then the mean of the population's probabilities, and rows add nothing."""
    data = splits()
    probabilities = np.full((NUM_ROWS, 2), 0.5, dtype=np.float32)
    report = report_of(replace(data, test=replace(data.test, probabilities=probabilities)))
    assert read_hits(report) is None
    assert not any("hit" in name for name in report)
