"""Which checkpoints of a trial Ray Tune keeps: those that the trial's record names are never among the deleted."""

from pathlib import Path
from typing import Any

import pytest
from ray.tune import Callback, Checkpoint

from studies.engine.tune.unsaved import Unsaved
from tests.studies.tune.tune_runs import Given, fit

pytestmark = pytest.mark.usefixtures("local_ray")


class Watching(Unsaved, Callback):
    """Takes down which checkpoints are there, by the number in each, when it is told of a new one."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.seen: list[list[int]] = []

    def on_checkpoint(self, iteration: int, trials: list[Any], trial: Any, checkpoint: Checkpoint, **info: Any) -> None:
        self.folders.append(Path(checkpoint.path))
        self.seen.append(self.there())

    def there(self) -> list[int]:
        return [int((folder / "number").read_text()) for folder in self.folders if folder.exists()]


def test_two_are_kept_and_the_others_deleted_by_tune(tmp_path: Path) -> None:
    """Also after the trial's end, and when another trial has taken its worker."""
    watching = Watching()
    searcher = Given([{"name": "a", "reports": 5, "keeps": True}, {"name": "b"}])
    fit(tmp_path, searcher, [watching], num_to_keep=2)
    # The oldest goes only after the callbacks have been told of the newest: at any time the last two are there.
    assert watching.seen == [[1], [1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert watching.there() == [4, 5]


def test_without_a_number_all_would_stay(tmp_path: Path) -> None:
    """What is deleted above is deleted for that number."""
    watching = Watching()
    fit(tmp_path, Given([{"name": "a", "reports": 4, "keeps": True}]), [watching])
    assert watching.there() == [1, 2, 3, 4]
