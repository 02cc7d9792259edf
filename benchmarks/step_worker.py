"""Times training steps of the version that PYTHONPATH names, as `step.py` asks for on standard input."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from alignment import InfoNce
from trainables.config import Hyperparameters, Mlp, SyntheticData, TrialConfig
from trainables.data import load
from trainables.placement import PlacedSplits
from trainables.training import Training

DATA = SyntheticData(shared_bits=8)
SHORTEST_RUN = 0.02  # seconds: a run is at least so long, that the clock's own steps do not count


class Steps:
    """Trainings of one version, kept from one question to the next."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._placed = PlacedSplits(load(DATA))
        self._trainings: dict[str, Training] = {}

    def milliseconds(self, case: dict[str, Any], repeats: int) -> dict[str, float]:
        """Least processor time of a replica's step and of its validation, of `repeats` runs of each."""
        key = json.dumps(case)
        if key not in self._trainings:
            self._trainings[key] = self._training(**case)
            self._trainings[key].run_epoch()
        training = self._trainings[key]
        steps_an_epoch = case["num_rows"] // case["batch_size"]
        return {
            "step": _least_milliseconds(training.run_epoch, repeats) / steps_an_epoch / case["replicas"],
            "validation": _least_milliseconds(training.validate, repeats) / case["replicas"],
        }

    def _training(self, replicas: int, num_rows: int, batch_size: int, lambda_: float, packed: bool) -> Training:
        encoder = Mlp(width=12)
        config = TrialConfig(
            data=DATA,
            encoder_1=encoder,
            encoder_2=encoder,
            lambda_=lambda_,
            hyperparameters=Hyperparameters(learning_rate=1e-3),
            objective=InfoNce(),
            max_epochs=1,
            batch_size=batch_size,
            train_samples=num_rows,
            replicas=tuple(range(replicas)),
        )
        return Training(config, self._placed, packed=packed)


def _least_milliseconds(run: Callable[[], object], repeats: int) -> float:
    start = time.process_time()
    run()
    calls = max(1, round(SHORTEST_RUN / (time.process_time() - start)))
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(calls):
            run()
        seconds.append((time.process_time() - start) / calls)
    return 1000 * min(seconds)


def main() -> None:
    """Answer each line, a case and its `repeats` as JSON, with a line of milliseconds."""
    steps = Steps()
    for line in sys.stdin:
        case = json.loads(line)
        repeats = case.pop("repeats")
        print(json.dumps(steps.milliseconds(case, repeats)), flush=True)


if __name__ == "__main__":
    main()
