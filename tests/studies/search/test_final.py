"""The final of a λ: who takes part, and who wins, with scores that are given by hand."""

from collections.abc import Sequence
from math import nan

import pytest

from studies.engine.search.candidates import Candidate, TrialOutcome
from studies.engine.search.final import finalists, winner
from trainables.config import Hyperparameters


def searched(*curves: Sequence[float], pruned: Sequence[int] = ()) -> list[Candidate]:
    """Configurations with these scores, which finished unless they were pruned."""
    return [
        Candidate(
            index,
            Hyperparameters(learning_rate=10.0**-index),
            scores=list(scores),
            outcome=TrialOutcome.PRUNED if index in pruned else TrialOutcome.FINISHED,
        )
        for index, scores in enumerate(curves)
    ]


def ended(final: Sequence[Candidate], *curves: Sequence[float], failed: Sequence[int] = ()) -> list[Candidate]:
    for candidate, scores in zip(final, curves, strict=True):
        candidate.scores = list(scores)
        candidate.outcome = TrialOutcome.FAILED if candidate.index in failed else TrialOutcome.FINISHED
    return list(final)


def test_the_best_that_finished_take_part_with_no_scores_of_before() -> None:
    candidates = searched([0.5, 0.1], [0.9], [0.2, 0.6], [0.1, 0.3], pruned=[1])
    final = finalists(candidates, 2)
    assert [(one.index, one.hyperparameters) for one in final] == [(n, candidates[n].hyperparameters) for n in (2, 0)]
    assert all(one.is_finalist and not one.scores and one.outcome is None for one in final)


@pytest.mark.parametrize(("number", "pruned"), [(1, ()), (3, (0, 1)), (3, (0, 1, 2))])
def test_there_is_no_final_where_there_is_nothing_to_choose(number: int, pruned: Sequence[int]) -> None:
    assert finalists(searched([0.5], [0.4], [0.3], pruned=pruned), number) == []


def test_the_highest_mean_over_all_seeds_at_one_report_wins() -> None:
    """Two seeds and six: (2 · .60 + 6 · .50) / 8 = .525 and (2 · .52 + 6 · .54) / 8 = .535 at the second report.

    At the first report the one that loses has .5 + .5 = .5 in both, and the one that wins .4.
    """
    candidates = searched([0.5, 0.60], [0.4, 0.52])
    final = ended(finalists(candidates, 2), [0.5, 0.50], [0.4, 0.54])
    assert winner(candidates, final, (2, 6)) is candidates[1]
    assert winner(candidates, final, (6, 2)) is candidates[0]  # .575 and .525


def test_scores_of_different_reports_are_not_mixed() -> None:
    """The peaks of the first, .9 and .9, are at different reports: its means are .7 and .7, below .75."""
    candidates = searched([0.9, 0.5], [0.75, 0.75])
    final = ended(finalists(candidates, 2), [0.5, 0.9], [0.75, 0.75])
    assert winner(candidates, final, (4, 4)) is candidates[1]


def test_among_equals_the_one_that_led_wins() -> None:
    candidates = searched([0.5], [0.75])
    final = ended(finalists(candidates, 2), [0.5], [0.75])  # the second led, and is the first in the final
    assert winner(candidates, final, (1, 1)) is candidates[1]


def test_who_fails_in_the_final_does_not_win_it() -> None:
    candidates = searched([0.9], [0.5])
    final = ended(finalists(candidates, 2), [nan], [0.1], failed=[0])
    assert winner(candidates, final, (1, 1)) is candidates[1]
    assert winner(candidates, ended(final, [nan], [nan], failed=[0, 1]), (1, 1)) is None
