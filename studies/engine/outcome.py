"""What a study gives whoever runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The conclusions of a study as tables, and where its pages lie.

    `scores`: test accuracy of every confirmed replica [variant, lambda, encoder, seed, accuracy, …]. `alignment`: each
    measure of alignment of the first replicas, beside what it gives by chance. `decisions`: what is decided for each
    encoder [variant, encoder, decision, best, low, high, gain, gain_low, gain_high, seeds, sentence, …]; `low` and
    `high` are the ends of the λ that are as good as `best`. `information`: the PID of each variant's features, in bits.
    `trials`: every trial with its parameters and final metrics. `figures`: paths of the figures by name. `report`: the
    page. `is_interrupted`: somebody stopped the study; the tables then hold what is recorded so far, and there is no
    page.
    """

    study: str
    identity: str
    scores: "pd.DataFrame"
    alignment: "pd.DataFrame"
    decisions: "pd.DataFrame"
    information: "pd.DataFrame"
    trials: "pd.DataFrame"
    figures: Mapping[str, Path] = field(default_factory=dict)
    report: Path | None = None
    is_interrupted: bool = False


class StudyFailed(RuntimeError):
    """A part of the study has no result, though all else is concluded; the message says which part and why.

    `outcome`: the conclusions from the other parts, None where there are none.
    """

    def __init__(self, failures: Sequence[str], outcome: Outcome | None = None) -> None:
        super().__init__("\n".join(failures))
        self.outcome = outcome
