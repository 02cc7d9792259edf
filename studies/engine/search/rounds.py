"""Which seeds confirm which λ next: a round doubles them where more can still change a decision."""

from collections.abc import Collection, Mapping
from itertools import pairwise


def next_round(counts: Mapping[float, int], contenders: Collection[float], most_seeds: int) -> dict[float, range]:
    """The seeds that each λ trains in the next round; none where the rounds are over.

    `counts`: the seeds that each λ has. `contenders`: the λ at which more seeds can change a decision. Each doubles its
    own: a λ that was left behind, as others told more, may need few to be settled. The smallest λ keeps up with all, as
    all are compared with it by the seeds that both have. None goes beyond `most_seeds`.
    """
    first = min(counts, default=0)
    doubled = {lambda_: min(2 * counts[lambda_], most_seeds) for lambda_ in counts if lambda_ in contenders}
    of_others = [target for lambda_, target in doubled.items() if lambda_ != first]
    targets = doubled | {first: max(of_others)} if of_others else {}
    return {lambda_: range(counts[lambda_], target) for lambda_, target in targets.items() if counts[lambda_] < target}


def portions(seeds: range, most_packed: int) -> list[tuple[int, ...]]:
    """The seeds cut into trials of at most `most_packed` replicas, of about equal size."""
    num_trials = -(-len(seeds) // most_packed)
    ends = [len(seeds) * number // num_trials for number in range(num_trials + 1)] if num_trials else []
    return [tuple(seeds[start:end]) for start, end in pairwise(ends)]
