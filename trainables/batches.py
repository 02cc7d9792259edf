"""The batches that replicas train on: each replica's rows in an order of its own, gathered many steps at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from trainables.config import TrialConfig
from trainables.packing import of_each
from trainables.placement import PlacedSplit
from trainables.randomness import generator

# Numbers of one modality that are gathered at once: enough for small rows, one step of large ones.
_GATHERED_NUMBERS = 2**20


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of R replicas: of each modality the inputs [R, n, …] and their lengths [R, n] or None; the labels [R, n]."""

    inputs: tuple[tuple[Tensor, Tensor | None], ...]
    labels: Tensor

    def part(self, replicas: slice = slice(None), rows: slice = slice(None)) -> "Batch":
        """The batch of some replicas and some rows alone, without a copy."""
        return Batch(
            inputs=tuple(
                (x[replicas, rows], None if lengths is None else lengths[replicas, rows]) for x, lengths in self.inputs
            ),
            labels=self.labels[replicas, rows],
        )


class Batches:
    """Batches of the training split for each replica of a trial; `rows` [R, N] are those that each trains on.

    `ordered`: whether the order of rows within a batch matters. Where it does not, and one batch holds all rows, that
    batch is gathered once.
    """

    def __init__(self, config: TrialConfig, data: PlacedSplit, rows: np.ndarray, *, ordered: bool) -> None:
        self.batch_size = min(config.batch_size, rows.shape[1])
        self.num_steps = rows.shape[1] // self.batch_size
        self._config = config
        self._data = data
        self.rows = rows
        step_numbers = len(rows) * self.batch_size * max(prod(data.row_shape(index)) for index in (0, 1))
        self._steps_at_once = max(1, _GATHERED_NUMBERS // step_numbers)
        one_for_all = not ordered and self.batch_size == rows.shape[1]
        self._only = self._gathered(rows) if one_for_all else None

    def of_epoch(self, epoch: int) -> Iterator[Batch]:
        """Every batch of one epoch, in turn; rows that do not fill a last batch are left out."""
        if self._only is not None:
            yield self._only
            return
        order = self._order(epoch)
        rows_at_once = self._steps_at_once * self.batch_size
        for start in range(0, self.num_steps * self.batch_size, rows_at_once):
            end = min(start + rows_at_once, self.num_steps * self.batch_size)
            gathered = self._gathered(order[:, start:end])
            for first in range(0, end - start, self.batch_size):
                yield gathered.part(rows=slice(first, first + self.batch_size))

    def _order(self, epoch: int) -> np.ndarray:
        """The rows [R, N] as each replica meets them."""
        seed, stream = self._config.seed, self._config.stream
        orders = of_each(
            self._config.replicas,
            lambda replica: generator(seed, stream, replica, "order", epoch).permutation(self.rows.shape[1]),
        )
        return np.take_along_axis(self.rows, np.stack(orders), axis=1)

    def _gathered(self, rows: np.ndarray) -> Batch:
        indices = torch.from_numpy(rows).to(self._data.y.device)
        inputs = tuple(self._data.batch(index, indices) for index in (0, 1))
        return Batch(inputs=inputs, labels=self._data.labels(indices))
