"""Which seeds confirm which λ next: each round doubles the seeds where more of them can still change a decision."""

from collections.abc import Collection, Mapping
from itertools import pairwise


def next_round(counts: Mapping[float, int], contenders: Collection[float], most_seeds: int) -> dict[float, range]:
    """The seeds that each λ trains in the next round; none where the rounds are over.

    `counts`: the seeds that each λ has. `contenders`: the λ at which more seeds can change a decision. They all come to
    the same number, twice that of the one that has most, so that their differences are paired throughout; but never to
    more than `most_seeds`.
    """
    known = [lambda_ for lambda_ in counts if lambda_ in contenders]
    target = min(2 * max((counts[lambda_] for lambda_ in known), default=0), most_seeds)
    return {lambda_: range(counts[lambda_], target) for lambda_ in known if counts[lambda_] < target}


def portions(seeds: range, most_packed: int) -> list[tuple[int, ...]]:
    """The seeds cut into trials of at most `most_packed` replicas, of about equal size."""
    num_trials = -(-len(seeds) // most_packed)
    ends = [len(seeds) * number // num_trials for number in range(num_trials + 1)] if num_trials else []
    return [tuple(seeds[start:end]) for start, end in pairwise(ends)]
