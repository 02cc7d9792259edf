"""How long a trial's steps take, measured by training on random rows of the data's shapes for a moment."""

import time
from collections.abc import Callable

import torch

from trainables.config import TrialConfig
from trainables.data import Shapes
from trainables.data.stand_in import stand_in_rows
from trainables.placement import PlacedSplits
from trainables.training import Training

_MEASURED_STEPS = 3


def step_and_row_seconds(config: TrialConfig, known: Shapes) -> tuple[float, float]:
    """Seconds that one training step takes on one core, and the validation of one row, on data of the shapes `known`.

    Leaves PyTorch with one thread, as a trial has.
    """
    torch.set_num_threads(1)
    measured_rows = _MEASURED_STEPS * config.batch_size
    training = Training(config, PlacedSplits(stand_in_rows(known, measured_rows)))
    training.run_epoch()  # the first steps also pay for what is made once
    return _seconds(training.run_epoch) / _MEASURED_STEPS, _seconds(training.validate) / measured_rows


def _seconds(action: Callable[[], object]) -> float:
    """Processor time, which other work on the machine does not change."""
    start = time.process_time()
    action()
    return time.process_time() - start
