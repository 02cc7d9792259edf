"""Batches hold the rows that their names draw, however many are gathered at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from trainables.batches import Batch, Batches
from trainables.config import TrialConfig
from trainables.data import Split, Splits
from trainables.placement import PlacedSplit, PlacedSplits
from trainables.randomness import generator

NUM_ROWS = 110  # six batches of 16, and 14 rows that fill none


def _placed(width: int) -> PlacedSplit:
    """Rows [width], each filled with its own number, with lengths and labels that tell it too."""
    number = np.arange(NUM_ROWS)
    x = np.repeat(number[:, None], width, axis=1).astype(np.float32)
    split = Split(x1=x, x2=x[:, :3], y=number % 7, lengths_2=number % 3 + 1)
    splits = Splits(train=split, valid=split, test=split, modalities=("wide", "narrow"), num_classes=7)
    return PlacedSplits(splits).train


def _rows(batch: Batch) -> np.ndarray:
    """Numbers [R, n] of the rows in a batch, which everything in it agrees on."""
    (wide, no_lengths), (narrow, lengths) = batch.inputs
    rows = wide[..., 0].long()
    assert no_lengths is None and lengths is not None
    assert (wide == rows.unsqueeze(-1)).all() and (narrow == rows.unsqueeze(-1)).all()
    assert (lengths == rows % 3 + 1).all() and (batch.labels == rows % 7).all()
    return rows.numpy()


# 2^20 numbers are gathered at once: all six steps of narrow rows; five of wide ones, then one; one of the widest.
@pytest.mark.parametrize("width", [4, 2**12, 2**14])
def test_batches_are_those_of_a_permutation_for_each_replica_and_epoch(trial: TrialConfig, width: int) -> None:
    rows = np.stack([np.arange(NUM_ROWS)] * len(trial.replicas))
    batches = Batches(trial, _placed(width), rows, ordered=True)
    assert batches.num_steps == 6
    for epoch in (0, 1):
        found = [_rows(batch) for batch in batches.of_epoch(epoch)]
        assert len(found) == 6
        for replica in trial.replicas:
            order = generator(trial.seed, trial.stream, replica, "order", epoch).permutation(NUM_ROWS)
            np.testing.assert_array_equal(np.concatenate([batch[replica] for batch in found]), order[: 6 * 16])


def test_a_replica_draws_from_its_own_rows(trial: TrialConfig) -> None:
    rows = np.stack([np.arange(32) + 32 * replica for replica in trial.replicas])
    for batch in Batches(trial, _placed(4), rows, ordered=True).of_epoch(0):
        np.testing.assert_array_equal(_rows(batch) // 32, [[replica] * 16 for replica in trial.replicas])


def test_a_batch_of_all_rows_is_shuffled_where_their_order_matters_alone(trial: TrialConfig) -> None:
    trial = replace(trial, batch_size=NUM_ROWS)
    rows = np.stack([np.arange(NUM_ROWS)] * len(trial.replicas))
    for ordered in (True, False):
        batches = Batches(trial, _placed(4), rows, ordered=ordered)
        (first,), (second,) = ([_rows(batch) for batch in batches.of_epoch(epoch)] for epoch in (0, 1))
        assert (first == second).all() != ordered
        np.testing.assert_array_equal(np.sort(first, axis=1), rows)
        np.testing.assert_array_equal(np.sort(second, axis=1), rows)


def test_a_part_of_a_batch_is_of_some_replicas_and_rows(trial: TrialConfig) -> None:
    rows = np.stack([np.arange(NUM_ROWS)] * len(trial.replicas))
    (whole, *_) = Batches(trial, _placed(4), rows, ordered=True).of_epoch(0)
    part = whole.part(replicas=slice(1, 2), rows=slice(3, 7))
    np.testing.assert_array_equal(_rows(part), _rows(whole)[1:2, 3:7])
    assert part.labels.untyped_storage().data_ptr() == whole.labels.untyped_storage().data_ptr()
    assert torch.equal(part.labels, whole.labels[1:2, 3:7])
