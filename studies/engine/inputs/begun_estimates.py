"""The information in a study's data, estimated on Ray beside the training, and taken down as it comes."""

from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray.exceptions import RayError
from ray.tune import Callback
from rich.console import Console

from studies.engine.inputs.information import METHOD, Record, information_record
from studies.engine.study import Study
from studies.engine.tune.unsaved import Unsaved
from trainables.config import DataConfig
from trainables.data import Splits

_SECONDS_OF_SILENCE = 2


class BegunEstimates(Unsaved, Callback):
    """Estimates every variant that is not `known` yet: one at a time while trials run, then `at_once`.

    Numbers of another method are not comparable, so those count as unknown. `write`: given all records by variant each
    time that another has come, so that a study that is stopped keeps them.
    """

    def __init__(
        self,
        study: Study,
        known: Mapping[str, Record],
        references: Mapping[DataConfig, "ray.ObjectRef[Splits]"],
        write: Callable[[Mapping[str, Record]], None],
    ) -> None:
        self._study, self._references, self._write = study, references, write
        self._records = dict(known)
        self._left = [label for label in study.variants if known.get(label, {}).get("method") != METHOD]
        self._running: dict[ray.ObjectRef[Record], str] = {}
        self._errors: dict[str, str] = {}
        self._begin(1)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Between two events of the trials: take down what has come, and begin the next."""
        if self._running:
            self._take(at_once=1, timeout=0)

    def await_all(self, at_once: int, console: Console) -> str | None:
        """Wait for all, and say so where it takes a while; a sentence on the first that failed, None where none did."""
        self._begin(at_once)
        if self._running and not ray.wait(list(self._running), timeout=_SECONDS_OF_SILENCE)[0]:
            console.print("all trials have ended; waiting for the estimate of the information in the data")
        while self._running:
            self._take(at_once, timeout=None)
        if not self._errors:
            return None
        label, error = next(iter(self._errors.items()))
        return f"the information in the data of {label} was not estimated:\n{error}"

    def _begin(self, at_once: int) -> None:
        """Have so many under way; they ask Ray for no core, of which each only needs a share for a while."""
        task: Any = ray.remote(num_cpus=0, scheduling_strategy="SPREAD")(_estimate)
        while self._left and len(self._running) < at_once:
            label = self._left.pop(0)
            config = self._study.variants[label]
            self._running[task.remote(self._study, config, self._references[config])] = label

    def _take(self, at_once: int, timeout: float | None) -> None:
        ended, _ = ray.wait(list(self._running), timeout=timeout)
        for reference in ended:
            label = self._running.pop(reference)
            try:
                self._records[label] = ray.get(reference)
            except RayError as error:  # one variant's failure costs no other its estimate, and is reported at the end
                self._errors[label] = str(error)
            else:
                # In the study's order, whichever came first, so that its tables are the same in every run.
                self._write({label: self._records[label] for label in self._study.variants if label in self._records})
        self._begin(at_once)


def _estimate(study: Study, config: DataConfig, splits: Splits) -> Record:
    return information_record(config, splits, study.encoder_1, study.encoder_2, most_rows=study.information_rows)
