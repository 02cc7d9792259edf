from collections.abc import Callable, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.halving import HalvingPolicy, SuccessiveHalving
from studies.engine.search.sampler import Sampler
from studies.engine.search.stratum_search import StratumSearch

SPACE = {
    "learning_rate": (1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
    "weight_decay": (0, 1e-2, 1e-4),
    "dropout_1": (0, 0.1, 0.2),
}
NUM_REPORTS = 9
Curve = Callable[[Candidate], Sequence[float]]


def stratum_search(
    concurrency: int = 1, num_configurations: int = 12, seed: int = 0, halving: HalvingPolicy | None = None
) -> StratumSearch:
    return StratumSearch(
        Sampler(SPACE, num_spread=max(1, num_configurations // 2), seed=seed),
        halving or SuccessiveHalving(),
        num_configurations=num_configurations,
        concurrency=concurrency,
    )


def noisy_curve(candidate: Candidate) -> Sequence[float]:
    """Accuracies that depend on the configuration alone."""
    choice = candidate.hyperparameters
    draw = np.random.default_rng(abs(hash((choice.learning_rate, choice.weight_decay, choice.dropout_1))))
    return 0.5 - 0.05 * abs(np.log10(choice.learning_rate) + 2) + 0.02 * draw.standard_normal(NUM_REPORTS)


def run_one(search: StratumSearch, candidate: Candidate, curve: Curve = noisy_curve) -> None:
    candidate.outcome = TrialOutcome.FINISHED
    for objective in curve(candidate)[len(candidate.scores) :]:
        if not search.report(candidate, float(objective)):
            if len(candidate.scores) < NUM_REPORTS:
                candidate.outcome = TrialOutcome.PRUNED if np.isfinite(objective) else TrialOutcome.FAILED
            return


def run_all(search: StratumSearch, order: Callable[[list[Candidate]], int], curve: Curve = noisy_curve) -> None:
    """Run the search with several candidates under way, ending them in the order that `order` picks."""
    under_way: list[Candidate] = []
    while not search.is_over():
        while candidates := search.next_candidates():
            under_way += candidates
        run_one(search, under_way.pop(order(under_way)), curve)


def summary(search: StratumSearch) -> list[tuple]:
    return [(c.hyperparameters, tuple(c.scores), c.outcome) for c in search.candidates]


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_who_finishes_first_changes_nothing(concurrency: int) -> None:
    first_in, last_in = stratum_search(concurrency), stratum_search(concurrency)
    run_all(first_in, lambda under_way: 0)
    run_all(last_in, lambda under_way: len(under_way) - 1)
    assert summary(first_in) == summary(last_in)
    assert TrialOutcome.PRUNED in {c.outcome for c in first_in.candidates}


def test_as_many_as_concurrency_says_are_drawn_at_once_and_the_next_when_they_have_ended() -> None:
    search = stratum_search(concurrency=3, num_configurations=8)
    drawn = search.next_candidates()
    assert [candidate.index for candidate in drawn] == [0, 1, 2] and search.next_candidates() == []
    for place in (1, 2):
        run_one(search, drawn[place])  # the first is still under way, so nothing new may be learnt
    assert search.next_candidates() == []
    run_one(search, drawn[0])
    assert [candidate.index for candidate in search.next_candidates()] == [3, 4, 5]
    for candidate in search.candidates[3:]:
        run_one(search, candidate)
    assert [candidate.index for candidate in search.next_candidates()] == [6, 7]


def test_what_is_drawn_at_once_is_compared_with_all_that_was_drawn_before_and_not_with_each_other() -> None:
    seen: dict[float, list[Sequence[float]]] = {}

    class Seen:
        """Notes with what a trial is compared."""

        def goes_on(self, scores: Sequence[float], earlier: Sequence[Sequence[float]]) -> bool:
            seen[scores[0]] = list(earlier)
            return True

    search = stratum_search(concurrency=3, num_configurations=7, halving=Seen())
    run_all(search, lambda under_way: len(under_way) - 1, lambda candidate: [candidate.index / 10] * NUM_REPORTS)
    assert [len(seen[index / 10]) for index in range(7)] == [0, 0, 0, 3, 3, 3, 6]


def test_stops_exactly_the_trials_that_ray_stops() -> None:
    """One after the other, the rule is Ray Tune's ASHA with rungs at 1 and 3 of 9 reports."""
    search = stratum_search(num_configurations=30, halving=SuccessiveHalving(reduction_factor=3, rungs=(1, 3)))
    asha = AsyncHyperBandScheduler(
        time_attr="report",
        metric="objective",
        mode="max",
        max_t=NUM_REPORTS,
        grace_period=1,
        reduction_factor=3,
    )
    num_stopped = 0
    while candidates := search.next_candidates():
        (candidate,) = candidates
        trial = SimpleNamespace(trial_id=str(candidate.index), stub=False)
        asha.on_trial_add(None, trial)
        stopped_at = {}
        run_one(search, candidate)
        stopped_at["ours"] = len(candidate.scores)
        for report, objective in enumerate(noisy_curve(candidate), start=1):
            decision = asha.on_trial_result(None, trial, {"report": report, "objective": float(objective)})
            if decision == TrialScheduler.STOP:
                stopped_at["ray"] = report
                break
        assert stopped_at["ours"] == stopped_at["ray"]
        num_stopped += stopped_at["ours"] < NUM_REPORTS
    assert 10 <= num_stopped <= 29


def test_all_strata_start_from_the_same_draws_and_then_learn_from_their_own() -> None:
    """With results that differ, the random first half is the same and the learnt second half is not."""
    searches = [stratum_search(num_configurations=16) for _ in range(2)]
    run_all(searches[0], lambda under_way: 0)
    run_all(searches[1], lambda under_way: 0, lambda candidate: [-value for value in noisy_curve(candidate)])
    drawn = [[c.hyperparameters for c in search.candidates] for search in searches]
    assert drawn[0][:8] == drawn[1][:8]
    assert drawn[0][8:] != drawn[1][8:]


@pytest.mark.parametrize(("num_spread", "seed"), [(3, 0), (5, 1), (6, 2), (8, 3), (45, 4)])
def test_first_draws_hold_every_value_about_equally_often(num_spread: int, seed: int) -> None:
    """A Latin hypercube: counts differ by one at the most, and all values are there as soon as draws suffice."""
    spread = Sampler(SPACE, num_spread=num_spread, seed=seed)._spread(num_spread, np.random.default_rng(seed))
    assert len(spread) == num_spread
    for name, values in SPACE.items():
        counts = [sum(choice[name] == value for choice in spread) for value in values]
        assert max(counts) - min(counts) <= 1


def test_the_first_draws_are_the_spread_ones() -> None:
    sampler = Sampler(SPACE, num_spread=5, seed=7)
    drawn = [sampler.draw() for _ in range(5)]
    assert sorted(choice.learning_rate for choice in drawn) == sorted(SPACE["learning_rate"])


def test_no_configuration_is_drawn_twice() -> None:
    size = 5 * 3 * 3
    search = stratum_search(num_configurations=size)
    run_all(search, lambda under_way: 0, lambda candidate: [0.5] * NUM_REPORTS)
    assert len({c.hyperparameters for c in search.candidates}) == size


def test_the_sampler_is_told_how_each_trial_ended() -> None:
    def curve(candidate: Candidate) -> list[float]:
        return [np.nan] * NUM_REPORTS if candidate.index == 2 else [1.0 - 0.05 * candidate.index] * NUM_REPORTS

    search = stratum_search(num_configurations=6)
    run_all(search, lambda under_way: 0, curve)
    sampler = search._sampler
    recorded = sampler._study.trials
    states = [recorded[trial.number].state.name for trial in sampler._trials]
    assert states == [
        "COMPLETE",
        "PRUNED",
        "FAIL",
        "PRUNED",
        "PRUNED",
        "RUNNING",
    ]  # the last informs nobody


def test_a_trial_without_a_finite_objective_is_stopped_and_compared_with_by_nobody() -> None:
    search = stratum_search(num_configurations=2)
    run_all(search, lambda under_way: 0, lambda c: [np.nan] if c.index == 0 else [0.1] * NUM_REPORTS)
    assert [c.outcome for c in search.candidates] == [TrialOutcome.FAILED, TrialOutcome.FINISHED]
    assert search.best() is search.candidates[1]


def test_the_best_is_the_finished_one_with_the_highest_report() -> None:
    curves = [[0.2] * 9, [0.3, 0.5, *[0.4] * 4, *[0.1] * 3], [0.9, 0.9, 0.05, *[0.0] * 6]]
    search = stratum_search(num_configurations=3)
    run_all(search, lambda under_way: 0, lambda candidate: curves[candidate.index])
    assert [c.outcome for c in search.candidates] == [TrialOutcome.FINISHED, TrialOutcome.FINISHED, TrialOutcome.PRUNED]
    assert search.best() is search.candidates[1]
    assert search.candidates[1].best_score == 0.5


def test_nothing_is_best_where_everything_failed() -> None:
    search = stratum_search(num_configurations=3)
    run_all(search, lambda under_way: 0, lambda candidate: [np.inf])
    assert search.best() is None
