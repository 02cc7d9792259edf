"""Small runs of Ray Tune, with parts that do one thing each, to see what Ray does."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune import Callback
from ray.tune.result import SHOULD_CHECKPOINT
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from analysis.environment import environment
from studies.engine.signals import same_handlers
from studies.engine.tune.settings import tune_settings
from studies.engine.tune.unsaved import Unsaved


class Counting(tune.Trainable):
    """Reports its process, `reports` times (three where nothing is said).

    Keeps its number after each, waits for the file of another after having made its own, or dies at once, where it is
    told to.
    """

    def setup(self, config: dict[str, Any]) -> None:
        self.number = 0

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.number = 0
        return True

    def step(self) -> dict[str, Any]:
        if self.config.get("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
        if "makes" in self.config:
            Path(self.config["makes"]).touch()
            while not Path(self.config["waits_for"]).exists():
                time.sleep(0.05)
        self.number += 1
        report = {"process": os.getpid(), "number": self.number, "done": self.number == self.config.get("reports", 3)}
        return report | {SHOULD_CHECKPOINT: self.config.get("keeps", False)}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        (Path(checkpoint_dir) / "number").write_text(str(self.number))

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing to restore."""


class Given(Unsaved, Searcher):
    """Hands out the given configurations, `waits` of its answers being None first."""

    def __init__(self, configs: list[dict[str, Any]], waits: int = 0) -> None:
        super().__init__()
        self.left, self.waits, self.asked = list(configs), waits, 0

    def suggest(self, trial_id: str) -> Any:
        self.asked += 1
        if self.waits:
            self.waits -= 1
            return None
        return self.left.pop(0) if self.left else Searcher.FINISHED

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        """Nothing to learn."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore."""


class InRounds(Given):
    """Hands out `size` configurations at a time, the next ones when all of those have ended."""

    def __init__(self, configs: list[dict[str, Any]], size: int) -> None:
        super().__init__(configs)
        self.size, self.handed_out, self.ended = size, 0, 0

    def suggest(self, trial_id: str) -> Any:
        if self.handed_out % self.size == 0 and self.handed_out > self.ended:
            return None
        self.handed_out += 1
        return super().suggest(trial_id)

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        self.ended += 1


class Events(Unsaved, Callback):
    """Takes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.told.append(f"start {trial.config['name']}")

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.told.append(f"complete {trial.config['name']}")

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.told.append(f"error {trial.config['name']}")

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self.told.append("step end")


def fit(
    folder: Path,
    searcher: Searcher,
    callbacks: list[Callback],
    scheduler: FIFOScheduler | None = None,
    slots: int = 1,
    num_to_keep: int | None = None,
    cores: int = 2,
) -> Any:
    """Run all that the searcher hands out, each on so many cores, on a session with two."""
    with environment(tune_settings(slots, grows=False)), same_handlers():
        tuner = tune.Tuner(
            tune.with_resources(Counting, {"cpu": cores}),
            tune_config=tune.TuneConfig(search_alg=searcher, scheduler=scheduler, num_samples=-1, reuse_actors=True),
            run_config=tune.RunConfig(
                name="run",
                storage_path=str(folder),
                callbacks=callbacks,
                checkpoint_config=tune.CheckpointConfig(num_to_keep=num_to_keep, checkpoint_at_end=False),
                verbose=0,
            ),
        )
        return tuner.fit()


def names(*chosen: str) -> list[dict[str, Any]]:
    """Configurations of these names."""
    return [{"name": name} for name in chosen]
