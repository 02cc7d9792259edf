"""What is decided of one encoder, and what that rests on."""

from dataclasses import dataclass
from typing import Literal

from analysis.arrays import Array
from analysis.decision.band_verdict import Shape, Word
from analysis.decision.decision_sentences import decision_sentence

ErrorPart = Literal["seeds", "rows"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """Whether to align one encoder, at which λ, and how sure that is; gains over the first λ in units of the scores.

    `word` follows from the band alone (`band_verdict.word_of`). `best` is the λ of the grid with the highest estimated
    gain, of those that are shown to gain where there are any; `gain` and `gain_interval` are its own, 0 by definition
    where it is the first. `gains`, `lows`, `highs` [L] are the band that holds all gains at once: infinite where fewer
    than two seeds have both scores, with a gain of NaN where none has.

    `could_be_best` are the λ that are not shown to be worse than another, so that the truly best one is among them.
    `as_good` are those that are not shown to be worse by the margin, which are more. (Those shown to lie within the
    margin would be the best alone until seeds are many.) From `harmful_from` on all λ are shown to harm. Up to
    `harmless_to` all lie within the margin of the first.

    `contenders` are the λ at which more seeds could change the decision, the first among them; none where it stands or
    more seeds cannot help. `more_seeds` is how many more each of them needs, if all estimates stay as they are; None
    where nothing is needed, no number would do, or one seed says nothing. `dominated_by` is the larger part of the
    error of the highest gain above the first λ. `seeds_cannot_tell` says that test rows are the larger part at every
    contender, and that no number of seeds would decide.

    `shape` is None where nothing is decided. `num_seeds` [L] have a score.
    """

    lambdas: tuple[float, ...]
    margin: float
    word: Word
    best: float
    gain: float
    gain_interval: tuple[float, float]
    gains: Array
    lows: Array
    highs: Array
    could_be_best: tuple[float, ...]
    as_good: tuple[float, ...]
    harmful_from: float | None
    harmless_to: float | None
    contenders: tuple[float, ...]
    more_seeds: int | None
    dominated_by: ErrorPart
    seeds_cannot_tell: bool
    shape: Shape | None
    num_seeds: tuple[int, ...]

    @property
    def sentence(self) -> str:
        """The decision in plain words."""
        return decision_sentence(self)
