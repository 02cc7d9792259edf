"""After the search each λ tries the best configurations of its neighbours, so that luck in the draws condemns none.

The best hyperparameters change little from one λ to the next. What the few draws of one λ missed, the draws of the
next may have found.
"""

from collections.abc import Sequence

from studies.engine.search.stratum_search import StratumSearch
from trainables.config import Hyperparameters


def offered(searches: Sequence[StratumSearch], position: int, sweep: int) -> list[Hyperparameters] | None:
    """What a λ may try in a sweep: the best of its two neighbours after the sweep before, or the search.

    `searches`: those of one variant, λ increasing; `position`: the λ's place among them. None until that is known: the
    λ and its neighbours must be over with the sweep before. A neighbour that goes ahead changes nothing.
    """
    nearby = searches[max(0, position - 1) : position + 2]
    if not all(search.is_over(sweep - 1) for search in nearby):
        return None
    best = [search.best(sweep - 1) for search in nearby if search is not searches[position]]
    return [candidate.hyperparameters for candidate in best if candidate is not None]
