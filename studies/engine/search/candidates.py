"""One hyperparameter configuration of a stratum, as the search sees it."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite

from analysis.records import schema
from trainables.config import Hyperparameters


class TrialOutcome(StrEnum):
    """How a trial ended."""

    FINISHED = schema.FINISHED
    PRUNED = schema.PRUNED
    FAILED = schema.FAILED


@dataclass
class Candidate:
    """A configuration with what it has reported so far: `scores`, its mean validation accuracy at each report.

    `sweep` is 0 for what the sampler drew, and counts the sweeps of the exchange from 1. `is_finalist`: the scores are
    those of the final alone. `outcome` is None until its trial has ended.
    """

    index: int
    hyperparameters: Hyperparameters
    sweep: int = 0
    is_finalist: bool = False
    scores: list[float] = field(default_factory=list)
    outcome: TrialOutcome | None = None

    @property
    def best_score(self) -> float:
        """The highest score, at which the weights are kept; −inf where none is finite."""
        return max((score for score in self.scores if isfinite(score)), default=-inf)
