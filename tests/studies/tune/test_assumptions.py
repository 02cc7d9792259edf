"""What the engine assumes of Ray Tune, each assumption by itself: studies/engine/tune/assumptions.md lists them."""

import os
import pickle
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.tune import Callback, TuneError
from ray.tune.schedulers import FIFOScheduler

from studies.engine.tune.scheduler import QueueScheduler
from studies.engine.tune.searcher import QueueSearcher
from studies.engine.tune.settings import tune_settings
from studies.engine.tune.unsaved import Unsaved
from tests.studies.tune.tune_runs import Events, Given, InRounds, fit, names

PAGE = "studies/engine/tune/assumptions.md"


pytestmark = pytest.mark.usefixtures("local_ray")


def test_a_searcher_may_wait_and_then_finish(tmp_path: Path) -> None:
    searcher = Given(names("a", "b"), waits=3)
    results = fit(tmp_path, searcher, [])
    assert [result.metrics["number"] for result in results] == [3, 3]
    assert searcher.asked >= 3 + 2 + 1


def test_the_scheduler_chooses_which_trial_starts(tmp_path: Path) -> None:
    """All four are pending, and the last that came starts first."""
    seen: list[tuple[str, int]] = []

    class Last(Unsaved, FIFOScheduler):
        def choose_trial_to_run(self, tune_controller: Any) -> Any:
            live = tune_controller.get_live_trials()
            pending = [trial for trial in live if trial.status == trial.PENDING]
            if not pending or (not seen and len(pending) < 4):
                return None
            chosen = max(pending, key=lambda trial: trial.config["name"])
            seen.append((chosen.config["name"], len(pending)))
            return chosen

    events = Events()
    fit(tmp_path, Given(names("a", "b", "c", "d")), [events], Last(), slots=4)
    assert seen[0] == ("d", 4)
    assert next(told for told in events.told if told.startswith("start")) == "start d"


def test_a_trial_is_told_of_in_this_order(tmp_path: Path) -> None:
    events = Events()

    class Observing(Unsaved, FIFOScheduler):
        def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
            events.told.append(f"result {result['number']}")
            return self.STOP if result["number"] == 2 else self.CONTINUE

    fit(tmp_path, Given(names("a")), [events], Observing())
    told = [one for one in events.told if one != "step end"]
    assert told == ["start a", "result 1", "result 2", "complete a"]
    assert events.told[-1] == "step end"


def test_a_lost_trial_is_told_of_and_the_run_goes_on(tmp_path: Path) -> None:
    events = Events()
    results = fit(tmp_path, Given([{"name": "a", "dies": True}, {"name": "b"}]), [events])
    assert "error a" in events.told and "complete b" in events.told
    assert results.num_errors == 1


def failing(event: str) -> Callback:
    """A callback that cannot write when it is told of the event."""

    def fail(self: Callback, *args: Any, **info: Any) -> None:
        raise OSError("a full disk")

    return type("Failing", (Unsaved, Callback), {event: fail})()


@pytest.mark.parametrize(("event", "end"), [("on_checkpoint", "complete"), ("on_trial_complete", "error")])
def test_an_exception_of_these_callbacks_is_lost(tmp_path: Path, event: str, end: str) -> None:
    events = Events()
    fit(tmp_path, Given([{"name": "a", "keeps": True}, {"name": "b"}]), [failing(event), events])
    assert [told for told in events.told if told != "step end"] == ["start a", f"{end} a", "start b", f"{end} b"]


def test_an_exception_at_the_end_of_a_step_ends_the_run(tmp_path: Path) -> None:
    events = Events()
    with pytest.raises(OSError, match=r"^a full disk$"):
        fit(tmp_path, Given(names("a", "b")), [failing("on_step_end"), events])
    assert events.told == []
    assert_cores_are_free()


def test_an_exception_of_the_scheduler_ends_the_run(tmp_path: Path) -> None:
    class Failing(Unsaved, FIFOScheduler):
        def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
            raise OSError("a full disk")

    events = Events()
    with pytest.raises(TuneError, match="OSError: a full disk"):
        fit(tmp_path, Given(names("a", "b")), [events], Failing())
    assert "start b" not in events.told
    assert_cores_are_free()


def assert_cores_are_free() -> None:
    """Whatever comes next on this Ray session finds both cores, as soon as the workers have ended."""
    deadline = time.monotonic() + 30
    while ray.available_resources().get("CPU") != 2:
        assert time.monotonic() < deadline, ray.available_resources()
        time.sleep(0.1)


def test_what_is_unsaved_is_pickled_as_nothing() -> None:
    for made in (QueueSearcher(None, None), QueueScheduler(None, 1)):  # type: ignore[arg-type]
        assert vars(pickle.loads(pickle.dumps(made))) == {}


def test_a_worker_is_kept_for_the_next_trial(tmp_path: Path) -> None:
    results = fit(tmp_path, Given(names("a", "b", "c")), [])
    assert len({result.metrics["process"] for result in results}) == 1


@pytest.mark.parametrize(("scheduler", "processes"), [(QueueScheduler(lambda key, result: True, 2), 2), (None, 4)])
def test_between_rounds_ray_keeps_one_worker_and_the_scheduler_all(
    tmp_path: Path, scheduler: QueueScheduler | None, processes: int
) -> None:
    """Three rounds of two trials side by side."""
    pairs = [(str(tmp_path / first), str(tmp_path / second)) for first, second in ("ab", "cd", "ef")]
    configs = [{"key": own, "makes": own, "waits_for": other} for a, b in pairs for own, other in ((a, b), (b, a))]
    results = fit(tmp_path, InRounds(configs, size=2), [], scheduler, slots=2, cores=1)
    assert len({result.metrics["process"] for result in results}) == processes


def test_of_idle_workers_that_were_lost_one_trial_notices(tmp_path: Path) -> None:
    """As with a node that goes away between two rounds: both idle workers have died when the next trials come."""
    meeting = [{"makes": str(tmp_path / own), "waits_for": str(tmp_path / other)} for own, other in ("ab", "ba")]
    configs = [*meeting, {}, {}, {}]
    idle: set[int] = set()

    class Killing(InRounds):
        def suggest(self, trial_id: str) -> Any:
            if self.ended == 2 and idle:
                self.size = 1
                while idle:
                    os.kill(idle.pop(), signal.SIGKILL)
            return super().suggest(trial_id)

    def process_seen(key: str, result: dict[str, Any]) -> bool:
        if key in "ab":
            idle.add(result["process"])
        return True

    named = [{"key": name, "name": name, **config} for name, config in zip("abcde", configs, strict=True)]
    events = Events()
    fit(tmp_path, Killing(named, size=2), [events], QueueScheduler(process_seen, 2), slots=2, cores=1)
    assert [told for told in events.told if told.startswith("error")] == ["error c"]
    assert {"complete d", "complete e"} <= set(events.told)


def test_an_interrupt_ends_the_run_without_an_exception(tmp_path: Path) -> None:
    class Interrupting(Unsaved, Callback):
        def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    events = Events()
    fit(tmp_path, Given(names("a", "b")), [Interrupting(), events])
    assert "start b" not in events.told
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("name", tune_settings(1, grows=False))
def test_ray_still_reads_each_variable(name: str) -> None:
    sources = (Path(ray.__file__).parent / "tune").rglob("*.py")
    assert any(re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")) for path in sources)


def test_each_assumption_names_a_test_that_is_there(repository: Path) -> None:
    page = (repository / PAGE).read_text(encoding="utf-8")
    own = Path(__file__).read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 10
    for _, _, test in rows:
        name = test.strip().strip("`")
        assert f"def {name}(" in own if name.startswith("test_") else (repository / name).is_file()
