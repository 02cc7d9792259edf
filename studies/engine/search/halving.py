"""Which configurations of a search go on: the policy's interface, and successive halving."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trainables.config import Refused


class HalvingPolicy(Protocol):
    """Decides after each report of a trial whether it goes on.

    A policy is a frozen dataclass of plain values: it is part of a study's identity. It must be a pure function of what
    it is given, so that an interruption changes nothing. Scores are mean validation accuracies, one a report, all
    finite: a trial that reports anything else has failed and is not asked about.
    """

    def goes_on(self, scores: Sequence[float], earlier: Sequence[Sequence[float]]) -> bool:
        """Whether the trial that has reported `scores` so far is trained on.

        `earlier`: the scores of those configurations of the stratum that may be compared with. They started before, and
        all of them have ended.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class SuccessiveHalving:
    """Asynchronous successive halving (ASHA, Li et al. 2020): few trials pass each rung.

    At a rung (a number of reports) a trial goes on where its score is at least the upper 1/`reduction_factor` quantile
    of the earlier configurations that reached the rung. The default rung is the sixth of a study's nine reports.
    Raises Refused for a factor of 1 or less, and for rungs that do not increase from 1.
    """

    # A third ends, and late: at a third of the training the best at the end may be behind. At a large λ alignment comes
    # first; at λ = 0 the best learning rate may be a slow one, and a study that misses it there finds gains that are
    # none (`benchmarks/search.py`).
    reduction_factor: float = 1.5
    rungs: tuple[int, ...] = (6,)

    def __post_init__(self) -> None:
        if not self.reduction_factor > 1:
            raise Refused(f"reduction_factor must be above 1, got {self.reduction_factor}")
        if list(self.rungs) != sorted(set(self.rungs)) or min(self.rungs, default=1) < 1:
            raise Refused(f"rungs must be numbers of reports, from 1 on and increasing, got {self.rungs}")

    def goes_on(self, scores: Sequence[float], earlier: Sequence[Sequence[float]]) -> bool:
        """Whether the latest score passes; always, between two rungs."""
        rung = len(scores)
        if rung not in self.rungs:
            return True
        reached = [other[rung - 1] for other in earlier if len(other) >= rung]
        reached = [score for score in reached if np.isfinite(score)]
        return not reached or scores[-1] >= float(np.quantile(reached, 1 - 1 / self.reduction_factor))
