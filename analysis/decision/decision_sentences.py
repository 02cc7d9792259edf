"""A decision in one sentence of plain words, which says no more than its band."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.words import points, points_range

if TYPE_CHECKING:
    from analysis.decision.decisions import Decision


def decision_sentence(decision: "Decision", encoder: str | None = None) -> str:
    """The sentence, about the encoder of that name where one is given."""
    words = {"align": _align, "do not align": _do_not_align, "no difference": _no_difference, "undecided": _undecided}
    subject = {"align": " {}", "do not align": " {}"}.get(decision.word, " for {}").format(encoder) if encoder else ""
    parts = [f"{decision.word}{subject}{words[decision.word](decision)}"]
    missing = [lambda_ for lambda_, count in zip(decision.lambdas, decision.num_seeds, strict=True) if count == 0]
    if missing and decision.num_seeds[0] > 0:
        parts.append(f"nothing is known of {lambdas_in_words(missing, decision.lambdas)}, which has no score")
    return "; ".join(parts)


def margin_in_words(margin: float) -> str:
    """The margin in points, without a sign."""
    size = 100 * margin
    return {0.5: "half a point", 1.0: "1 point"}.get(round(size, 9), f"{size:g} points")


def lambdas_in_words(chosen: Sequence[float], grid: Sequence[float]) -> str:
    """Some λ of the grid: a range where no λ between them is left out, a list otherwise."""
    if len(chosen) == 1:
        return f"λ = {chosen[0]:g}"
    if len(chosen) > 2 and grid.index(chosen[-1]) - grid.index(chosen[0]) == len(chosen) - 1:
        return f"any λ from {chosen[0]:g} to {chosen[-1]:g}"
    return f"λ = {', '.join(f'{lambda_:g}' for lambda_ in chosen[:-1])} and {chosen[-1]:g}"


def _align(decision: "Decision") -> str:
    low, high = decision.gain_interval
    # A low end that is above 0 must be seen to be.
    digits = next(digits for digits in range(1, 20) if round(100 * low, digits) > 0)
    gain = f"{points(decision.gain)}{_over(decision)} ({points_range(low, high, digits)})"
    parts = [f" at λ = {decision.best:g}: it gains {gain}"]
    margin = margin_in_words(decision.margin)
    if len(decision.as_good) > 1:
        parts.append(f"{lambdas_in_words(decision.as_good, decision.lambdas)} may be as good to {margin}")
    else:
        parts.append(f"every other λ is worse by more than {margin}")
    if decision.harmful_from is not None:
        parts.append(_harm(decision))
    return "; ".join(parts)


def _do_not_align(decision: "Decision") -> str:
    parts = [f": no λ gains {margin_in_words(decision.margin)}{_over(decision)}"]
    if decision.harmful_from is not None:
        parts.append(_harm(decision))
    else:
        harmful = [lambda_ for lambda_, high in zip(decision.lambdas, decision.highs, strict=True) if high < 0]
        parts.append(f"{lambdas_in_words(harmful, decision.lambdas)} lowers accuracy")
    if decision.harmless_to is not None:
        parts.append(f"up to λ = {decision.harmless_to:g} it changes by less than {margin_in_words(decision.margin)}")
    return "; ".join(parts)


def _over(decision: "Decision") -> str:
    """What gains are over, where that is not λ = 0."""
    return f" over λ = {decision.lambdas[0]:g}" if decision.lambdas[0] else ""


def _no_difference(decision: "Decision") -> str:
    margin = margin_in_words(decision.margin)
    return f": every λ up to {decision.harmless_to:g} lies within {margin} of λ = {decision.lambdas[0]:g}"


def _undecided(decision: "Decision") -> str:
    if decision.num_seeds[0] == 0:
        return f": λ = {decision.lambdas[0]:g}, which all others are compared with, has no score"
    if sum(count > 0 for count in decision.num_seeds) < 2:
        return f": only λ = {decision.lambdas[0]:g} has scores"
    margin = margin_in_words(decision.margin)
    could_gain = [
        lambda_
        for lambda_, high, count in zip(decision.lambdas[1:], decision.highs[1:], decision.num_seeds[1:], strict=True)
        if high >= decision.margin and count > 0
    ]
    if could_gain:
        text = f": {lambdas_in_words(could_gain, decision.lambdas)} could still gain {margin}"
    else:
        text = f": no λ gains {margin}, but harm at larger λ is neither shown nor ruled out"
    return f"{text}; {_outlook(decision)}"


def _outlook(decision: "Decision") -> str:
    if decision.seeds_cannot_tell:
        return "more seeds cannot tell, more test rows could"
    if max(decision.num_seeds) < 2:
        return "one seed cannot tell an effect from chance"
    if decision.more_seeds is None:
        return "how many more seeds would tell cannot be said"
    seeds = "one more seed" if decision.more_seeds == 1 else f"about {decision.more_seeds} more seeds"
    return f"{seeds} at each of these λ would tell"


def _harm(decision: "Decision") -> str:
    if decision.harmful_from == decision.lambdas[-1]:
        return f"λ = {decision.harmful_from:g} lowers accuracy"
    return f"from λ = {decision.harmful_from:g} on it lowers accuracy"
