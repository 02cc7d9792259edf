"""A data set's splits as tensors on the device that trains, placed once and shared by all trials of a worker."""

import warnings

import numpy as np
import torch
from torch import Tensor

from trainables.data import Split, Splits
from trainables.data.splits import Task
from trainables.task import num_outputs, predicted_classes


class PlacedSplit:
    """One split as tensors; `y` int64 [n] classes or float32 [n] values, `classes` int64 [n] in either case.

    `knows_population`: whether its rows have the population's probabilities. `groups`: those of the split.
    """

    def __init__(self, split: Split, classes: np.ndarray, task: Task, device: torch.device) -> None:
        self._task: Task = task
        self._inputs = [_tensor(split.x1, device), _tensor(split.x2, device)]
        self._lengths = [
            None if lengths is None else _tensor(lengths, device) for lengths in (split.lengths_1, split.lengths_2)
        ]
        self._probabilities = None if split.probabilities is None else _tensor(split.probabilities, device)
        self.knows_population = split.probabilities is not None
        self.groups = split.groups
        self.y = _tensor(split.y, device)
        self.classes = _tensor(classes, device)

    def __len__(self) -> int:
        return len(self.y)

    def row_shape(self, index: int) -> tuple[int, ...]:
        """Shape of one row of modality `index` (0 or 1)."""
        return tuple(self._inputs[index].shape[1:])

    def batch(self, index: int, rows: Tensor | slice) -> tuple[Tensor, Tensor | None]:
        """Inputs of modality `index` (0 or 1) at `rows`, and their lengths where it has any."""
        lengths = self._lengths[index]
        return _taken(self._inputs[index], rows), None if lengths is None else _taken(lengths, rows)

    def labels(self, rows: Tensor) -> Tensor:
        """Labels at `rows`."""
        return _taken(self.y, rows)

    def hits(self, logits: Tensor, rows: slice) -> Tensor:
        """Score the classes that logits [R, n, classes], or values [R, n, 1], predict for `rows`; [R, n].

        The population's probability of the predicted class where it is known, which takes the label noise out, else
        0 or 1. NaN where the logits are not finite: a diverged replica has no accuracy.
        """
        predicted = predicted_classes(self._task, logits)
        if self._probabilities is None:
            right = (predicted == self.classes[rows]).to(logits.dtype)
        else:
            probabilities = self._probabilities[rows].expand(*logits.shape)
            right = probabilities.gather(-1, predicted.unsqueeze(-1)).squeeze(-1)
        return right + (logits * 0).sum(dim=-1)  # 0, or NaN: a third of the time of asking which are finite


class PlacedSplits:
    """The three splits of a data set on `device`."""

    def __init__(self, splits: Splits, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.train, self.valid, self.test = (
            PlacedSplit(split, splits.classes(split), splits.task, self.device) for split in splits.by_name.values()
        )
        self.modalities = splits.modalities
        self.task: Task = splits.task
        self.num_outputs = num_outputs(splits.task, splits.num_classes)


def _taken(values: Tensor, rows: Tensor | slice) -> Tensor:
    if isinstance(rows, slice):
        return values[rows]
    # Indexing with a tensor takes four times as long for small rows on a CPU.
    return values.index_select(0, rows.flatten()).view(*rows.shape, *values.shape[1:])


def _tensor(values: np.ndarray, device: torch.device) -> Tensor:
    with warnings.catch_warnings():
        # Arrays in Ray's shared memory are read-only; nothing here writes to its inputs.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(values).to(device)
