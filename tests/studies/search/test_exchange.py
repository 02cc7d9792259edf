"""What a λ may try of its neighbours, and when: a made-up search of three λ, whose candidates are ended by hand."""

from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.exchange import offered
from studies.engine.search.halving import SuccessiveHalving
from studies.engine.search.sampler import Sampler
from studies.engine.search.stratum_search import StratumSearch
from trainables.config import Hyperparameters

RATES = (1e-1, 1e-2, 1e-3, 1e-4)
HALVING = SuccessiveHalving(reduction_factor=3, rungs=(1,))


def searched(scores: dict[float, float]) -> StratumSearch:
    """A λ whose search is over; configurations of these learning rates finished, with these scores."""
    sampler = Sampler({"learning_rate": RATES}, num_spread=len(RATES), seed=0)
    search = StratumSearch(sampler, HALVING, num_configurations=len(RATES), concurrency=len(RATES))
    for candidate in search.next_candidates():
        rate = candidate.hyperparameters.learning_rate
        end(search, candidate, scores.get(rate))
    return search


def end(search: StratumSearch, candidate: Candidate, score: float | None) -> None:
    search.report(candidate, 0.0 if score is None else score)
    candidate.outcome = TrialOutcome.PRUNED if score is None else TrialOutcome.FINISHED


def rates(choices: list[Hyperparameters] | None) -> list[float]:
    assert choices is not None
    return [choice.learning_rate for choice in choices]


def test_a_lambda_is_offered_the_best_of_both_neighbours_and_those_at_the_ends_of_one() -> None:
    searches = [searched({1e-1: 0.5}), searched({1e-2: 0.6}), searched({1e-3: 0.7})]
    assert rates(offered(searches, 0, 1)) == [1e-2]
    assert rates(offered(searches, 1, 1)) == [1e-1, 1e-3]
    assert rates(offered(searches, 2, 1)) == [1e-2]


def test_a_neighbour_without_a_best_offers_nothing() -> None:
    searches = [searched({}), searched({1e-2: 0.6})]
    assert rates(offered(searches, 1, 1)) == [] and rates(offered(searches, 0, 1)) == [1e-2]


def test_nothing_is_offered_before_the_neighbours_are_over() -> None:
    sampler = Sampler({"learning_rate": RATES}, num_spread=4, seed=0)
    under_way = StratumSearch(sampler, HALVING, num_configurations=4, concurrency=4)
    searches = [searched({1e-1: 0.5}), searched({1e-1: 0.5}), under_way]
    assert offered(searches, 0, 1) is not None
    assert offered(searches, 1, 1) is None and offered(searches, 2, 1) is None


def test_what_was_tried_is_not_tried_again_and_what_is_new_may_win() -> None:
    search = searched({1e-2: 0.6})
    known, new = Hyperparameters(learning_rate=1e-3), Hyperparameters(learning_rate=3e-2)
    (candidate,) = search.begin_sweep([known, new, new])
    assert (candidate.index, candidate.sweep, candidate.hyperparameters) == (4, 1, new)
    assert search.is_over(0) and not search.is_over(1)
    end(search, candidate, 0.65)
    best_of_search, best = search.best(0), search.best(1)
    assert search.is_over(1) and best is candidate
    assert best_of_search is not None and best_of_search.hyperparameters.learning_rate == 1e-2


def test_a_neighbour_that_goes_ahead_changes_nothing() -> None:
    searches = [searched({1e-1: 0.5}), searched({1e-2: 0.6}), searched({1e-3: 0.7})]
    (ahead,) = searches[0].begin_sweep([Hyperparameters(learning_rate=3e-2)])
    end(searches[0], ahead, 0.9)
    assert rates(offered(searches, 1, 1)) == [1e-1, 1e-3]


def test_exchanged_configurations_are_halved_against_all_that_was_searched_and_not_against_each_other() -> None:
    search = searched({1e-2: 0.6, 1e-3: 0.5, 1e-1: 0.4, 1e-4: 0.3})
    first, second = search.begin_sweep([Hyperparameters(learning_rate=2e-2), Hyperparameters(learning_rate=3e-2)])
    # The upper third of .6, .5, .4, .3 begins at .5.
    assert search.report(first, 0.9) and search.report(second, 0.5)
    third, fourth = searched_again(search)
    assert not search.report(third, 0.53) and search.report(fourth, 0.54)


def searched_again(search: StratumSearch) -> list[Candidate]:
    """The next sweep: now six scores count, .9, .6, .5, .5, .4 and .3, whose upper third begins at 8 / 15."""
    for candidate in search.candidates:
        candidate.outcome = TrialOutcome.FINISHED
    return search.begin_sweep([Hyperparameters(learning_rate=4e-2), Hyperparameters(learning_rate=5e-2)])
