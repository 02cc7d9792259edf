"""The final of a λ: its best configurations are trained with further seeds, since the few of the search mislead.

A search tells ten points apart with two seeds, but not one point. What wins by luck stands below its place later on,
and at λ = 0 that shows as a gain of every other λ. More seeds for all would cost the whole search again
(`benchmarks/search.py`).
"""

from collections.abc import Sequence
from math import inf, isfinite

from studies.engine.search.candidates import Candidate, TrialOutcome


def finalists(candidates: Sequence[Candidate], number: int) -> list[Candidate]:
    """The best `number` of those that finished, once more and without scores; none where there is nothing to choose."""
    finished = [candidate for candidate in candidates if candidate.outcome is TrialOutcome.FINISHED]
    ordered = sorted(finished, key=lambda candidate: -candidate.best_score)
    chosen = ordered[:number] if min(number, len(ordered)) > 1 else []
    return [Candidate(each.index, each.hyperparameters, each.sweep, is_finalist=True) for each in chosen]


def winner(candidates: Sequence[Candidate], final: Sequence[Candidate], weights: tuple[int, int]) -> Candidate | None:
    """The configuration with the highest score over the seeds of both, the one that led before among equals.

    `final`: what `finalists` gave, after their trials. `weights`: the seeds of a trial of the search, and of the final.
    None where none of them finished the final.
    """
    finished = [candidate for candidate in final if candidate.outcome is TrialOutcome.FINISHED]
    best = max(finished, key=lambda it: _joint_score(candidates[it.index].scores, it.scores, weights), default=None)
    return None if best is None else candidates[best.index]


def _joint_score(searched: Sequence[float], final: Sequence[float], weights: tuple[int, int]) -> float:
    """The highest mean over all seeds at a report, at which the weights are kept."""
    joint = [
        (weights[0] * of_search + weights[1] * of_final) / sum(weights)
        for of_search, of_final in zip(searched, final, strict=True)
    ]
    return max(filter(isfinite, joint), default=-inf)
